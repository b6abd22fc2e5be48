"""Device management: groups and configuration."""

from typing import Any

from tests.dialects.live_objects.client import DEVICES
from tests.dialects.live_objects.manual.rig import DEVICE, Manual, includes, shaped
from tests.dialects.live_objects.manual.samples import sample

GROUPS = "/api/v1/deviceMgt/groups"

LYON = {"pathNode": "lyon", "description": "City of Lyon"}


def _lyon(manual: Manual) -> Any:
    manual.call("DELETE", f"{GROUPS}/{manual.groups['/france/lyon']}")
    reply = manual.call("POST", GROUPS, {**LYON, "parentId": manual.groups["/france"]})
    assert reply.status in (200, 201), reply.raw
    return reply.body


@sample("8.1.1 group")
def _(manual: Manual) -> None:
    shown = manual.call("GET", f"{GROUPS}/{_lyon(manual)['id']}").body
    includes({**LYON, "path": "/france/lyon", "parentId": manual.groups["/france"]}, shown)
    shaped({"id": "u1z1k8", "created": "…", "updated": "…"}, shown)


@sample("8.1.2.1 body")
def _(manual: Manual) -> None:
    assert _lyon(manual)["path"] == "/france/lyon"


@sample("8.1.2.2 answer")
def _(manual: Manual) -> None:
    shown = _lyon(manual)
    includes({**LYON, "path": "/france/lyon", "parentId": manual.groups["/france"]}, shown)
    shaped({"id": "u1z1k8", "created": "…", "updated": "…"}, shown)


def _paris(manual: Manual) -> Any:
    body = {"pathNode": "paris", "parentId": manual.groups["/france"], "description": "City of Paris"}
    reply = manual.call("PUT", f"{GROUPS}/{manual.groups['/france/lyon']}", body)
    assert reply.status == 200, reply.raw
    return reply.body


PARIS = {"pathNode": "paris", "path": "/france/paris", "description": "City of Paris"}


@sample("8.1.3.1 body")
def _(manual: Manual) -> None:
    assert _paris(manual)["id"] == manual.groups["/france/lyon"]


@sample("8.1.3.2 answer")
def _(manual: Manual) -> None:
    shown = _paris(manual)
    includes({**PARIS, "id": manual.groups["/france/lyon"], "parentId": manual.groups["/france"]}, shown)
    shaped({"created": "…", "updated": "…"}, shown)


@sample("8.1.4.1 request")
def _(manual: Manual) -> None:
    assert manual.call("GET", GROUPS, limit=20, offset=0).status == 200


@sample("8.1.4.2 answer")
def _(manual: Manual) -> None:
    _paris(manual)
    root, france, paris = manual.call("GET", GROUPS, limit=20, offset=0).body
    includes({"id": "root", "path": "/"}, root)
    includes({"pathNode": "france", "path": "/france", "parentId": "root"}, france)
    includes(PARIS, paris)
    for shown in (root, france, paris):
        shaped({"created": "…", "updated": "…"}, shown)


@sample("8.1.5.1 request")
def _(manual: Manual) -> None:
    assert manual.call("GET", f"{GROUPS}/{manual.groups['/france']}").status == 200


@sample("8.1.5.2 answer")
def _(manual: Manual) -> None:
    _paris(manual)
    shown = manual.call("GET", f"{GROUPS}/{manual.groups['/france/lyon']}").body
    includes({**PARIS, "parentId": manual.groups["/france"]}, shown)


@sample("8.1.6.1 request")
def _(manual: Manual) -> None:
    assert manual.call("DELETE", f"{GROUPS}/{manual.groups['/france/lyon']}").status == 204


@sample("8.2.2.1 request")
def _(manual: Manual) -> None:
    manual.device()
    assert manual.call("GET", f"{DEVICES}/{DEVICE}/config/parameters").status == 200


ASKED = {
    "parameters": {
        "MyParamINT32": {"type": "INT32", "value": -333},
        "MyParamSTRING": {"type": "STRING", "value": "My sentense"},
    },
    "notifyTo": "fifo/configUpdateFifo",
}


@sample("8.2.3.1 body")
def _(manual: Manual) -> None:
    reply = manual.call("POST", f"{DEVICES}/{DEVICE}/config", ASKED)
    assert reply.status == 200, reply.raw
    assert manual.call("GET", f"{DEVICES}/{DEVICE}").status == 200


@sample("8.2.4.1 request")
def _(manual: Manual) -> None:
    manual.device()
    assert manual.call("GET", f"{DEVICES}/{DEVICE}/config").status == 200


@sample("8.2.4.2 answer")
def _(manual: Manual) -> None:
    asked = {
        "MyParamFLOAT": {"type": "FLOAT", "value": 1245},
        "MyParamBINARY": {"type": "BINARY", "value": "Nzg3ODY4Ng=="},
        "MyParamINT32": {"type": "INT32", "value": -333},
    }
    manual.device()
    manual.say("dev/cfg", {"cfg": {"MyParamINT32": {"t": "i32", "v": -333}}})
    body = {"parameters": asked, "notifyTo": "fifo/configUpdateFifo"}
    assert manual.call("POST", f"{DEVICES}/{DEVICE}/config", body).status == 200
    shown = manual.call("GET", f"{DEVICES}/{DEVICE}/config").body
    requested = {name: {"requested": value} for name, value in asked.items()}
    includes({"parameters": requested, "notifyTo": "fifo/configUpdateFifo"}, shown)
    same = {"type": "INT32", "value": -333}
    includes({"parameters": {"MyParamINT32": {"reported": same, "syncStatus": "OK"}}}, shown)
    moment = {"timestamp": "2018-03-07T10:53:21.934Z"}
    shaped({"parameters": {"MyParamINT32": {"reported": moment, "requested": moment}}}, shown)


@sample("8.2.5.1 request")
def _(manual: Manual) -> None:
    manual.call("POST", f"{DEVICES}/{DEVICE}/config", {"parameters": {"MyParamFLOAT": {"type": "FLOAT", "value": 1}}})
    assert manual.call("GET", f"{DEVICES}/{DEVICE}/config/parameters/MyParamFLOAT").status == 200


@sample("8.2.5.2 answer")
def _(manual: Manual) -> None:
    body = {"parameters": {"MyParamFLOAT": {"type": "FLOAT", "value": 1245}}}
    manual.call("POST", f"{DEVICES}/{DEVICE}/config", body)
    shown = manual.call("GET", f"{DEVICES}/{DEVICE}/config/parameters/MyParamFLOAT").body
    includes({"requested": {"type": "FLOAT", "value": 1245}, "syncStatus": "PENDING"}, shown)
    shaped({"requested": {"timestamp": "2018-03-07T10:55:21Z"}}, shown)
