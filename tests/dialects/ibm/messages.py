"""One good message for every topic that clients of IBM publish on, by its filter, for tests that spoil them."""

from typing import Any

MOMENT, DIGITS = "2027-01-01T00:00:00Z", "0" * 24
_EVENT = {"d": {"n": 1, "o": {"x": 2.5}}, "ts": MOMENT}
_PLACE = {"latitude": 1, "longitude": 2, "elevation": 3, "accuracy": 4, "measuredDateTime": MOMENT}
GOOD: dict[str, Any] = {
    "iot-2/evt/+/fmt/+": _EVENT,
    "iot-2/type/+/id/+/evt/+/fmt/+": _EVENT,
    "iot-2/type/+/id/+/cmd/+/fmt/+": {"d": {"do": 1}},
    "iotdevice-1/#": {"d": {"n": 1}, "reqId": "r1"},
    "iot-2/nowhere": {"any": "thing"},
}
MANAGEMENT: dict[str, Any] = {
    "mgmt/manage": {
        "d": {
            "lifetime": 3600,
            "supports": {"deviceActions": True, "firmwareActions": False},
            "deviceInfo": {"model": "m", "description": None},
            "metadata": {"k": [1]},
        },
        "reqId": "r1",
    },
    "mgmt/unmanage": {"reqId": "r1"},
    "device/update/location": {"d": _PLACE, "reqId": "r1"},
    "add/diag/errorCodes": {"d": {"errorCode": 7, "timestamp": MOMENT}, "reqId": "r1"},
    "clear/diag/errorCodes": {"reqId": "r1"},
    "add/diag/log": {"d": {"message": "m", "severity": 1, "data": "x", "timestamp": MOMENT}, "reqId": "r1"},
    "clear/diag/log": {"reqId": "r1"},
    "notify": {"d": {"fields": [{"field": "mgmt.firmware", "value": {"state": 1, "updateStatus": 0}}]}},
    "response": {"rc": 200, "reqId": DIGITS, "message": "m"},
    "nowhere": {"any": "thing"},
}
"""What goes to `iotdevice-1/#`, by what follows the device's name."""
SAYING_AGAIN = frozenset({"iotdevice-1/#"})
"""Where a good message may be what was known already."""
