"""Leads the vendor's host names to a local stack, as an entry in /etc/hosts would, and to its ports."""

import json
import os
import socket
from typing import Any

SETTINGS: dict[str, Any] = json.loads(os.environ["HOMEPORT_CONFORMANCE"])
"""`org`, `key`, `token`, `device` and the ports: `mqtts`, `mqtt`, `https`."""

_DOMAIN = "internetofthings.ibmcloud.com"
_PORTS = {8883: SETTINGS["mqtts"], 1883: SETTINGS["mqtt"], 443: SETTINGS["https"]}
_resolve = socket.getaddrinfo


def _led(host: Any, port: Any, *options: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name.endswith(_DOMAIN):
        return _resolve("127.0.0.1", _PORTS.get(port, port), *options, **named)
    return _resolve(host, port, *options, **named)


socket.getaddrinfo = _led
