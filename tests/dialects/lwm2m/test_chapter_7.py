"""The 25 samples of chapter 7: what the manual sends, and what it says is answered; values of its own cloud apart."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.dialects.live_objects.client import DEVICES, Client, Reply
from tests.dialects.live_objects.manual.rig import includes, shaped
from tests.dialects.lwm2m.rig import Endpoint, content, interface

URN, IDENTITY = "urn:lo:nsid:lwm2m:mydevice", "my_endpoint"
CONFIGS, ENTRIES = "/api/v1/bootstrap/lwm2m/configs", "/api/v1/bootstrap/lwm2m/entries"
TWIN = f"{DEVICES}/{URN}/twin"
MODEL = "/api/v1/deviceMgt/twin/model/object-definitions"
SECRET = "0123456789ABCDEF0123456789ABCDEF"
MOMENT = "2022-11-22T17:02:38.944Z"

MY_SERVER = {
    "id": "myServer",
    "useLiveObjects": False,
    "lwm2mDefinition": {
        "security": {"shortServerId": 1, "lwm2mServerUri": "coaps://myserver:5684", "securityMode": 1},
        "server": {"shortServerId": 1, "lifetime": 200, "binding": "S"},
    },
}
CONFIG = {"name": "BootstrapConfig", "description": "This is a bootstrap config", "runServers": [MY_SERVER]}


def lo_config(*, renew: bool) -> dict[str, Any]:
    definition = {
        "security": {"shortServerId": 1},
        "server": {"shortServerId": 1, "lifetime": 300, "binding": "U"},
    }
    server = {
        "id": "LOServer",
        "useLiveObjects": True,
        "renewSecurityOnBootstrap": renew,
        "lwm2mDefinition": definition,
    }
    return {"name": "LOBootstrapConfig", "description": "This is a LO bootstrap config", "runServers": [server]}


def entry(config: str, secret: str = SECRET) -> dict[str, Any]:
    info = {"identity": "my_endpoint", "secret": secret}
    run = [{"id": "LOServer", "security": {"pskInfo": info}}]
    definition = {"bootstrapConfigId": config, "runServers": run}
    return {"endpointName": "my_endpoint", "security": {"mode": "PSK", "pskInfo": info}, "definition": definition}


def shown(config: str, secret: str = "***") -> dict[str, Any]:
    found = entry(config, secret)
    found["security"] = {"mode": "PSK", "pskInfo": {"identity": "my_endpoint"}}
    return found


XML = """<LWM2M><Object ObjectType="MODefinition"><Name>LwM2M v1.1 Test Object CUSTOM CUSTOM</Name>
<Description1>This object is created by the customer.</Description1><ObjectID>33442</ObjectID>
<ObjectURN>urn:oma:lwm2m:ext:33442</ObjectURN><MultipleInstances>Multiple</MultipleInstances>
<Mandatory>Optional</Mandatory><Resources></Resources></Object></LWM2M>"""


class Manual:
    """A tenant, and the manual's device with what the samples presuppose of it."""

    def __init__(self) -> None:
        self.client = Client()
        body = {"id": URN, "interfaces": [interface("my_endpoint", IDENTITY, "my_psk_secret")]}
        assert self.call("POST", DEVICES, body).status == 200
        self.endpoint = Endpoint(self.client, IDENTITY, "my_endpoint")
        self.endpoint.connect()

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        self.client.ports.clock.at += 1
        return self.client.call(method, path, body, **query)

    def register(self) -> None:
        links = "</1/0>,</1/1>,</2/0>,</2/1>,</3/0>,</4/0>,</5>;ver=1.1,</6/0>"
        assert self.endpoint.register(links) == "2.01"

    def report(self) -> None:
        """What the samples of 7.8.5 show."""
        self.register()
        records = [
            {"n": "/1/0/5", "v": 1},
            {"n": "/1/0/10", "vlo": "11:1"},
            {"n": "/1/1/3", "v": 1},
            {"n": "/3/0/11/0", "v": 0},
            {"n": "/3/0/11/1", "v": 4},
        ]
        assert self.endpoint.send("POST", ["dp"], json.dumps(records).encode(), format=110)["code"] == "2.04"

    def form(self, path: str, file: str, **query: Any) -> Reply:
        lines = [
            "--b",
            'Content-Disposition: form-data; name="file"; filename="33442.xml"',
            "Content-Type: text/xml",
            "",
            file,
            "--b--",
            "",
        ]
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        return self.client.call("POST", path, raw="\r\n".join(lines).encode(), headers=headers, **query)


