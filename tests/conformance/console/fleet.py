"""Devices for the pages to show."""

import json
from typing import Any

from tests.clients import Rest

DEVICES = "/api/v1/deviceMgt/devices"


def register(rest: Rest, urn: str, **fields: Any) -> None:
    interfaces = [{"connector": "mqtt", "enabled": True, "definition": {"clientId": urn}}]
    rest.post(DEVICES, {"id": urn, "interfaces": interfaces, **fields})


def obeying(topic: str, payload: bytes) -> tuple[str, Any] | None:
    body = json.loads(payload)
    if topic == "dev/cmd":
        return "dev/cmd/res", {"res": {"did": body["req"]}, "cid": body["cid"]}
    return "dev/cfg", body
