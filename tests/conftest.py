"""What tests of all kinds share: one running stack for all that look at the product from outside, and moto's tables."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import hypothesis
import pytest
from moto import mock_aws

from chalicelib import wiring
from chalicelib.fleet.ports import Ports
from chalicelib.store.tables import all_models, shared_connection
from infra.local import light_moto
from tests.aws import model_check
from tests.cpu_times import CpuTimes
from tests.local.running import RunningStack

# A machine may be slow. A gate says the same of the same code; at home every run looks at new cases.
hypothesis.settings.register_profile("here", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("gate", hypothesis.settings.get_profile("here"), derandomize=True)
hypothesis.settings.load_profile("gate" if os.environ.get("CI") else "here")


def pytest_configure(config: pytest.Config) -> None:
    light_moto.remember_methods()
    if os.environ.get("CI"):
        config.pluginmanager.register(CpuTimes())


_LONGEST = (
    "tests/faults/test_faults.py",
    "tests/sim/test_simulation.py",
    "tests/infra/test_permissions.py",
    "tests/lwm2m/test_demo.py",
    "tests/units/test_operations.py",
    "tests/local/test_crash.py",
    "tests/live_objects/test_parallel_writes.py",
    "tests/live_objects/test_ownership.py",
    "tests/live_objects/test_device_mode.py",
    "tests/infra/test_probe.py",
    "tests/units/test_scale.py",
    "tests/units/test_historian.py",
)
"""What takes long though it has few tests: last, one worker would be waited for by the others."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers take files in this order: those that take longest, then those with most tests."""
    if not hasattr(config, "workerinput"):
        return
    tests = Counter(_file(item) for item in items)
    places = {file: place for place, file in enumerate(_LONGEST)}
    items.sort(key=lambda item: (places.get(_file(item), len(places)), -tests[_file(item)]))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Ports]:
    """The real stores on moto's DynamoDB, with every table made once a file; tests keep apart by tenant.

    Gone with the file: moto begins empty only where it does not run yet, and other files begin with it empty.
    Where HOMEPORT_CONTRACT_AT names another DynamoDB, on the tables that are there.
    """
    another = os.environ.get("HOMEPORT_CONTRACT_AT")
    aws: AbstractContextManager[Any] = nullcontext() if another else mock_aws()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setenv("HOMEPORT_BUCKET", "objects")
        if another:
            environment.setenv("AWS_ENDPOINT_URL", another)
        with aws:
            for model in () if another else all_models():
                model.create_table(wait=False)  # moto has it at once
            events = shared_connection().client.meta.events
            events.register(model_check.EVENT, model_check.check)
            yield wiring.Wiring()
            events.unregister(model_check.EVENT, model_check.check)


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
