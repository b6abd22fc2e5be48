"""The probe, against the local stack: that it asks what it says, and leaves nothing behind."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.probes.questions import BY_HAND, NUMBERED, Asked
from tests.clients import Rest
from tests.local.running import RunningStack

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def answers(running_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("probe") / "answers.json"
    command = [sys.executable, "-m", "infra", "probe", "--tenant", running_stack.tenant, "--json", "--out", str(out)]
    environment = {**os.environ, "HOMEPORT_DATA": str(running_stack.data)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded: list[dict[str, Any]] = json.loads(done.stdout)
    assert json.loads(out.read_text()) == loaded
    return loaded


def answer(answers: list[dict[str, Any]], word: str) -> dict[str, Any]:
    (found,) = [a for a in answers if word in a["question"]]
    return found


@pytest.mark.parametrize("word", ["ALPN", "direct messages", "ListSubscriptions"])
def test_the_stand_in_is_what_the_product_hopes_aws_is(answers: list[dict[str, Any]], word: str) -> None:
    assert answer(answers, word)["yes"], answers


def test_a_subscription_with_qos_2_is_not_answered(answers: list[dict[str, Any]]) -> None:
    assert not answer(answers, "QoS 2 answered?")["yes"]


def test_a_connection_that_has_gone_is_told_so(answers: list[dict[str, Any]]) -> None:
    gone = answer(answers, "has gone")
    assert gone["yes"], gone
    assert gone["found"].startswith("within ")


def test_a_kept_session_outlives_a_deletion_of_no_connection(answers: list[dict[str, Any]]) -> None:
    """As the stand-in has it, which answers 404."""
    kept = answer(answers, "end the kept session")
    assert kept["yes"] is False
    assert "ResourceNotFoundException" in kept["found"]
    assert "still there" in kept["found"]


def test_every_question_is_asked_or_said_how_it_is_settled(answers: list[dict[str, Any]]) -> None:
    assert {a["question"] for a in answers} == set(Asked)
    assert all(a["found"] for a in answers)


AS_ON_AWS = {
    Asked.NAMELESS: False,
    Asked.REFUSED_5: True,
    Asked.FILTER: True,
    Asked.FORBIDDEN_WILL: True,
    Asked.WILL: True,
    Asked.RETAINED: True,
    Asked.BASIC_INGEST: True,
    Asked.RULE_PRINCIPAL: True,
    Asked.OTHERS_SESSION: False,
    Asked.FLOOD: True,
    Asked.DEEP: True,
    Asked.SLASHES: True,
    Asked.CHUNKED: True,
    Asked.SEMICOLON: True,
    Asked.HEAD: True,
}
"""What the stand-in answers, as AWS's documentation has it or as we guess."""


UNHURRIED = {Asked.FLOOD}
"""What a machine that has other things to do may not get to ask: it sends no hundred messages a second."""


@pytest.mark.parametrize("asked", AS_ON_AWS)
def test_the_stand_in_answers_as_its_pages_say(answers: list[dict[str, Any]], asked: Asked) -> None:
    (found,) = [a for a in answers if a["question"] == asked]
    assert found["yes"] is AS_ON_AWS[asked] or (found["yes"] is None and asked in UNHURRIED), found


ROW = re.compile(r"^ {0,1}(\d+)\. ", re.MULTILINE)


def test_each_question_of_the_page_has_its_steps_and_each_step_its_question() -> None:
    page = (ROOT / "docs" / "aws-limits.md").read_text()
    chapter = page.partition("## What only a real account can settle")[2].partition("\n## ")[0]
    assert [int(number) for number in ROW.findall(chapter)] == list(NUMBERED)
    steps = [asked for every in NUMBERED.values() for asked in every]
    assert len(steps) == len(set(steps))
    assert set(steps) == set(Asked)


def test_what_is_settled_by_hand_is_what_no_device_finds_out(answers: list[dict[str, Any]]) -> None:
    """Of the rest only what needs API Gateway itself or a gateway to replace is not asked of the local stack."""
    unasked = {a["question"] for a in answers if a["yes"] is None}
    heard = {Asked.PRINCIPAL, Asked.SESSION, Asked.STAMPS}
    assert unasked - UNHURRIED == {*BY_HAND, *heard, Asked.RESOURCE_PATH, Asked.REPLACED}


def test_the_probe_leaves_no_device_and_no_key(answers: list[dict[str, Any]], running_stack: RunningStack) -> None:
    assert answers
    rest = Rest(running_stack)
    assert not [d for d in rest.ok("GET", "/api/v1/deviceMgt/devices") if "probe" in d["id"]]
    assert "probe" not in str(rest.ok("GET", "/api/v0/apiKeys"))
