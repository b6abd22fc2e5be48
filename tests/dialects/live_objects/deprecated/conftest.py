import pytest

from tests.dialects.live_objects.client import Client


@pytest.fixture
def asset(client: Client) -> str:
    """The path of a registered asset."""
    assert client.call("POST", "/api/v0/assets", {"namespace": "sensor", "id": "temp001"}).status == 200
    return "/api/v0/assets/sensor/temp001"
