"""A good message for every topic that devices of Xyte publish on, by its filter, for tests that spoil them."""

from typing import Any

from chalicelib.dialects.xyte import orders
from tests.dialects.walked import CLIENT, WORD

_COMMAND = {"id": orders.uuid_of("0" * 24), "status": "done", "message": WORD}
GOOD: dict[str, Any] = {
    "v1/device/+/telemetry": {
        "status": "online",
        "timestamp": "2027-01-01T00:00:00",
        "override": False,
        "telemetries": {"speed": 5.5, "eco": True, "mode": WORD, "gone": None},
        "message": WORD,
    },
    "v1/device/+/command/update": _COMMAND,
    "v1/device/+/commands/update": _COMMAND,
    "v1/device/+/config/update": {"version": 1, "input": WORD, "config": {"a": [1, None]}},
    "v1/device/+/license/update": {"id": "x", "state": "error", "error": WORD},
    "v1/device/+/nowhere": {"any": WORD},
}
KNOWN = {"v1/device/+": f"v1/device/{CLIENT}"}
IGNORED: frozenset[str] = frozenset()
ANSWERED: dict[str, tuple[str | None, str]] = {}
SAYING_AGAIN = frozenset({"v1/device/+/config/update"})
