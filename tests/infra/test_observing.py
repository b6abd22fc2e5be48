"""How an operator hears the broker's events, and what follows from them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials

from infra import observing
from infra.probes.questions import Answer
from tests.local.running import RunningStack

NOW = 1_800_000_000.0
HOST = "a1b2-ats.iot.cn-north-1.amazonaws.com.cn"


def event(kind: str, session: str, *, principal: str = "key-1", off: float = 0.0) -> dict[str, Any]:
    at = int((NOW - off) * 1000)
    return {
        "eventType": kind,
        "sessionIdentifier": session,
        "principalIdentifier": principal,
        "timestamp": at,
        "heardAt": NOW,
    }


def words(answers: list[Answer]) -> list[bool | None]:
    return [answer.yes for answer in answers]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], [None, None, None]),
        ([event("connected", "s1")], [True, None, True]),
        ([event("connected", "s1"), event("disconnected", "s1")], [True, True, True]),
        ([event("connected", "s1", off=149), event("disconnected", "s2")], [True, False, True]),
        ([event("disconnected", "s1"), event("connected", "s1", principal="x")], [False, True, True]),
        ([event("connected", "s1", off=-151), event("disconnected", "s1")], [True, True, False]),
        ([event("connected", ""), event("disconnected", "")], [True, False, True]),
    ],
)
def test_events_say_whose_they_are_and_when(events: list[dict[str, Any]], said: list[bool | None]) -> None:
    assert words(observing.judged(events, "key-1")) == said


@pytest.mark.parametrize("token", [None, "FwoG/+="])
def test_the_operator_signs_in_by_the_path(token: str | None) -> None:
    path = observing.signed_path(HOST, "cn-north-1", ReadOnlyCredentials("AKID", "secret", token))
    parts = urlsplit(path)
    assert parts.path == "/mqtt"
    said = {name: value for name, (value,) in parse_qs(parts.query).items()}
    assert said["X-Amz-Credential"].startswith("AKID/")
    assert said["X-Amz-Credential"].endswith("/cn-north-1/iotdevicegateway/aws4_request")
    assert said["X-Amz-SignedHeaders"] == "host"
    assert said.get("X-Amz-Security-Token") == token
    # It follows the signature, which is not over it.
    assert parts.query.index("X-Amz-Signature") < parts.query.find("X-Amz-Security-Token") or token is None


def test_who_is_not_let_in_is_told_so(running_stack: RunningStack) -> None:
    path = observing.signed_path("localhost", "eu-west-1", ReadOnlyCredentials("AKID", "secret", None))
    hearing = observing.hearing(
        "localhost", running_stack.mqtts, path, "operator", str(running_stack.ca), ["$aws/events/presence/+/d"]
    )
    with pytest.raises(OSError, match="localhost"), hearing:
        pytest.fail("it was let in")
