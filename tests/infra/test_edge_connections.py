"""An edge with more descriptors than select() knows, of connections that are opened and say nothing, or not all."""

import contextlib

import requests

from tests.clients import PATIENCE_S, Rest, until
from tests.infra.edges import bare_key
from tests.local.half_open import HALF, HALF_A_CONNECT, client_hello, opened_by_another
from tests.local.running import RunningStack
from tests.local.swarm import Swarm

EACH = 250
KINDS = (
    ("mqtts", b""),
    ("mqtt", HALF_A_CONNECT),
    ("https", client_hello()),
    ("http", HALF["a header"]),
    ("control", HALF["half a body"]),
)


def test_half_open_connections_shut_nobody_out(stack: RunningStack, edge: dict[str, int]) -> None:
    rest = Rest(stack)
    with contextlib.ExitStack() as held:
        for port, said in KINDS:
            held.enter_context(opened_by_another(edge[port], EACH, said))
        with Swarm(edge["mqtt"], bare_key(stack), "edge-crowd", 1) as device:
            device.connect()
            device.publish("edge-crowd")
        (message,) = until(lambda: rest.get("/api/v0/data/streams/edge-crowd"))
        assert message["value"] == {"n": 0}
        for url in (f"https://localhost:{edge['https']}/health", f"http://127.0.0.1:{edge['control']}/health"):
            assert requests.get(url, verify=str(stack.ca), timeout=PATIENCE_S).json() == {"status": "UP"}
    rest.close()
