"""Good messages for every topic that devices of Cumulocity publish on, by a filter, for tests that spoil them."""

from typing import Any

from tests.dialects.walked import WORD

_EVENT = {"type": WORD, "text": WORD, "time": "2027-01-01T00:00:00Z"}
_MEASUREMENT = {"type": WORD, "time": "2027-01-01T00:00:00Z", "f": {"s": {"value": 1, "unit": "C"}}}
_OBJECT = {"name": WORD, "f": {"a": [1, WORD]}}
GOOD: dict[str, Any] = {
    "s/us": f"201,{WORD},,f,s,1,C\n301,{WORD}\n400,{WORD},text",
    "s/us/+": f"110,{WORD},b,c",
    "s/uc/+": f"m1,{WORD}",
    "s/ud/+": f"m1,{WORD}",
    "s/ut/+": "10,m1,POST,MEASUREMENT,,t,,f.s.value,NUMBER,",
    "s/uat": "",
    "s/ucr": "",
    "t/us": f"400,{WORD},text",
    "q/measurement/measurements/create": _MEASUREMENT,
    "c/uc/+": f"m1,{WORD}",
    "event/events/create": _EVENT,
    "alarm/alarms/create": {**_EVENT, "severity": "MAJOR"},
    "measurement/measurements/createBulk": {"measurements": [_MEASUREMENT]},
    "inventory/managedObjects/create": _OBJECT,
    "inventory/managedObjects/update/+": _OBJECT,
    "s/nowhere": {"any": WORD},
}
KNOWN: dict[str, str] = {}
IGNORED = frozenset({"s/ucr"})
ANSWERED: dict[str, tuple[str | None, str]] = {}
SAYING_AGAIN: frozenset[str] = frozenset({"s/uat"})
"""Where a good message may be what was known already."""
