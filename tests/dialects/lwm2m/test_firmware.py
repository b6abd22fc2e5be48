"""Firmware by object 5: Cumulocity's operation through every step, whatever a device, a gateway or time does to it."""

import json
from itertools import product
from typing import Any

import pytest

from chalicelib.fleet.twin import firmware
from chalicelib.fleet.twin import operation_states as states
from chalicelib.fleet.twin.operation_states import Silence
from chalicelib.fleet.twin.records import FirmwareStep, Operation, OperationStatus, OperationType
from tests.dialects.cumulocity.client import Client as Cumulocity
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import URN, Endpoint, content, provision

pytestmark = pytest.mark.row("F5", "J2")
OBJECTS, OPERATIONS = "/inventory/managedObjects", "/devicecontrol/operations"
LINKS = '</>;rt="oma.lwm2m";ct="60 110",</1/0>,</3/0>,</5/0>'
URI = "coaps://files.example/meter-2.4.bin"
FIRMWARE = {"c8y_Firmware": {"name": "meter", "version": "2.4", "url": URI}}
WRITTEN, LOOKED, INSTALLED = ("PUT", "5/0/1"), ("GET", "5/0"), ("POST", "5/0/2")
CHANGED = {"code": "2.04"}
MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture
def cumulocity() -> Cumulocity:
    return Cumulocity()


@pytest.fixture
def client(cumulocity: Cumulocity) -> Client:
    client = Client()
    client.ports, client.tenant, client.secret = cumulocity.ports, cumulocity.tenant, cumulocity.secret
    return client


class Updated(Endpoint):
    """A device with object 5, told what its state and result are."""

    def stand(self, state: int | None, result: int | None) -> None:
        known = {"3": state, "5": result}
        values = [{"n": f"/5/0/{number}", "v": value} for number, value in known.items() if value is not None]
        self.answers["GET /5/0"] = content(json.dumps(values).encode(), 110)

    def steps(self) -> list[tuple[str, str]]:
        """What it was asked since the last time."""
        asked = [(each["method"], "/".join(each["path"])) for each in self.asked]
        self.asked.clear()
        return asked


class Update:
    def __init__(self, cumulocity: Cumulocity, client: Client) -> None:
        self.cumulocity, self.client, self.path = cumulocity, client, provision(client)
        self.device = Updated(client)
        assert self.device.connect()
        assert self.device.register(LINKS, lifetime=30 * 86_400) == "2.01"
        self.device.answers |= {"PUT /5/0/1": CHANGED, "POST /5/0/2": CHANGED}
        self.device.stand(0, 0)
        (found,) = cumulocity.get(OBJECTS, type="homeport_LwM2M").body["managedObjects"]
        self.number = found["id"]

    def order(self, **fragments: Any) -> str:
        self.id = str(self.cumulocity.made(OPERATIONS, {"deviceId": self.number, **(fragments or FIRMWARE)})["id"])
        return self.id

    @property
    def standing(self) -> tuple[str, str | None]:
        found = self.cumulocity.get(f"{OPERATIONS}/{self.id}").body
        return found["status"], found.get("failureReason")

    def later(self, ms: int = MINUTE) -> list[tuple[str, str]]:
        """What the device is asked after a while."""
        self.client.ports.clock.advance(ms=ms)
        self.device.work()
        return self.device.steps()


@pytest.fixture
def update(cumulocity: Cumulocity, client: Client) -> Update:
    return Update(cumulocity, client)


def test_a_package_is_downloaded_installed_and_reported(update: Update) -> None:
    update.order()
    device = update.device
    answer = device.work()
    assert device.steps() == [WRITTEN]
    assert answer["at"] == update.client.ports.clock.now() + 10_000
    device.stand(1, 0)
    assert update.later(10_000) == [LOOKED]
    assert update.later(10_000) == []
    device.stand(2, 0)
    assert update.later(20_000) == [LOOKED, INSTALLED]
    device.stand(3, 0)
    assert update.later() == [LOOKED]
    assert update.standing == ("PENDING", None)
    device.stand(0, 1)
    assert device.register(LINKS) == "2.01"
    device.work(awaited=True)
    assert (device.steps(), update.standing) == ([LOOKED], ("SUCCESSFUL", None))
    (seen,) = update.client.call("GET", f"{update.path}/twin/operations").body
    assert seen["status"] == "OK"
    assert {"firmware", "command"}.isdisjoint(seen)
    shown = update.client.call("GET", f"{update.path}/twin/objects/5/0").body["attributes"]
    assert {each["path"]: each["content"]["reportedValue"] for each in shown} == {"/5/0/3": "0", "/5/0/5": "1"}