@dataclass(frozen=True)
class Sample:
    """`wanted` is what the manual prints, `moments` what it prints of its own cloud: only their form counts."""

    ask: Callable[[Manual], Reply]
    status: int
    wanted: Any = None
    moments: Any = None


def with_config(manual: Manual) -> str:
    return str(manual.call("POST", CONFIGS, lo_config(renew=False)).body["id"])


def entered(manual: Manual) -> str:
    config = with_config(manual)
    assert manual.call("POST", ENTRIES, entry(config)).status == 201
    return config


def reassigned(manual: Manual) -> Reply:
    entered(manual)
    return manual.call("PUT", f"{ENTRIES}/my_endpoint/definition/bootstrapConfigId", with_config(manual))


def revealed(manual: Manual) -> Reply:
    entered(manual)
    return manual.call("GET", f"{ENTRIES}/my_endpoint", showSecuritySecrets="true")


def listed(manual: Manual) -> Reply:
    entered(manual)
    for number in range(2):
        body = entry(with_config(manual))
        name = f"urn:imei:00000000000000{number}"
        body["security"] = {"mode": "PSK", "pskInfo": {"identity": name, "secret": SECRET}}
        assert manual.call("POST", ENTRIES, {**body, "endpointName": name}).status == 201
    return manual.call("GET", ENTRIES, limit=10, bookmarkEndpointName="my_endpoint")


def removed(manual: Manual) -> Reply:
    manual.form(MODEL, XML, inputFormat="lwm2m")
    return manual.call("DELETE", f"{MODEL}/urn:oma:lwm2m:ext:33442")


def after(prepare: Callable[[Manual], Any], method: str, path: str, body: Any = None, **query: Any) -> Any:
    def ask(manual: Manual) -> Reply:
        prepare(manual)
        return manual.call(method, path, body, **query)

    return ask


READ = {"type": "READ", "paths": ["/1/0"], "contextToken": "this is a simple READ"}
OBSERVE = {"paths": ["/6/0"], "name": "Observation on the location Object"}


def canceled(manual: Manual) -> Reply:
    operation = manual.call("POST", f"{TWIN}/operations", READ).body["id"]
    return manual.call("PUT", f"{TWIN}/operations/{operation}/status", "CANCELED")


def read(manual: Manual) -> Reply:
    manual.register()
    operation = manual.call("POST", f"{TWIN}/operations", {**READ, "contextToken": "ABC123"}).body["id"]
    manual.endpoint.answers["GET /1/0"] = content(b'[{"n": "/1/0/1", "v": 60}]', 110)
    manual.endpoint.work()
    return manual.call("GET", f"{TWIN}/operations/{operation}")


def operations(manual: Manual) -> Reply:
    manual.endpoint.register("</1/0>", version="1.0")
    manual.call("POST", f"{TWIN}/operations", {"type": "READ", "paths": ["/1/0/200", "/1/0/7"]})
    manual.call("POST", f"{TWIN}/operations", {**READ, "contextToken": "ABC123"})
    manual.call("POST", f"{TWIN}/operations", {"type": "EXECUTE", "paths": ["/1/0/8"]})
    manual.endpoint.answers["GET /1/0"] = content(base64.b64decode("wQE8"), 11542)
    manual.endpoint.work()
    return manual.call("GET", f"{TWIN}/operations", status=["OK", "FAILED", "EXPIRED"], type="READ")


def observed(manual: Manual) -> str:
    manual.register()
    manual.endpoint.answers["GET /6/0"] = content(b'[{"n": "/6/0/0", "v": 48}]', 110, observing=True)
    made = str(manual.call("POST", f"{TWIN}/observations", OBSERVE).body["id"])
    manual.endpoint.work()
    return made


