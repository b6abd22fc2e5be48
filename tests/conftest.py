"""What tests of all kinds share: one running stack for everything that looks at the product from outside."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests.cpu_times import CpuTimes
from tests.local.running import RunningStack

# A gate says the same of the same code; at home every run looks at new cases.
hypothesis.settings.register_profile("gate", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("gate")


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI"):
        config.pluginmanager.register(CpuTimes())


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
