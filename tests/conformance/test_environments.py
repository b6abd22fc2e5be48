"""What cannot be installed skips the tests that need it, and says why."""

import pytest

from tests.conformance import environments


def test_an_installer_that_is_not_there_is_named() -> None:
    with pytest.raises(pytest.skip.Exception, match="no such-installer-is-anywhere here"):
        environments._run(["such-installer-is-anywhere"])


def test_what_an_installer_said_is_the_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="nothing of that name"):
        environments._run(["sh", "-c", "echo nothing of that name >&2; exit 3"])
