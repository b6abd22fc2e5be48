"""What cannot be installed skips the tests that need it, and says why."""

from pathlib import Path

import pytest

from tests.conformance import environments


def test_an_installer_that_is_not_there_is_named() -> None:
    with pytest.raises(pytest.skip.Exception, match="no such-installer-is-anywhere here"):
        environments._run(["such-installer-is-anywhere"])


def test_what_an_installer_said_is_the_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="nothing of that name"):
        environments._run(["sh", "-c", "echo nothing of that name >&2; exit 3"])


def test_an_environment_that_was_not_made_is_not_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    for _ in range(2):
        with pytest.raises(pytest.skip.Exception):
            environments.node_environment("odd", "file:./not-there.tgz")
