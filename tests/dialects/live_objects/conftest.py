import pytest

from tests.dialects.live_objects.client import DEVICES, Client

URN = "urn:lo:nsid:sensor:temp001"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> str:
    """The path of a registered device without interfaces."""
    assert client.call("POST", DEVICES, {"id": URN}).status == 200
    return f"{DEVICES}/{URN}"
