"""What tests of all kinds share: one running stack for everything that looks at the product from outside."""

from collections.abc import Iterator

import pytest

from tests.local.running import RunningStack


@pytest.fixture(scope="session")
def running_stack() -> Iterator[RunningStack]:
    """The stack as `make run` starts it; shared by the whole session, so give every test a tenant of its own."""
    # Webhooks of tests listen on this machine, where none may be by default.
    with RunningStack(HOMEPORT_PUSH_ALLOW="127.0.0.1/32") as stack:
        yield stack


@pytest.fixture
def stack(running_stack: RunningStack) -> Iterator[RunningStack]:
    """The same, and what it wrote meanwhile is shown when the test fails."""
    before = len(running_stack.log)
    yield running_stack
    print(running_stack.log[before:])  # pytest shows it for a failed test only