def observations(manual: Manual) -> Reply:
    manual.register()
    manual.call("POST", f"{TWIN}/observations", {"paths": ["/3303/0"], "name": "Observation on the temperature Object"})
    observed(manual)
    return manual.call("GET", f"{TWIN}/observations")


def urn(number: int) -> str:
    return f"urn:oma:lwm2m:oma:{number}"


SERVER_VALUES = {
    "objectDefinitionId": urn(1),
    "path": "/1/0",
    "attributes": [
        {"pathSegment": "5", "path": "/1/0/5", "content": {"reportedValue": "1"}},
        {"pathSegment": "10", "path": "/1/0/10", "content": {"reportedValue": "11:1"}},
    ],
}
DEVICE_VALUES = {
    "objectDefinitionId": urn(3),
    "path": "/3/0",
    "attributes": [
        {
            "pathSegment": "11",
            "path": "/3/0/11",
            "contents": [
                {"reportedValue": "0", "path": "/3/0/11/0"},
                {"reportedValue": "4", "path": "/3/0/11/1"},
            ],
        }
    ],
}
DATES = {"created": MOMENT, "updated": MOMENT}
NEVER = {"activity": {"status": "NEVER_REQUESTED", "bootstrapRequestCount": 0, "bootstrapFinishCount": 0}}
TWO_ENTRIES = [{"endpointName": f"urn:imei:00000000000000{n}", **NEVER} for n in range(2)]

