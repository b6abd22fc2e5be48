"""One good message for every topic that clients of IBM publish on, by its filter, for tests that spoil them."""

from typing import Any

from tests.dialects.walked import WORD

MOMENT, DIGITS = "2027-01-01T00:00:00Z", "0" * 24
_EVENT = {"d": {"n": 1, "o": {"x": 2.5}, "w": WORD}, "ts": MOMENT}
_PLACE = {"latitude": 1, "longitude": 2, "elevation": 3, "accuracy": 4, "measuredDateTime": MOMENT}
_MANAGEMENT: dict[str, Any] = {
    "mgmt/manage": {
        "d": {
            "lifetime": 3600,
            "supports": {"deviceActions": True, "firmwareActions": False},
            "deviceInfo": {"model": WORD, "description": None},
            "metadata": {"k": [1]},
        },
        "reqId": WORD,
    },
    "mgmt/unmanage": {"reqId": WORD},
    "device/update/location": {"d": _PLACE, "reqId": WORD},
    "add/diag/errorCodes": {"d": {"errorCode": 7, "timestamp": MOMENT}, "reqId": WORD},
    "clear/diag/errorCodes": {"reqId": WORD},
    "add/diag/log": {"d": {"message": WORD, "severity": 1, "data": WORD, "timestamp": MOMENT}, "reqId": WORD},
    "clear/diag/log": {"reqId": WORD},
    "notify": {"d": {"fields": [{"field": "mgmt.firmware", "value": {"state": 1, "updateStatus": 0}}]}, "reqId": WORD},
    "response": {"rc": 200, "reqId": DIGITS, "message": WORD},
    "nowhere": {"any": WORD},
}
"""What goes to `iotdevice-1/#`, by what follows it, or the device's name."""
GOOD: dict[str, Any] = {
    "iot-2/evt/+/fmt/+": _EVENT,
    "iot-2/type/+/id/+/evt/+/fmt/+": _EVENT,
    "iot-2/type/+/id/+/cmd/+/fmt/+": {"d": {"do": WORD}},
    "iot-2/nowhere": {"any": WORD},
    **{f"iotdevice-1/{operation}": good for operation, good in _MANAGEMENT.items()},
    **{f"iotdevice-1/type/+/id/+/{operation}": good for operation, good in _MANAGEMENT.items()},
}
KNOWN = {"/type/+/id/+/": "/type/pump/id/own/"}
IGNORED: frozenset[str] = frozenset()
ANSWERED: dict[str, tuple[str | None, str]] = {}
SAYING_AGAIN = frozenset(pattern for pattern in GOOD if pattern.startswith("iotdevice-1/"))
"""Where a good message may be what was known already."""
