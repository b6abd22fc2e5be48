"""MQTT: certificates, and what devices say and are told."""

from datetime import UTC, datetime
from typing import Any

from tests import pki
from tests.dialects.live_objects.client import DEVICES
from tests.dialects.live_objects.manual.rig import (
    DEVICE,
    PLACE,
    Manual,
    includes,
    offered,
    parameters,
    shaped,
)
from tests.dialects.live_objects.manual.samples import sample
from tests.fakes import START


@sample("6.3.4.2 body of a CA")
def _(manual: Manual) -> None:
    assert "id" in _uploaded(manual)


@sample("6.3.4.2 answer to a CA")
def _(manual: Manual) -> None:
    assert _uploaded(manual).keys() == {"id"}


@sample("6.3.4.2 body of a key")
def _(manual: Manual) -> None:
    key = {"parentId": manual.client.master.id, "roles": ["DEVICE_ACCESS"]}
    made = manual.call("POST", "/api/v0/apiKeys", key).body
    wanted = {"clientCert": {"caCertIds": [_uploaded(manual)["id"]], "required": True}}
    reply = manual.call("POST", f"/api/v0/apiKeys/{made['id']}", wanted)
    assert reply.status == 200, reply.raw
    includes(wanted, manual.call("GET", f"/api/v0/apiKeys/{made['id']}").body)


def _uploaded(manual: Manual) -> Any:
    ca = pki.authority(now=datetime.fromtimestamp(START / 1000, UTC))
    body = {"certificate": ca.pem, "comment": "my awesome intermediate CA certificate"}
    reply = manual.call("POST", "/api/v0/certificates/ca", body)
    assert reply.status in (200, 201), reply.raw
    return reply.body


@sample("6.5.5.1 message")
def _(manual: Manual) -> None:
    said = {
        "streamId": "mydeviceTemp1234",
        "timestamp": "2020-10-13T12:15:02Z",
        "model": "tempV2",
        "value": {"temp": 12.75, "humidity": 62.1, "doorOpen": True},
        "location": PLACE,
        "tags": ["CityNYC", "Prototype"],
    }
    manual.device()
    manual.say("dev/data", said)
    (stored,) = manual.messages("mydeviceTemp1234")
    includes({**said, "timestamp": "2020-10-13T12:15:02.000Z"}, stored)


DECODER = {
    "encoding": "my_encoding_v0",
    "format": "float sent_value;",
    "enabled": True,
    "model": "my_encoding_model_v0",
}
DECODED = {"value": {"payload": "41200000", "sent_value": 10.0}, "model": "my_encoding_model_v0"}


@sample("6.5.5.2 decoder")
def _(manual: Manual) -> None:
    assert manual.call("POST", "/api/v0/decoders/binary", DECODER).status in (200, 201)


@sample("6.5.5.2 message of a topic with the encoding")
def _(manual: Manual) -> None:
    manual.call("POST", "/api/v0/decoders/binary", DECODER)
    manual.device("urn:lo:nsid:mqtt:123456", "123456")
    manual.say("dev/v1/data/binary/my_encoding_v0", bytes.fromhex("41200000"), "123456")
    includes({**DECODED, "streamId": "urn:lo:nsid:mqtt:123456"}, manual.messages("urn:lo:nsid:mqtt:123456")[0])


@sample("6.5.5.2 interface")
def _(manual: Manual) -> None:
    definition = {"encoding": "my_encoding_v0", "clientId": "123456"}
    manual.device("urn:lo:nsid:mqtt:123456", "123456", definition=definition)
    (shown,) = manual.call("GET", f"{DEVICES}/urn:lo:nsid:mqtt:123456/interfaces").body
    expected = {"connector": "mqtt", "nodeId": "123456", "enabled": True, "status": "ONLINE"}
    includes({**expected, "definition": definition}, shown)


@sample("6.5.5.2 message of a topic without one")
def _(manual: Manual) -> None:
    manual.call("POST", "/api/v0/decoders/binary", DECODER)
    manual.device("urn:lo:nsid:mqtt:123456", "123456", definition={"encoding": "my_encoding_v0"})
    manual.say("dev/v1/data/binary", bytes.fromhex("41200000"), "123456")
    includes({**DECODED, "streamId": "urn:lo:nsid:mqtt:123456"}, manual.messages("urn:lo:nsid:mqtt:123456")[0])


@sample("6.5.6.1 message")
def _(manual: Manual) -> None:
    manual.device()
    said: dict[str, dict[str, Any]] = {
        "log_level": {"t": "str", "v": "DEBUG"},
        "secret_key": {"t": "bin", "v": "Nzg3ODY4Ng=="},
        "conn_freq": {"t": "i32", "v": 80000},
    }
    manual.say("dev/cfg", {"cfg": said})
    found = parameters(manual)
    assert {name: found[name]["reported"]["value"] for name in said} == {name: p["v"] for name, p in said.items()}
    assert manual.complaints() == []


