import pytest

from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import Endpoint, provision


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> str:
    """The path of a registered device with a model."""
    return provision(client)


@pytest.fixture
def endpoint(client: Client, device: str) -> Endpoint:
    """That device, connected."""
    endpoint = Endpoint(client)
    assert endpoint.connect()
    return endpoint