def test_the_uri_is_written_as_it_is(update: Update) -> None:
    update.order(c8y_Firmware={"url": f"  {URI} "})
    update.device.answers.clear()
    update.device.work()
    seen = [each for each in update.device.asked if each["method"] == "PUT"]
    assert [each["payload"] for each in seen] == ["Y29hcHM6Ly9maWxlcy5leGFtcGxlL21ldGVyLTIuNC5iaW4="]
    status, reason = update.standing
    assert (status, str(reason).startswith("DEVICE_ERROR")) == ("FAILED", True)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "no url"),
        ({"url": ""}, "no url"),
        ({"url": 7}, "no url"),
        ("text", "no url"),
        ({"url": "coap://x/" + "é" * 124}, "255 bytes"),
    ],
)
def test_firmware_that_nobody_could_download_has_failed(update: Update, asked: Any, said: str) -> None:
    update.order(c8y_Firmware=asked)
    status, reason = update.standing
    assert (status, said in str(reason)) == ("FAILED", True)
    update.device.work()
    assert update.device.steps() == []


def test_what_is_asked_meanwhile_does_not_wait(update: Update) -> None:
    update.order()
    update.device.work()
    update.device.steps()
    update.client.call("POST", f"{update.path}/twin/operations", {"type": "READ", "paths": ["/3/0/9"]})
    update.device.work()
    assert update.device.steps() == [("GET", "3/0/9")]


def test_a_device_that_restarts_before_it_answers_is_asked_what_came_of_it(update: Update) -> None:
    update.order()
    update.device.answers["POST /5/0/2"] = {"silence": "UNACKNOWLEDGED"}
    update.device.stand(2, 0)
    update.device.work()
    update.device.steps()
    assert update.later() == [LOOKED, INSTALLED]
    update.device.answers["GET /5/0"] = {"silence": "UNACKNOWLEDGED"}
    assert update.later() == [LOOKED]
    update.device.stand(0, 1)
    assert update.later(10 * MINUTE) == [LOOKED]
    assert update.standing == ("SUCCESSFUL", None)


def test_whoever_sent_a_step_dies_and_another_one_goes_on(update: Update) -> None:
    update.order()
    device = update.device
    device.stand(2, 0)
    device.work()
    update.client.ports.clock.advance(ms=MINUTE)
    event = {"principal": device.principal, "awaited": False}
    looked = device.event("next", **event, holder="run-1")
    done = {"work": looked["work"], **device.answers["GET /5/0"]}
    installs = device.event("next", **event, holder="run-1", done=done)
    assert installs["request"]["path"] == ["5", "0", "2"]
    device.holder = "run-2"
    device.stand(3, 0)
    device.steps()
    assert (device.work().get("at") is not None, device.steps()) == (True, [])
    # What the first run hears late, twice, is of a step that is over.
    for _ in range(2):
        device.event("next", **event, holder="run-1", done={"work": installs["work"], **CHANGED})
    device.stand(0, 1)
    assert (update.later(), update.standing) == ([LOOKED], ("SUCCESSFUL", None))


def test_one_that_was_called_off_goes_no_further(update: Update) -> None:
    update.order()
    update.device.work()
    update.device.steps()
    update.device.stand(2, 0)
    called_off = {"status": "FAILED", "failureReason": "called off"}
    assert update.cumulocity.call("PUT", f"{OPERATIONS}/{update.id}", called_off).status == 200
    assert update.later() == []
    assert update.standing == ("FAILED", "called off")


def test_one_that_never_hears_it_is_told_thrice(update: Update) -> None:
    update.order()
    update.device.stand(2, 0)
    update.device.work()
    told = [step for _ in range(9) for step in update.later()]
    assert told.count(INSTALLED) == firmware.MOST_INSTALLS
    status, reason = update.standing
    assert (status, "does not begin" in str(reason)) == ("FAILED", True)


@pytest.mark.parametrize(("stands", "said"), [((1, 0), "downloading after 24 hours"), ((0, 0), "idle after 24 hours")])
def test_a_day_is_enough_to_download(update: Update, stands: tuple[int, int], said: str) -> None:
    update.order()
    update.device.stand(*stands)
    update.device.work()
    update.device.steps()
    assert update.later(23 * HOUR) == [LOOKED]
    assert update.standing == ("PENDING", None)
    assert update.later(2 * HOUR) == [LOOKED]
    status, reason = update.standing
    assert (status, said in str(reason)) == ("FAILED", True)