SAMPLES: Mapping[str, Sample] = {
    "7.7.2.1": Sample(lambda m: m.call("POST", CONFIGS, CONFIG), 201, CONFIG, DATES),
    "7.7.2.2": Sample(lambda m: m.call("POST", CONFIGS, lo_config(renew=False)), 201, lo_config(renew=False), DATES),
    "7.7.2.3": Sample(lambda m: m.call("POST", CONFIGS, lo_config(renew=True)), 201, lo_config(renew=True), DATES),
    "7.7.3.1": Sample(lambda m: m.call("POST", ENTRIES, entry(with_config(m))), 201, {**shown(""), **NEVER}, DATES),
    "7.7.3.2": Sample(reassigned, 200, {**shown(""), **NEVER}, DATES),
    "7.7.3.3": Sample(revealed, 200, shown("", SECRET), DATES),
    "7.7.3.4": Sample(listed, 200, TWO_ENTRIES, [DATES, DATES]),
    "7.7.4.1.3": Sample(lambda m: m.call("POST", ENTRIES, entry(with_config(m))), 201, shown("")),
    "7.8.4.1": Sample(
        lambda m: m.call("GET", f"{MODEL}/urn:oma:lwm2m:oma:5:1.1"),
        200,
        {
            "objectDefinitionId": "urn:oma:lwm2m:oma:5:1.1",
            "pathSegment": "5",
            "name": "Firmware Update",
            "minOccurs": 0,
            "maxOccurs": 1,
            "type": "OBJECT_MAP",
            "operations": ["READ", "WRITE"],
            "parent": "urn:oma:lwm2m",
        },
    ),
    "7.8.4.1 root": Sample(
        lambda m: m.call("GET", f"{MODEL}/urn:oma:lwm2m"), 200, {"objectDefinitionId": "urn:oma:lwm2m"}
    ),
    "7.8.4.2": Sample(
        lambda m: m.form(MODEL, XML, inputFormat="lwm2m", override="true"),
        201,
        {
            "objectDefinitionId": "urn:oma:lwm2m:ext:33442",
            "pathSegment": "33442",
            "name": "LwM2M v1.1 Test Object CUSTOM CUSTOM",
            "description": "This object is created by the customer.",
            "minOccurs": 0,
            "maxOccurs": 0,
            "parent": "urn:oma:lwm2m",
        },
    ),
    "7.8.4.3": Sample(removed, 204),
    "7.8.5.5": Sample(
        after(Manual.register, "GET", f"{TWIN}/supported-objects"),
        200,
        [urn(1), urn(2), urn(3), urn(4), "urn:oma:lwm2m:oma:5:1.1", urn(6)],
    ),
    "7.8.5.6": Sample(
        after(Manual.register, "GET", f"{TWIN}/objects", expand=1),
        200,
        {
            "objectDefinitionId": "urn:oma:lwm2m",
            "path": "/",
            "children": [
                {
                    "objectDefinitionId": urn(number),
                    "path": f"/{number}",
                    "instances": [{"objectDefinitionId": urn(number), "path": f"/{number}/{i}"} for i in range(count)],
                }
                for number, count in ((1, 2), (2, 2), (3, 1), (4, 1), (6, 1))
            ],
        },
    ),
    "7.8.5.7": Sample(
        after(Manual.report, "GET", f"{TWIN}/objects/1", expand=1),
        200,
        {
            "objectDefinitionId": urn(1),
            "path": "/1",
            "instances": [
                SERVER_VALUES,
                {
                    "objectDefinitionId": urn(1),
                    "path": "/1/1",
                    "attributes": [{"pathSegment": "3", "path": "/1/1/3", "content": {"reportedValue": "1"}}],
                },
            ],
        },
        {"instances": [{"attributes": [{"content": {"timestamp": MOMENT}}] * 2}]},
    ),
    "7.8.5.8": Sample(after(Manual.report, "GET", f"{TWIN}/objects/1/0"), 200, SERVER_VALUES),
    "7.8.5.8 multiple": Sample(after(Manual.report, "GET", f"{TWIN}/objects/3/0"), 200, DEVICE_VALUES),
    "7.8.6.7": Sample(lambda m: m.call("POST", f"{TWIN}/operations", READ), 201, {**READ, "status": "PENDING"}, DATES),
    "7.8.6.8": Sample(canceled, 200, {"status": "CANCELED"}),
    "7.8.6.9": Sample(read, 200, {**READ, "contextToken": "ABC123", "status": "OK"}, DATES),
    "7.8.6.10": Sample(
        operations,
        200,
        [
            {**READ, "contextToken": "ABC123", "status": "OK"},
            {
                "type": "READ",
                "paths": ["/1/0/200", "/1/0/7"],
                "status": "FAILED",
                "error": {"code": "OPERATION_INVALID"},
            },
        ],
        [DATES, DATES],
    ),
    "7.8.8.1": Sample(
        lambda m: m.call("POST", f"{TWIN}/observations", OBSERVE),
        201,
        {**OBSERVE, "status": "PENDING"},
        {"created": MOMENT},
    ),
    "7.8.8.2": Sample(lambda m: m.call("DELETE", f"{TWIN}/observations/{observed(m)}"), 204),
    "7.8.8.3": Sample(
        lambda m: m.call("GET", f"{TWIN}/observations/{observed(m)}"), 200, {**OBSERVE, "status": "OBSERVING"}
    ),
    "7.8.8.4": Sample(
        observations,
        200,
        [
            {"paths": ["/3303/0"], "status": "FAILED", "name": "Observation on the temperature Object"},
            {**OBSERVE, "status": "OBSERVING"},
        ],
    ),
}


def without_ids(wanted: Any) -> Any:
    """What the manual's own cloud called things is not what ours does."""
    if isinstance(wanted, dict):
        return {name: without_ids(value) for name, value in wanted.items() if name != "bootstrapConfigId"}
    return [without_ids(each) for each in wanted] if isinstance(wanted, list) else wanted


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_holds(name: str) -> None:
    sample = SAMPLES[name]
    reply = sample.ask(Manual())
    assert reply.status == sample.status, reply.raw
    if sample.wanted is not None:
        includes(without_ids(sample.wanted), reply.body)
    if isinstance(sample.moments, list):
        for moments, body in zip(sample.moments, reply.body, strict=True):
            shaped(moments, body)
    elif sample.moments is not None:
        shaped(sample.moments, reply.body)


def test_they_are_as_many_as_the_page_says() -> None:
    assert len(SAMPLES) == 25
