"""The LwM2M connector."""

from typing import Any

from tests.dialects.live_objects.client import DEVICES
from tests.dialects.live_objects.manual.rig import Manual, includes, shaped
from tests.dialects.live_objects.manual.samples import sample
from tests.dialects.lwm2m.rig import Endpoint

URN = "urn:lo:nsid:lwm2m:test12"
NODE, IDENTITY = "urn:lo:lwm2m:my_endpoint123", "test_lwm2m_id2"
SECURED = {"mode": "PSK", "pskInfo": {"identity": IDENTITY, "secret": "my_psk_secret"}}
ABSENT = {"available": False}
SHOWN = {
    "connector": "lwm2m",
    "nodeId": NODE,
    "enabled": True,
    "status": "REGISTERED",
    "definition": {"endpointName": NODE, "security": {"mode": "PSK", "pskInfo": {"identity": IDENTITY}}},
    "capabilities": {
        "configuration": ABSENT,
        "command": ABSENT,
        "resource": ABSENT,
        "twin": {"available": False, "version": 1},
    },
    "activity": {},
}


def body(**definition: Any) -> dict[str, Any]:
    return {
        "id": URN,
        "name": "Lwm2m device",
        "description": "device for test",
        "defaultDataStreamId": "urn:lo:nsid:lwm2m:test13Stream",
        "interfaces": [
            {"connector": "lwm2m", "enabled": "true", "definition": {"endpointName": NODE, **definition}},
        ],
    }


@sample("5.5.4.2 definition")
def _(manual: Manual) -> None:
    assert manual.call("POST", DEVICES, body(security=SECURED, bootstrap={"managed": "false"})).status == 200
    (shown,) = manual.call("GET", f"{DEVICES}/{URN}/interfaces").body
    assert shown["definition"] == {**SHOWN["definition"], "bootstrap": {"managed": False}}  # type: ignore[dict-item]


@sample("5.5.4.3 activity")
def _(manual: Manual) -> None:
    manual.call("POST", DEVICES, body(security=SECURED))
    endpoint = Endpoint(manual.client, IDENTITY, NODE)
    assert endpoint.connect()
    assert endpoint.register(lifetime=None) == "2.01"
    (shown,) = manual.call("GET", f"{DEVICES}/{URN}/interfaces").body
    told = {"lwm2mVersion": "1.1", "remotePort": 59436, "queueMode": False, "bindings": ["U"]}
    includes({**told, "registrationLifetime": 300}, shown["activity"])
    shaped({"remoteAddress": "…", "lastRegistrationDate": "…", "lastUpdateDate": "…"}, shown["activity"])


@sample("5.5.4.5.1 body")
def _(manual: Manual) -> None:
    assert manual.call("POST", DEVICES, body(security=SECURED)).status == 200


@sample("5.5.4.5.1 answer")
def _(manual: Manual) -> None:
    shown = manual.call("POST", DEVICES, body(security=SECURED)).body
    wanted = {**body(), "group": {"id": "root", "path": "/"}, "interfaces": [SHOWN], "activityState": "NOT_MONITORED"}
    includes(wanted, shown)
    shaped({"created": "…", "updated": "…"}, shown)


@sample("5.5.4.5.2 body")
def _(manual: Manual) -> None:
    shown = manual.call("POST", DEVICES, body(bootstrap={"managed": True})).body
    assert shown["interfaces"][0]["definition"] == {"endpointName": NODE, "bootstrap": {"managed": True}}


@sample("5.5.4.5.3 request")
def _(manual: Manual) -> None:
    manual.call("POST", DEVICES, body(security=SECURED))
    assert manual.call("GET", f"{DEVICES}/{URN}/interfaces").status == 200


@sample("5.5.4.5.3 answer")
def _(manual: Manual) -> None:
    manual.call("POST", DEVICES, body(security=SECURED))
    includes([SHOWN], manual.call("GET", f"{DEVICES}/{URN}/interfaces").body)
