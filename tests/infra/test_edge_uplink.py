"""What the edge does with events that AWS does not take."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError

from infra.edge.dead_letters import DeadLetters
from infra.edge.uplink import MOST_EVENT, NotTaken, Uplink, is_permanent
from infra.local.spool import Spool
from tests.clients import until


def refused(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Invoke")


class Functions:
    """A Lambda client; `errors` says, by the event's client, what it raises."""

    def __init__(self) -> None:
        self.errors: dict[str, Exception] = {}
        self.taken: list[str] = []
        self.tries: Counter[str] = Counter()
        self.threads: set[int] = set()

    def invoke(self, **call: Any) -> None:
        event = json.loads(call["Payload"])
        self.tries[event["client"]] += 1
        self.threads.add(threading.get_ident())
        if error := self.errors.get(event["client"]):
            raise error
        self.taken.append(f"{event['client']}{event.get('n', '')}")


class Rig:
    def __init__(self, folder: Path) -> None:
        self.functions = Functions()
        self.spool = Spool(folder / "spool")
        self.letters = folder / "dead-letters.jsonl"
        self.uplink = Uplink(
            self.spool,
            lambda: self.functions,
            "homeport-x-",
            dead_letters=DeadLetters(self.letters),
            first_pause=0.01,
            most_waiting=50,
        )

    def send(self, client: str, n: int = 0, **more: Any) -> None:
        self.uplink.invoke("uplink", {"client": client, "n": n, **more})

    def dead(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.letters.read_text().splitlines()] if self.letters.exists() else []

    def waiting(self) -> int:
        return sum(1 for _ in self.spool.pending())


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.uplink.stop(2)
    made.spool.close()


PASSING = [
    refused("TooManyRequestsException", 429),
    refused("ServiceException", 500),
    refused("ResourceNotFoundException", 404),
    refused("AccessDeniedException", 403),
    refused("ExpiredTokenException", 403),
    EndpointConnectionError(endpoint_url="https://lambda"),
    ReadTimeoutError(endpoint_url="https://lambda"),
    OSError("no route"),
]
PERMANENT = [
    refused("RequestTooLargeException", 413),
    refused("413", 413),
    refused("InvalidRequestContentException", 400),
    refused("ValidationException", 400),
    ParamValidationError(report="Payload"),
]


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_what_passes_is_tried_again_until_it_is_taken(rig: Rig, error: Exception) -> None:
    assert not is_permanent(error)
    rig.functions.errors["a"] = error
    rig.send("a", 1)
    rig.send("a", 2)
    until(lambda: rig.functions.tries["a"] > 2)
    assert rig.functions.taken == []
    del rig.functions.errors["a"]
    until(lambda: rig.functions.taken == ["a1", "a2"])
    assert rig.dead() == []
    until(lambda: rig.waiting() == 0)


@pytest.mark.parametrize("error", PERMANENT, ids=str)
def test_what_will_never_be_taken_is_a_dead_letter_and_holds_nobody_up(rig: Rig, error: Exception) -> None:
    assert is_permanent(error)
    rig.functions.errors["poison"] = error
    rig.send("poison", 1)
    rig.send("b", 2)
    until(rig.dead)
    (letter,) = rig.dead()
    assert (letter["function"], letter["event"]) == ("uplink", {"client": "poison", "n": 1})
    assert type(error).__name__ in letter["error"]
    assert rig.functions.tries["poison"] == 1
    until(lambda: rig.functions.taken == ["b2"])
    until(lambda: rig.waiting() == 0)


def test_a_dead_letter_that_cannot_be_written_is_still_an_event(rig: Rig) -> None:
    rig.letters.mkdir()
    rig.functions.errors["poison"] = PERMANENT[0]
    rig.send("poison")
    until(lambda: rig.functions.tries["poison"] > 1)
    assert rig.waiting() == 1
    rig.letters.rmdir()
    until(rig.dead)
    until(lambda: rig.waiting() == 0)


def test_a_thousand_clients_that_fail_hold_up_nobody(rig: Rig) -> None:
    """Many more than there are threads: none of them waits in one."""
    for number in range(1000):
        rig.functions.errors[f"f{number}"] = PASSING[0]
        rig.send(f"f{number}")
    until(lambda: len(rig.functions.tries) == 1000)
    rig.send("well", 1)
    until(lambda: rig.functions.taken == ["well1"])
    assert len(rig.functions.threads) <= 32


def test_one_client_fills_its_own_share_and_no_more(rig: Rig) -> None:
    rig.functions.errors["flood"] = PASSING[1]
    sent: list[int] = []

    def flood() -> None:
        for number in range(60):
            rig.send("flood", number)
            sent.append(number)

    with pytest.raises(NotTaken, match="50 events"):
        flood()
    rig.send("other", 1)
    until(lambda: rig.functions.taken == ["other1"])
    until(lambda: rig.waiting() == len(sent))
    # One that is being tried at a moment does not wait.
    assert len(sent) in (50, 51)


def test_what_lambda_would_not_take_is_not_acknowledged(rig: Rig) -> None:
    with pytest.raises(NotTaken, match="more than Lambda takes"):
        rig.send("a", payload="x" * MOST_EVENT)
    assert rig.waiting() == 0


def test_a_replay_keeps_the_order_of_each_client(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for number in range(1200):  # more than a page
        spool.add("uplink", json.dumps({"client": f"c{number % 3}", "n": number}))
    functions = Functions()
    uplink = Uplink(spool, lambda: functions, "x-")
    assert uplink.replay() == 1200
    uplink.invoke("uplink", {"client": "c0", "n": 1200})
    until(lambda: len(functions.taken) == 1201)
    uplink.stop(2)
    spool.close()
    for client in ("c0", "c1", "c2"):
        numbers = [int(one.removeprefix(client)) for one in functions.taken if one.startswith(client)]
        assert numbers == sorted(numbers)
