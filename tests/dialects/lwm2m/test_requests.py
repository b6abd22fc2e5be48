"""How each operation reads to a device, by its version and the formats that it declared (manual 7.3 and 7.8.6.3)."""

import base64
import json
from typing import Any

import cbor2
import pytest

from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import Endpoint

pytestmark = pytest.mark.row("F2")
PLAIN = "</1/0>,</3/0>,</3303/0>"
"""A device that declares no formats."""


def sent(endpoint: Endpoint) -> tuple[str, str, Any, Any]:
    """Method, path and query, payload as text or structure, format of the last request."""
    asked = endpoint.asked[-1]
    raw, number = base64.b64decode(asked.get("payload", "")), asked.get("format")
    payload: Any = raw
    if number == 110:
        payload = json.loads(raw)
    elif number == 112:
        payload = cbor2.loads(raw)
    query = "&".join(asked.get("query", ()))
    return asked["method"], f"/{'/'.join(asked['path'])}{'?' if query else ''}{query}", payload, number


@pytest.mark.parametrize(
    ("version", "links", "body", "method", "path", "payload", "number"),
    [
        ("1.1", PLAIN, {"type": "READ", "paths": ["/5"]}, "GET", "/5", b"", None),
        ("1.1", PLAIN, {"type": "READ", "paths": ["/1/4/11/4"]}, "GET", "/1/4/11/4", b"", None),
        ("1.1", PLAIN, {"type": "READ", "paths": ["/"]}, "FETCH", "/", [{"n": "/"}], 110),
        (
            "1.1",
            PLAIN,
            {"type": "READ", "paths": ["/3", "/5", "/1/4/11/4"]},
            "FETCH",
            "/",
            [{"n": "/3"}, {"n": "/5"}, {"n": "/1/4/11/4"}],
            110,
        ),
        (
            "1.1",
            f'</>;ct="112",{PLAIN}',
            {"type": "READ", "paths": ["/3", "/5"]},
            "FETCH",
            "/",
            [{0: "/3"}, {0: "/5"}],
            112,
        ),
        (
            "1.1",
            PLAIN,
            {"type": "WRITE", "writeMode": "UPDATE", "paths": ["/1/0"], "values": [{"path": "/1/0/7", "value": "U"}]},
            "POST",
            "/1/0",
            [{"n": "/1/0/7", "vs": "U"}],
            110,
        ),
        (
            "1.1",
            f"</>;ct=112,{PLAIN}",
            {"type": "WRITE", "writeMode": "REPLACE", "paths": ["/1/0"], "values": [{"path": "/1/0/1", "value": "60"}]},
            "PUT",
            "/1/0",
            [{0: "/1/0/1", 2: 60}],
            112,
        ),
        (
            "1.1",
            PLAIN,
            {"type": "WRITE", "paths": ["/1/0/1"], "values": [{"path": "/1/0/1", "value": 60}]},
            "PUT",
            "/1/0/1",
            b"60",
            0,
        ),
        (
            "1.0",
            PLAIN,
            {"type": "WRITE", "paths": ["/1/0/1"], "values": [{"path": "/1/0/1", "value": "60"}]},
            "PUT",
            "/1/0/1",
            b"\xc1\x01\x3c",
            11542,
        ),
        (
            "1.1",
            PLAIN,
            {"type": "WRITE", "paths": ["/5/0/0"], "values": [{"path": "/5/0/0", "value": "AAEC"}]},
            "PUT",
            "/5/0/0",
            b"\x00\x01\x02",
            42,
        ),
        (
            "1.1",
            PLAIN,
            {
                "type": "WRITE",
                "writeMode": "UPDATE",
                "paths": ["/3/0/11"],
                "values": [{"path": "/3/0/11/0", "value": "1"}, {"path": "/3/0/11/2", "value": "3"}],
            },
            "POST",
            "/3/0",
            [{"n": "/3/0/11/0", "v": 1}, {"n": "/3/0/11/2", "v": 3}],
            110,
        ),
        (
            "1.1",
            PLAIN,
            {
                "type": "WRITE",
                "writeMode": "REPLACE",
                "paths": ["/3/0/11"],
                "values": [{"path": "/3/0/11/0", "value": "1"}],
            },
            "PUT",
            "/3/0/11",
            [{"n": "/3/0/11/0", "v": 1}],
            110,
        ),
        (
            "1.1",
            PLAIN,
            {
                "type": "WRITE",
                "paths": ["/"],
                "values": [{"path": "/1/0/7", "value": "U"}, {"path": "/3/0/14", "value": "+02:00"}],
            },
            "IPATCH",
            "/",
            [{"n": "/1/0/7", "vs": "U"}, {"n": "/3/0/14", "vs": "+02:00"}],
            110,
        ),
        ("1.1", PLAIN, {"type": "EXECUTE", "paths": ["/1/0/8"]}, "POST", "/1/0/8", b"", None),
        (
            "1.0",
            PLAIN,
            {
                "type": "WRITE-METADATA",
                "values": [
                    {
                        "path": "/1/0/7",
                        "metadata": [{"name": "pmin", "value": "20"}, {"name": "gt", "value": 50}, {"name": "lt"}],
                    }
                ],
            },
            "PUT",
            "/1/0/7?pmin=20&gt=50&lt",
            b"",
            None,
        ),
        ("1.1", PLAIN, {"type": "DELETE", "paths": ["/3303/1"]}, "DELETE", "/3303/1", b"", None),
        ("1.1", PLAIN, {"type": "CREATE", "paths": ["/3303"]}, "POST", "/3303", b"", None),
        (
            "1.0",
            PLAIN,
            {"type": "CREATE", "paths": ["/3303/7"], "values": [{"path": "/3303/7/5701", "value": "a"}]},
            "POST",
            "/3303",
            b"\x04\x07\xe1\x16\x45a",
            11542,
        ),
        (
            "1.1",
            '</lwm2m>;rt="oma.lwm2m",</lwm2m/3/0>',
            {"type": "READ", "paths": ["/3/0"]},
            "GET",
            "/lwm2m/3/0",
            b"",
            None,
        ),
    ],
)
def test_how_a_device_is_asked(
    client: Client,
    endpoint: Endpoint,
    device: str,
    version: str,
    links: str,
    body: dict[str, Any],
    method: str,
    path: str,
    payload: Any,
    number: int | None,
) -> None:
    endpoint.register(links, version=version)
    assert client.call("POST", f"{device}/twin/operations", body).status == 201
    endpoint.work()
    assert sent(endpoint) == (method, path, payload, number)
