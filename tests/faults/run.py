"""`python -m tests.faults.run FILE KIND,… [SCENARIO …]`: each AWS call of a handler fails once; tells what followed.

In a process of its own, because the tables' names and botocore's hooks last for a process.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ReadTimeoutError

from bench.units.answers import refused
from bench.units.awaited import Device
from bench.units.cloud import Cloud
from bench.units.live_objects import COMMANDS, CONFIGURATION, Bench
from chalicelib import wiring
from chalicelib.fleet.presence.mailbox import Mailbox
from infra.local import dynamodb

_MINUTE = 60_000
_GROUPS = "/api/v1/deviceMgt/groups"
KINDS = ("throttled", "timed out", "answer lost", "condition failed")


@dataclass(frozen=True, slots=True)
class Result:
    """`call` is the call that failed; `wrong` is empty where nothing was lost and the end is the same."""

    scenario: str
    call: str
    kind: str
    wrong: str


@dataclass
class Fault:
    """Lets the call with the number `at` fail, once."""

    kind: str
    at: int
    seen: int = 0
    hit: str = ""

    def before(self, function: str, model: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any] | None:
        if not self._due(function, model, parameters, lost=False):
            return None
        if self.kind == "timed out":
            raise ReadTimeoutError(endpoint_url="https://aws")
        if self.kind == "condition failed":
            return refused("ConditionalCheckFailedException", HTTPStatus.BAD_REQUEST)
        return refused("ThrottlingException", HTTPStatus.BAD_REQUEST)

    def after(self, function: str, model: Any) -> None:
        if self._due(function, model, {}, lost=True):
            raise ReadTimeoutError(endpoint_url="https://aws")

    def _due(self, function: str, model: Any, parameters: Mapping[str, Any], *, lost: bool) -> bool:
        """A condition fails where somebody else may have written: at a compare-and-set of a revision."""
        if lost is not (self.kind == "answer lost"):
            return False
        if self.kind == "condition failed" and not _contended(model, parameters):
            return False
        self.seen += 1
        if self.seen - 1 != self.at:
            return False
        self.hit = f"{function}: {model.service_model.service_name} {model.name}"
        return True


def _contended(model: Any, parameters: Mapping[str, Any]) -> bool:
    return model.name == "PutItem" and "revision" in parameters.get("ExpressionAttributeNames", {}).values()


class Trial:
    """One device, and what became of it."""

    def __init__(self, bench: Bench, number: int) -> None:
        self.bench = bench
        self.cloud = bench.cloud
        self.device = Device(f"urn:lo:nsid:faults:d{number}", filters=(COMMANDS, CONFIGURATION))
        self.session = self.cloud.connect(self.device, bench.key, COMMANDS, CONFIGURATION)
        self.cloud.settle()
        self.accepted: list[str] = []

    def order(self, **policy: Any) -> None:
        """A client that asks once; only what was answered with 201 was promised."""
        try:
            self.accepted.append(self.bench.order(self.device.client, **policy))
        except RuntimeError as refusal:
            if " 500 " not in str(refusal) and " 503 " not in str(refusal):
                raise

    def patrolled(self) -> None:
        """A quarter of an hour later the sweep has looked at everything."""
        self.cloud.settle()
        while self.cloud.timers:
            self.cloud.run_out()
            self.cloud.settle()
        self.cloud.clock.at += 17 * _MINUTE
        self.cloud.attempt("sweep", _SCHEDULED)
        self.cloud.settle()

    def statuses(self) -> set[str]:
        return {self.bench.ended(command) for command in self.accepted}

    def blocked(self) -> bool:
        mailbox = self.mailbox()
        return bool(mailbox.queue or mailbox.flights)

    def mailbox(self) -> Mailbox:
        found = wiring.ports().mailboxes.get(self.bench.tenant, self.device.client)
        if found is None:
            raise RuntimeError("the mailbox is gone")
        return found


Scenario = Callable[[Trial], Callable[[Fault], str]]


def telemetry(trial: Trial) -> Callable[[Fault], str]:
    trial.cloud.publish(trial.device, "dev/data", {"s": trial.device.client, "v": {"n": 1}})
    trial.cloud.settle()

    def wrong(_fault: Fault) -> str:
        kept = trial.bench.data("GET", f"data/streams/{quote(trial.device.client)}")
        return "" if len(kept) == 1 else f"{len(kept)} messages are kept"

    return wrong


def command_network(trial: Trial) -> Callable[[Fault], str]:
    trial.order(ackMode="NETWORK")
    trial.patrolled()
    # If the acknowledgement is lost between the device and the record, nobody knows of it: the attempt has failed.
    return lambda fault: _ended(trial, {"PROCESSED", "ERROR"} if "deliver" in fault.hit else {"PROCESSED"})


def command_applicative(trial: Trial) -> Callable[[Fault], str]:
    trial.device.answer = lambda topic, payload: ("dev/cmd/res", {"res": {}, "cid": payload["cid"]}) if topic else None
    trial.order(ackMode="APPLICATIVE", ackTimeoutInSeconds=60, attempts=2)
    trial.patrolled()
    return lambda _fault: _ended(trial, {"PROCESSED"})


def command_expired(trial: Trial) -> Callable[[Fault], str]:
    trial.cloud.disconnect(trial.device, trial.session)
    trial.cloud.settle()
    trial.order(expirationInSeconds=60)
    trial.patrolled()
    return lambda _fault: _ended(trial, {"EXPIRED"})


def coming_and_going(trial: Trial) -> Callable[[Fault], str]:
    """Connected already: goes, and comes back."""
    trial.cloud.disconnect(trial.device, trial.session)
    trial.cloud.settle()
    offline = not trial.mailbox().online
    session = _insisting(lambda: trial.cloud.connect(trial.device, trial.bench.key, COMMANDS, CONFIGURATION))
    trial.cloud.settle()

    def wrong(_fault: Fault) -> str:
        (presence,) = trial.mailbox().presence.values()
        if not offline:
            return "it counts as online after it went"
        return "" if presence.session == session and presence.capabilities else "it does not count as online"

    return wrong


def configuration(trial: Trial) -> Callable[[Fault], str]:
    trial.device.answer = lambda topic, payload: (
        ("dev/cfg", {"cfg": payload["cfg"], "cid": payload["cid"]}) if topic == CONFIGURATION else None
    )
    path = f"devices/{quote(trial.device.client)}/config"
    body = {"parameters": {"level": {"type": "STRING", "value": "high"}}}
    _insisting(lambda: trial.bench.request("POST", path, body))
    trial.cloud.settle()
    # What a device missed it is told at its next connection.
    trial.cloud.disconnect(trial.device, trial.session)
    trial.cloud.settle()
    _insisting(lambda: trial.cloud.connect(trial.device, trial.bench.key, COMMANDS, CONFIGURATION))
    trial.cloud.settle()

    def wrong(_fault: Fault) -> str:
        status = trial.bench.request("GET", path)["parameters"]["level"]["syncStatus"]
        return "" if status == "OK" else f"the parameter is {status}"

    return wrong


def administration(trial: Trial) -> Callable[[Fault], str]:
    """What people and their programs change; whoever is refused tries again."""
    bench, name = trial.bench, f"n{trial.bench.numbered}"

    def ask(method: str, path: str, body: Any = None) -> Any:
        return _insisting(lambda: bench.cloud.request(method, path, bench.key, body))

    def make(path: str, body: dict[str, str], named: str) -> str:
        """One made by the first try, whose answer was lost, is there already."""
        with suppress(RuntimeError):
            ask("POST", path, body)
        # Those of all trials before are there too: more than one page.
        return str(next(one["id"] for one in ask("GET", f"{path}?limit=1000") if one.get(named) == name))

    group = make(_GROUPS, {"pathNode": name}, "pathNode")
    ask("PUT", f"{_GROUPS}/{group}", {"pathNode": f"{name}-new"})
    device = f"/api/v1/deviceMgt/devices/{quote(trial.device.client)}"
    ask("PATCH", device, {"id": trial.device.client, "name": name, "group": {"id": group}})
    ask("PATCH", f"{device}/interfaces/mqtt:{quote(trial.device.client)}", {"enabled": False})
    trial.cloud.settle()

    def wrong(_fault: Fault) -> str:
        shown = ask("GET", device)
        found = shown["name"], shown["group"]["path"], shown["interfaces"][0]["enabled"]
        return "" if found == (name, f"/{name}-new", False) else f"it ends as {found}"

    return wrong


SCENARIOS: tuple[Scenario, ...] = (
    administration,
    telemetry,
    command_network,
    command_applicative,
    command_expired,
    coming_and_going,
    configuration,
)


def _ended(trial: Trial, expected: set[str]) -> str:
    statuses = trial.statuses()
    if not statuses <= expected:
        return f"a command that was accepted is {' and '.join(sorted(statuses))}"
    return "the mailbox is not empty" if trial.blocked() else ""


def _insisting(act: Callable[[], Any]) -> Any:
    """A client or a device that was refused tries again."""
    try:
        return act()
    except Exception:  # noqa: BLE001 - whatever it was that the fault made of it
        return act()


@contextmanager
def _failing(cloud: Cloud, fault: Fault) -> Iterator[None]:
    before, after = cloud.before, cloud.after
    cloud.before, cloud.after = fault.before, fault.after
    try:
        yield
    finally:
        cloud.before, cloud.after = before, after


def trials(bench: Bench, scenario: Scenario, kind: str) -> Iterator[Result]:
    """The scenario again and again, the fault one call later each time, until it is past the last call."""
    at = 0
    while True:
        bench.numbered += 1
        bench.cloud.timers.clear()
        trial = Trial(bench, bench.numbered)
        fault = Fault(kind, at)
        try:
            with _failing(bench.cloud, fault):
                check = scenario(trial)
            wrong = check(fault)
        except Exception as error:  # noqa: BLE001 - told as a result
            wrong = f"{type(error).__name__}: {error}"
            bench.cloud.forget()
        if not fault.hit:
            return
        yield Result(scenario.__name__, fault.hit, kind, wrong)
        at += 1


def main() -> None:
    wanted, kinds = sys.argv[3:], sys.argv[2].split(",")
    # As fast as the local stack's: moto would sort whole tables for every query.
    dynamodb.install()
    with Cloud().running() as cloud:
        bench = Bench(cloud)
        chosen = [s for s in SCENARIOS if not wanted or s.__name__ in wanted]
        results = [asdict(r) for s in chosen for kind in kinds for r in trials(bench, s, kind)]
    Path(sys.argv[1]).write_text(json.dumps(results))


_SCHEDULED = {
    "version": "0",
    "id": "sweep",
    "source": "aws.events",
    "account": "1",
    "time": "2027-01-15T08:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail-type": "Scheduled Event",
    "detail": {},
}

if __name__ == "__main__":
    main()