@sample("6.5.6.3 message")
def _(manual: Manual) -> None:
    manual.device()
    said = {"logLevel": {"t": "bin", "v": "DEBUG"}, "connPeriod": {"t": "i32", "v": 80000}}
    manual.say("dev/cfg", {"cfg": said, "cid": 907237823})
    found = parameters(manual)
    assert (found["logLevel"]["reported"]["value"], found["connPeriod"]["reported"]["value"]) == ("DEBUG", 80000)


BUZZ = {"req": "buzz", "arg": {"durationSec": 100, "freqHz": 800.0}}


def _buzzing(manual: Manual) -> tuple[str, Any]:
    """The command's id, and what the device was told."""
    manual.device()
    reply = manual.call("POST", f"{DEVICES}/{DEVICE}/commands", {"request": {"connector": "mqtt", "value": BUZZ}})
    assert reply.status == 201, reply.raw
    ((topic, told),) = manual.told()
    assert topic == "dev/cmd"
    return reply.body["id"], told


@sample("6.5.7.1 message")
def _(manual: Manual) -> None:
    _, told = _buzzing(manual)
    includes(BUZZ, told)
    assert list(told) == ["req", "arg", "cid"]
    assert 0 < told["cid"] < 1 << 31


@sample("6.5.7.2 first message")
def _(manual: Manual) -> None:
    command, told = _buzzing(manual)
    manual.say("dev/cmd/res", {"res": {"done": True}, "cid": told["cid"]})
    done = manual.call("GET", f"/api/v1/deviceMgt/commands/{command}").body
    assert (done["status"], done["response"]) == ("PROCESSED", {"value": {"done": True}})


@sample("6.5.7.2 second message")
def _(manual: Manual) -> None:
    command, told = _buzzing(manual)
    answer = {"error": "unknown method 'buzz'"}
    manual.say("dev/cmd/res", {"res": answer, "cid": told["cid"]})
    done = manual.call("GET", f"/api/v1/deviceMgt/commands/{command}").body
    assert (done["status"], done["response"]) == ("PROCESSED", {"value": answer})


def _status(manual: Manual) -> Any:
    return manual.call("GET", f"{DEVICES}/{DEVICE}/resources/X11_firmware/updates/latest").body


@sample("6.5.8.1 message")
def _(manual: Manual) -> None:
    manual.device()
    # Size and signature are the only values that the manual leaves open.
    firmware = {"v": "1.2", "m": {"size": "12", "md5": "098f6bcd4621d373cade4e832627b4f6"}}
    manual.say("dev/rsc", {"rsc": {"X11_firmware": firmware, "X11_modem_driver": {"v": "4.0.M2"}}})
    shown = manual.call("GET", f"{DEVICES}/{DEVICE}").body["resources"]
    assert shown == {"X11_firmware": "1.2", "X11_modem_driver": "4.0.M2"}
    found = manual.call("GET", f"{DEVICES}/{DEVICE}/resources/X11_firmware").body
    assert found["reported"]["version"] == "1.2"
    assert found["metadata"] == firmware["m"]
    assert manual.complaints() == []


@sample("6.5.8.2 message")
def _(manual: Manual) -> None:
    manual.device()
    manual.say("dev/rsc", {"rsc": {"X11_firmware": {"v": "1.1"}}})
    told = offered(manual)
    includes({"id": "X11_firmware", "old": "1.1", "new": "1.2"}, told)
    includes({"m": {"md5": "098f6bcd4621d373cade4e832627b4f6"}}, told)
    shaped({"m": {"uri": "http://…"}, "cid": 3378454}, told)


@sample("6.5.8.3 first message")
def _(manual: Manual) -> None:
    manual.device()
    manual.say("dev/rsc/upd/res", {"res": "OK", "cid": offered(manual)["cid"]})
    assert _status(manual)["status"] == "ACCEPTED"


@sample("6.5.8.3 second message")
def _(manual: Manual) -> None:
    manual.device()
    manual.say("dev/rsc/upd/res", {"res": "UNKNOWN_RESOURCE", "cid": offered(manual)["cid"]})
    assert (_status(manual)["status"], _status(manual)["errorCode"]) == ("FAILED", "UNKNOWN_RESOURCE")


@sample("6.5.8.4 message")
def _(manual: Manual) -> None:
    manual.device()
    offered(manual)
    said = {"errorCode": "DEV123.Z_FIRMW_CRC", "errorDetails": "error while loading firmware, bad CRC"}
    manual.say("dev/rsc/upd/err", said)
    found = _status(manual)
    assert (found["deviceErrorCode"], found["errorDetails"]) == (said["errorCode"], said["errorDetails"])
