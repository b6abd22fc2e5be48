"""A stack with more descriptors than select() knows, whichever port they are of."""

import uuid

import pytest
import requests

from tests.clients import PATIENCE_S, MqttClient, Rest, until
from tests.local.half_open import HALF, HALF_A_CONNECT, client_hello, opened_by_another
from tests.local.running import RunningStack

MANY = 1200
KINDS = {
    "mqtts, nothing": ("mqtts", b""),
    "mqtts, half a handshake": ("mqtts", client_hello()),
    "https, half a handshake": ("https", client_hello()),
    "http, half a header": ("http", HALF["a header"]),
    "http, half a body": ("http", HALF["half a body"]),
    "aws, nothing": ("aws", b""),
}


@pytest.mark.parametrize(("port", "said"), KINDS.values(), ids=KINDS)
def test_half_open_connections_shut_nobody_out(stack: RunningStack, port: str, said: bytes) -> None:
    urn = f"urn:lo:nsid:many:{uuid.uuid4().hex[:8]}"
    rest = Rest(stack)
    with opened_by_another(getattr(stack, port), MANY, said):
        with MqttClient(stack, urn, "json+device", stack.api_key) as device:
            device.publish("dev/data", {"v": {"n": 1}})
        (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
        assert message["value"] == {"n": 1}
        assert requests.get(f"{stack.url}/health", timeout=PATIENCE_S).json() == {"status": "UP"}
        page = requests.get(f"{stack.url}/console/", timeout=PATIENCE_S)
        assert "<title>Homeport</title>" in page.text
        secured = requests.get(f"https://localhost:{stack.https}/health", verify=str(stack.ca), timeout=PATIENCE_S)
        assert secured.json() == {"status": "UP"}
    rest.close()


def test_connections_of_mqtt_that_are_never_let_in_make_room() -> None:
    """With fewer descriptors than somebody else opens connections."""
    with (
        RunningStack(limit_of_files=1024) as stack,
        opened_by_another(stack.mqtts, 600, b"", "127.0.0.2"),
        opened_by_another(stack.mqtts, 600, HALF_A_CONNECT, "127.0.0.2"),
        MqttClient(stack, "urn:lo:nsid:many:few", "json+device", stack.api_key) as device,
    ):
        device.publish("dev/data", {"v": {"n": 1}})
        assert requests.get(f"{stack.url}/health", timeout=PATIENCE_S).json() == {"status": "UP"}
