"""A good message for every topic that clients of Live Objects publish on, by its filter, for tests that spoil them."""

from typing import Any

from tests.dialects.walked import WORD

NODE, MOMENT, DIGITS = "n1", "2027-01-01T00:00:00Z", "0" * 24
_PARAMETERS = {"a": {"t": "i32", "v": 1}, "b": {"t": "f64", "v": 0.5}, "c": {"t": "str", "v": WORD}}
_TYPED = {
    "a": {"type": "INT32", "value": 1},
    "b": {"type": "BINARY", "value": "AAE="},
    "c": {"type": "STRING", "value": WORD},
}
_READING = {
    "s": "mine",
    "ts": MOMENT,
    "m": WORD,
    "v": {"payload": "00FF", "n": 1, "o": {"x": [1, None], "w": WORD}},
    "t": ["a", WORD],
    "loc": {"lat": 1, "lon": 2, "alt": 3, "accuracy": 4, "provider": "GPS"},
    "metadata": {"encoding": "mine"},
}
GOOD: dict[str, Any] = {
    "dev/data": _READING,
    "dev/v1/data/binary": {"any": WORD},
    "dev/v1/data/binary/+": {"any": WORD},
    "dev/cmd/res": {"res": {"done": True, "by": WORD}, "cid": 7},
    "dev/cfg": {"cfg": _PARAMETERS, "cid": 7},
    "dev/rsc": {"rsc": {"fw": {"v": "1.0", "m": {"k": WORD}}}},
    "dev/rsc/upd/res": {"res": "OK", "cid": 7},
    "dev/rsc/upd/err": {"errorCode": "BAD", "errorDetails": WORD},
    "dev/info": {"any": WORD},
    "connector/v1/nodes/+/status": {
        "status": "ONLINE",
        "capabilities": {"command": {"available": True}},
        "lastContact": MOMENT,
        "sessionSequenceId": 1,
        "eventSequenceId": 2,
    },
    "connector/v1/nodes/+/data": _READING,
    "connector/v1/responses/command": {"id": DIGITS, "nodeId": NODE, "response": {"x": WORD}},
    "connector/v1/current/configuration": {"nodeId": NODE, "parameters": _TYPED},
    "connector/v1/responses/configuration": {"nodeId": NODE, "targetVersion": 7, "parameters": _TYPED},
    "connector/v1/current/resource": {"nodeId": NODE, "resources": {"fw": {"version": "1.0", "metadata": {"k": WORD}}}},
    "connector/v1/responses/resource": {
        "nodeId": NODE,
        "status": "FAILED",
        "updateCorrelationId": DIGITS,
        "error": {"code": "BAD", "details": WORD},
    },
    "dev/nowhere": {"any": WORD},
    "connector/v1/nowhere": {"any": WORD},
}
KNOWN = {"/nodes/+/": f"/nodes/{NODE}/"}
IGNORED = frozenset({"dev/info"})
ANSWERED: dict[str, tuple[str | None, str]] = {
    "dev/cmd/res": (None, "mqtt"),
    "connector/v1/responses/command": (f"urn:lo:nsid:x-connector:{NODE}", "x-connector"),
}
SAYING_AGAIN = frozenset(
    {
        "dev/cfg",
        "dev/rsc",
        "connector/v1/nodes/+/status",
        "connector/v1/current/configuration",
        "connector/v1/current/resource",
    }
)
"""Where a good message may be what was known already."""
