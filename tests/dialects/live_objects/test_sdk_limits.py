"""What the vendor's device SDKs can hold, as a table, and what they are sent beside it.

The C SDK is LiveObjects-iotSoftbox-mqtt-core, the Arduino SDK LiveObjects_SDK_for_Arduino. Their buffers are compiled
in: what is longer is cut off without a word.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.fleet.resources import links
from chalicelib.fleet.resources.records import Entrances
from tests.dialects.live_objects.client import DEVICES
from tests.dialects.live_objects.manual.rig import DEVICE, Manual, offered

URL_BYTES, HOST, ENTRIES, FEWEST_ENTRIES, VERSION, CID = 80, 40, 4, 3, 10, 1 << 31
SHORT_HOST = "f" * (HOST - len(".example.com")) + ".example.com"


@dataclass(frozen=True)
class Limit:
    sdk: str
    what: str
    holds: Callable[[Any], bool]


UPDATES = (
    Limit("C", "a URL has at most 79 characters and a NUL", lambda told: len(told["m"]["uri"]) < URL_BYTES),
    Limit("C", "it is fetched over plain HTTP", lambda told: told["m"]["uri"].startswith("http://")),
    Limit("C", "its path has no query", lambda told: "?" not in told["m"]["uri"]),
    Limit("C", "m has at most four entries", lambda told: len(told["m"]) <= ENTRIES),
    Limit("C", "m has at least three", lambda told: len(told["m"]) >= FEWEST_ENTRIES),
    Limit("C, Java", "all in m are strings", lambda told: all(isinstance(value, str) for value in told["m"].values())),
    Limit("C", "md5 is in lower-case digits", lambda told: bool(re.fullmatch("[0-9a-f]{32}", told["m"]["md5"]))),
    Limit("C", "size is a decimal number", lambda told: told["m"]["size"].isdigit()),
    Limit("C", "old and new are strings", lambda told: isinstance(told["old"], str) and isinstance(told["new"], str)),
    Limit("C", "cid is a positive 32-bit number", lambda told: isinstance(told["cid"], int) and 0 < told["cid"] < CID),
)
COMMANDS = (
    Limit("C", "req, arg, cid come in this order", lambda told: list(told) == ["req", "arg", "cid"]),
    Limit("C", "arg is an object", lambda told: isinstance(told["arg"], dict)),
    Limit("C", "cid is a positive 32-bit number", lambda told: isinstance(told["cid"], int) and 0 < told["cid"] < CID),
)
CONFIGURATIONS = (
    Limit("C", "a parameter is t and v", lambda told: all(p.keys() == {"t", "v"} for p in told["cfg"].values())),
    Limit("C", "cid is a positive 32-bit number", lambda told: isinstance(told["cid"], int) and 0 < told["cid"] < CID),
)


def named(limits: tuple[Limit, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("limit", limits, ids=[f"{limit.sdk}: {limit.what}" for limit in limits])


@named(UPDATES)
def test_an_update_fits(limit: Limit) -> None:
    manual = Manual()
    manual.ports.links.entrances = Entrances(f"https://{SHORT_HOST}", f"http://{SHORT_HOST}", largest=None)
    manual.device()
    assert limit.holds(offered(manual))


@pytest.mark.parametrize("value", [{"req": "buzz", "arg": {"s": 1}}, {"req": "buzz"}, {"req": "buzz", "arg": {}}])
@named(COMMANDS)
def test_a_command_fits(limit: Limit, value: Any) -> None:
    manual = Manual()
    manual.device()
    manual.call("POST", f"{DEVICES}/{DEVICE}/commands", {"request": {"connector": "mqtt", "value": value}})
    ((topic, told),) = manual.told()
    assert topic == "dev/cmd"
    assert limit.holds(told)


@named(CONFIGURATIONS)
def test_a_configuration_fits(limit: Limit) -> None:
    manual = Manual()
    manual.device()
    parameters = {"level": {"type": "STRING", "value": "x"}, "rate": {"type": "INT32", "value": 1}}
    manual.call("POST", f"{DEVICES}/{DEVICE}/config", {"parameters": parameters})
    ((topic, told),) = manual.told()
    assert topic == "dev/cfg/upd"
    assert limit.holds(told)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_longest_host_that_fits_is_41_characters(scheme: str) -> None:
    chance = bytes(range(17))
    assert len(f"{scheme}://{'h' * 41}{links.PATH}{links.token(chance)}") < URL_BYTES
    assert len(f"https://{'h' * 42}{links.PATH}{links.token(chance)}") == URL_BYTES


def test_tokens_are_as_different_as_their_chance() -> None:
    made = {links.token(number.to_bytes(17)) for number in (0, 1, 32, (1 << 130) - 1, 1 << 129)}
    assert len(made) == 5
    assert all(links.is_token(name) for name in made)


ARDUINO = (
    ("dev/data", b'{"streamId":"arduino","model":"github_sample_basic","value":{"uptime":5,"door":true}}'),
    ("dev/cfg", b'{"cfg":{"update_rate":{"t":"u32","v":5000},"led":{"t":"u32","v":true},"name":{"t":"str","v":"x"}}}'),
    ("dev/rsc", b'{"rsc":{"arduino_fw":{"v":"1.0.0","m":{}}}}'),
)
C_SDK = (
    ("dev/data", b'{"s":"urn:lo:nsid:ns:id!temp","m":"v1","v":{"temp":-5,"ok":true},"t":["a"],"loc":[45.759,4.843]}'),
    ("dev/cfg", b'{"cfg":{"t_i":{"t":"i32","v":-12},"t_u":{"t":"u32","v":12},"t_f":{"t":"f64","v":1.500000}},"cid":7}'),
    ("dev/rsc", b'{"rsc":{"X11_firmware":{"v":"1.1\\n"}}}'),
)


@pytest.mark.parametrize(("topic", "payload"), [*ARDUINO, *C_SDK], ids=lambda part: str(part)[:40])
def test_what_the_sdks_send_is_taken_without_a_complaint(topic: str, payload: bytes) -> None:
    manual = Manual()
    manual.device()
    manual.say(topic, payload)
    assert [reason for reason in manual.complaints() if "no parameter was last asked" not in reason] == []


def test_the_c_sdk_is_updated_from_the_offer_to_the_report() -> None:
    """Message by message; the first image arrives damaged, and it says the old version."""
    manual = Manual()
    manual.ports.links.entrances = Entrances(f"https://{SHORT_HOST}", f"http://{SHORT_HOST}", largest=None)
    manual.device()
    manual.say("dev/rsc", b'{"rsc":{"X11_firmware":{"v":"1.1"}}}')
    told = offered(manual)
    manual.say("dev/rsc/upd/res", b'{"res":"OK","cid":%d}' % told["cid"])
    manual.say("dev/rsc", b'{"rsc":{"X11_firmware":{"v":"1.1"}}}')
    _, (_, again) = manual.told()
    assert again["cid"] == told["cid"]
    token = again["m"]["uri"].rpartition("/")[2]
    link = links.find(manual.ports, token)
    assert link is not None
    assert base64.b64encode(manual.ports.files.read(link.file, 0, link.size - 1)) == b"dGVzdA=="
    manual.say("dev/rsc/upd/res", b'{"res":"OK","cid":%d}' % again["cid"])
    manual.say("dev/rsc", b'{"rsc":{"X11_firmware":{"v":"1.2"}}}')
    found = manual.call("GET", f"{DEVICES}/{DEVICE}/resources/X11_firmware/updates/latest").body
    assert found["status"] == "DONE"
