import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from moto import mock_aws

from chalicelib import wiring
from chalicelib.fleet.ports import Ports
from chalicelib.store.tables import all_models, shared_connection
from tests.aws import model_check
from tests.fakes import MemoryPorts


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[Ports]:
    """The real stores on moto's DynamoDB, with every table made once; tests keep apart by tenant.

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
                model.create_table(wait=True)
            events = shared_connection().client.meta.events
            events.register(model_check.EVENT, model_check.check)
            yield wiring.Wiring()
            events.unregister(model_check.EVENT, model_check.check)


@pytest.fixture(params=["memory", "dynamodb"])
def ports(request: pytest.FixtureRequest) -> Ports:
    """One contract, two implementations: the fake that fast tests use keeps what the tables promise."""
    if request.param == "memory":
        return MemoryPorts()
    stores: Ports = request.getfixturevalue("dynamodb")
    return stores


@pytest.fixture
def tenant(ports: Ports) -> str:
    return ports.chance(3).hex()
