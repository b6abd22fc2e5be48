"""Whatever devices say through the whole stack is answered, is no dead letter, and no error of ours in the log."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator

import cbor2
import pytest

from infra.gateway.coap.message import Response
from infra.gateway.coap.numbers import Code
from tests.clients import PATIENCE_S, Rest, until
from tests.local.running import REPOSITORY, RunningStack
from tests.lwm2m.conftest import RULES, Devices, Provision, provisioning
from tests.lwm2m.device import WireDevice, content

LINKS = b'</>;rt="oma.lwm2m";ct="60 110 112",</1/0>,</3/0>,</5>;ver=1.1,</3303/0>;pmin=1'
SENML_JSON, SENML_CBOR, TLV, JSON, TEXT, OPAQUE, CBOR, LINK_FORMAT = 110, 112, 11542, 11543, 0, 42, 60, 40
RECORDS = [{"bn": "/3303/0/", "bt": 1_700_000_000, "n": "5700", "v": 20.5}, {"n": "5701", "vs": "Cel", "t": 1}]
GOOD: tuple[tuple[int, bytes], ...] = (
    (SENML_JSON, json.dumps(RECORDS).encode()),
    (SENML_CBOR, cbor2.dumps([{-2: "/3303/0/", -3: 1_700_000_000, 0: "5700", 2: 20.5}, {0: "5701", 3: "Cel", 6: 1}])),
    (JSON, b'{"bn":"/3303/0/","bt":25462634,"e":[{"n":"5700","v":20.5,"t":-5},{"n":"5701","sv":"Cel"}]}'),
    (TLV, bytes.fromhex("e4164441a40000e316454365 6c".replace(" ", ""))),
    (CBOR, cbor2.dumps(20.5)),
    (TEXT, b"20.5"),
    (OPAQUE, bytes(range(32))),
)
ODD: tuple[tuple[int, bytes], ...] = (
    *((format_, b"") for format_, _ in GOOD),
    (SENML_JSON, b'[{"n":"/3303/0/5700"}]'),
    (SENML_JSON, b'[{"bn":"/3303/0/5700/1/2","v":1}]'),
    (SENML_JSON, b'[{"n":"/3303/0/5700","v":1,"vs":"a","vb":true}]'),
    (SENML_JSON, b'[{"bver":11,"n":"/3303/0/5700","v":1}]'),
    (SENML_JSON, b'[{"n":"/3303/0/5700","v":1e400}]'),
    (SENML_JSON, b"[" * 3000),
    (SENML_CBOR, bytes.fromhex("9b7fffffffffffffff")),
    (SENML_CBOR, bytes.fromhex("c2581f") + bytes(31)),
    (TLV, bytes.fromhex("f8ffffff")),
    (9999, b"anything"),
    (65535, b"\x00"),
)
CHANGES, TURNS = 16, 3
Speak = Callable[[int, bytes], int]


@pytest.fixture(scope="module")
def own() -> Iterator[RunningStack]:
    with RunningStack() as stack:
        yield stack


@pytest.fixture
def rest(own: RunningStack) -> Iterator[Rest]:
    rest = Rest(own)
    yield rest
    rest.close()


@pytest.fixture
def provision(own: RunningStack, rest: Rest, devices: Devices) -> Provision:
    return provisioning(own, rest, devices)


@pytest.fixture
def nothing_failed(own: RunningStack) -> Iterator[None]:
    yield
    command = [sys.executable, "-m", "infra", "redrive", "--dry-run", "--json"]
    ran = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=own.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ran.returncode, json.loads(ran.stdout)["found"]) == (0, 0), ran.stderr
    assert "Traceback" not in own.log, own.log


def changed(chance: random.Random, payload: bytes) -> bytes:
    """A payload with some bytes exchanged, left out or doubled."""
    data = bytearray(payload)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = chance.randbytes(1)
            case 1:
                del data[at : at + chance.randint(1, 8)]
            case 2:
                data[at:at] = data[at : at + chance.randint(1, 8)]
            case _:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(data)


def odd_payloads(chance: random.Random) -> list[tuple[int, bytes]]:
    mutated = [(format_, changed(chance, payload)) for format_, payload in GOOD for _ in range(CHANGES // 2)]
    elsewhere = [(chance.choice(GOOD)[0], payload) for _, payload in GOOD]
    return [*ODD, *mutated, *elsewhere]


def registered(provision: Provision) -> tuple[str, WireDevice]:
    path, device = provision()
    device.connect()
    assert device.register(LINKS.decode()) == Code.CREATED
    return path, device


def is_answer(code: int) -> bool:
    """Of what is the device's to mend, or good."""
    return code >> 5 in {2, 4}


@pytest.mark.usefixtures("nothing_failed")
def test_every_report_is_taken_or_refused(rest: Rest, provision: Provision) -> None:
    rest.post(RULES, {"name": "all", "type": "PASSTHROUGH", "paths": ["/3303", "/3"]})
    payloads = odd_payloads(random.Random(2611))
    # Each device may say a hundred things in ten seconds.
    for part in range(0, len(payloads), 60):
        path, device = registered(provision)
        for format_, payload in payloads[part : part + 60]:
            code = device.ask(Code.POST, "dp", payload=payload, format=format_).code
            assert is_answer(code), (Code(code), format_, payload)
        good_format, good = GOOD[0]
        assert device.ask(Code.POST, "dp", payload=good, format=good_format).code == Code.CHANGED
        shown = rest.get(f"{path}/twin/objects/3303/0")["attributes"]
        assert "20.5" in [each["content"]["reportedValue"] for each in shown if each["path"] == "/3303/0/5700"]


@pytest.mark.usefixtures("nothing_failed")
def test_every_registration_is_taken_or_refused(rest: Rest, provision: Provision) -> None:
    chance = random.Random(1126)
    path, device = registered(provision)
    for number in range(50):
        links = changed(chance, LINKS)
        query = chance.choice(["lwm2m=1.1&lt=300", "lwm2m=9", "lt=-1", "lwm2m=1.0&b=UQ&lt=9", "", "Q&Q&sms=&=&b=X"])
        where = ("rd",) if number % 2 else ("rd", device.location)
        asked = f"ep={device.endpoint}&{query}" if number % 2 else query
        answer = device.ask(Code.POST, *where, payload=links, format=LINK_FORMAT, query=asked)
        assert is_answer(answer.code), (Code(answer.code), links, asked)
    assert device.register(LINKS.decode()) == Code.CREATED
    assert rest.get(path)["interfaces"][0]["status"] == "ONLINE"


@pytest.mark.usefixtures("nothing_failed")
def test_every_operation_comes_to_its_end_whatever_is_answered(rest: Rest, provision: Provision) -> None:
    path, device = registered(provision)
    operations = f"{path}/twin/operations"
    answers = [*ODD, *((format_, changed(random.Random(7), payload)) for format_, payload in GOOD)]
    for format_, payload in answers:
        device.model.answers["GET /3303/0"] = content(payload, format_)
        made = rest.post(operations, {"type": "READ", "paths": ["/3303/0"]})["id"]
        until(lambda made=made: rest.get(f"{operations}/{made}")["status"] in {"OK", "FAILED"})  # type: ignore[misc]
    device.model.answers["GET /3303/0"] = Response(Code.CONTENT, b"no format at all")
    made = rest.post(operations, {"type": "READ", "paths": ["/3303/0"]})["id"]
    until(lambda: rest.get(f"{operations}/{made}")["status"] in {"OK", "FAILED"})
    assert rest.get(f"{path}/twin/objects/3303/0")["path"] == "/3303/0"
