"""Resources as devices and connectors report them, and what they say of updates (manual 6.5.8 and 6.6.7)."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects.faults import left_out
from chalicelib.dialects.registry import Malformed
from chalicelib.fleet.resources.updates import MAX_DETAIL, MOST, Failure, Origin, Report

OK, BUSY = "OK", "BUSY"
"""`BUSY` is not in the manual; the C SDK answers it while another update is under way."""
REFUSALS = (
    "UNKNOWN_RESOURCE",
    "WRONG_SOURCE_VERSION",
    "WRONG_TARGET_VERSION",
    "INVALID_RESOURCE",
    "NOT_AUTHORIZED",
    "INTERNAL_ERROR",
)
MAX_NAME = 255
_MAX_METADATA = 2_000
FULL = f"a device has at most {MOST} resources"
_ERROR = "DEVICE_ERROR"
_PADDING = " \t\r\n\0"


def versions(body: Any, field: str, version: str, metadata: str | None = None) -> tuple[dict[str, Report], list[str]]:
    """What is well formed, and what is wrong with the rest; `version` and `metadata` name the fields of a resource."""
    if not isinstance(body, dict) or len(body) > MOST:
        raise Malformed(f"{field} is an object of at most {MOST} resources")
    found: dict[str, Report] = {}
    faults: list[str] = []
    for name, described in body.items():
        stated = described.get(version) if isinstance(described, dict) else None
        # Firmware reads its version from a file, with the end of the line, or from a C string.
        stated = stated.strip(_PADDING) if isinstance(stated, str) else None
        if not stated or len(stated) > MAX_NAME or not 0 < len(name) <= MAX_NAME:
            faults.append(f"resource {name[:64]} has no {version} of 1 to {MAX_NAME} characters")
            continue
        own, cut = _metadata(described.get(metadata)) if metadata else (None, [])
        faults += left_out(cut, f"the metadata of resource {name[:64]} has at most {_MAX_METADATA} characters")
        found[name] = Report(stated, own)
    return found, faults


def failure(code: Any, details: Any) -> Failure:
    """Characters beyond the limit are ignored, as the manual says."""
    return Failure(Origin.DEVICE, _ERROR, _text(code), _text(details))


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return (value if isinstance(value, str) else json.dumps(value))[:MAX_DETAIL]


def _metadata(value: Any) -> tuple[Mapping[str, str] | None, list[str]]:
    """As strings, as far as there is room, and the names of the rest."""
    if not isinstance(value, dict):
        return None, []
    kept: dict[str, str] = {}
    cut: list[str] = []
    room = _MAX_METADATA
    for name, entry in value.items():
        text = entry if isinstance(entry, str) else json.dumps(entry)
        size = len(name) + len(text)
        if cut or size > room:
            cut.append(name)
            continue
        room -= size
        kept[name] = text
    return kept, cut