def test_another_tenant_orders_nothing(update: Update) -> None:
    other = Cumulocity(update.cumulocity.ports, "umbrella")
    assert other.call("POST", OPERATIONS, {"deviceId": update.number, **FIRMWARE}).status >= 400
    update.device.work()
    assert update.device.steps() == []
    assert URN in update.path


# The table of steps

NOW, BEGAN = 1_700_000_000_000, 1_699_999_000_000
STATES: tuple[object, ...] = (None, 0, 1, 2, 3, 4, b"\x02")
RESULTS: tuple[object, ...] = (None, *range(13), b"\x01")


def standing(step: FirmwareStep, installs: int = 1) -> Operation:
    """Sent, in a step."""
    made = firmware.operation("0" * 32, BEGAN, URI, "c")
    update = made.firmware
    assert update is not None
    while update.step is not step:
        sent = states.taken(made, "run", NOW, "d")
        assert sent is not None
        values: firmware.Values = {firmware.STATE: 2, firmware.RESULT: 0}
        after = firmware.answered(sent, values, NOW)
        assert isinstance(after, Operation)
        assert after.firmware is not None
        made, update = after, after.firmware
    assert update.installs == (0 if step in {FirmwareStep.PACKAGE, FirmwareStep.DOWNLOAD} else installs)
    sent = states.taken(made, "run", NOW, "d")
    assert sent is not None
    return sent


def expected(step: FirmwareStep, state: object, result: object) -> str:
    """By the standard's two tables, as somebody reads them."""
    if step is FirmwareStep.DOWNLOAD:
        if state == 0 and isinstance(result, int) and result not in {0, 1, 11}:
            return "FAILED"
        nexts: dict[object, str] = {0: "DOWNLOAD", 1: "DOWNLOAD", 2: "INSTALL", 3: "RESULT"}
        return nexts.get(state, "FAILED")
    if result is None or isinstance(result, bytes):
        return "FAILED"
    if result == 1:
        return "RESULT" if state == 3 else "OK"
    if result in {0, 11}:
        return "INSTALL" if state == 2 and result == 0 else "RESULT"
    return "FAILED"


@pytest.mark.parametrize("step", [FirmwareStep.DOWNLOAD, FirmwareStep.RESULT])
def test_what_a_device_reports_decides_on_the_next_step(step: FirmwareStep) -> None:
    for state, result in product(STATES, RESULTS):
        values = {firmware.STATE: state, firmware.RESULT: result}
        known = {path: value for path, value in values.items() if value is not None}
        after = states.answered(standing(step), known, NOW)
        assert after is not None
        became = str(after.status)
        if after.status is OperationStatus.PENDING:
            assert after.firmware is not None
            became = str(after.firmware.step)
            assert (after.holder, after.draw, after.attempts_left) == ("", "", True)
            assert (after.retry_at > NOW) == (after.type is OperationType.READ)
        assert became == expected(step, state, result), (step, state, result)
        if after.status is OperationStatus.FAILED:
            assert after.failure is not None
            assert after.failure.details


def test_a_device_that_is_not_ready_is_looked_at_less_and_less_often() -> None:
    made, now, pauses = standing(FirmwareStep.DOWNLOAD), NOW, []
    for _ in range(5):
        after = firmware.answered(made, {firmware.STATE: 1, firmware.RESULT: 0}, now)
        assert isinstance(after, Operation)
        pauses.append(after.retry_at - now)
        now = after.retry_at
        sent = states.taken(after, "run", now, "d")
        assert sent is not None
        made = sent
    assert pauses == [30_000, 60_000, 300_000, 300_000, 300_000]


@pytest.mark.parametrize("step", list(FirmwareStep))
def test_only_a_step_that_was_sent_is_answered_and_silence_is_no_answer(step: FirmwareStep) -> None:
    sent = standing(step)
    for why in Silence:
        after = states.silent(sent, why, NOW)
        assert after is not None
        if step is FirmwareStep.INSTALL and why is not Silence.REJECTED:
            assert after.firmware is not None
            assert after.firmware.step is FirmwareStep.RESULT
        else:
            rejected = step is FirmwareStep.INSTALL
            assert after.status is (OperationStatus.FAILED if rejected else OperationStatus.RETRYING)
        for event in (states.answered(after, {}, NOW), states.silent(after, why, NOW), states.lost(after, NOW)):
            assert event is None
    lost = states.lost(sent, NOW)
    assert lost is not None
    assert lost.waiting
