"""No stage in production without somebody having tried whether the account can serve it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import botocore.session
import click
import pytest
from click.testing import CliRunner
from moto import mock_aws

from infra.__main__ import main
from infra.cli.deploying import ensure_proven
from infra.cli.doctoring import account
from infra.probes import proof
from infra.probes.questions import Answer, Asked, left
from infra.settings import Settings
from infra.stage import Stage

EVERY = [Answer(asked, yes=True, found="so") for asked in Asked]
PROD = Stage("prod")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")
    with mock_aws():
        yield lambda service: botocore.session.get_session().create_client(service)


def test_what_was_found_is_kept_and_read_again(clients: Any) -> None:
    assert proof.read(clients("ssm")) is None
    proof.keep(clients("ssm"), proof.of(EVERY, "2026-11-30"))
    later = replace(proof.of(EVERY, "2026-12-01"), answers={**proof.of(EVERY, "").answers, Asked.GONE: None})
    proof.keep(clients("ssm"), later)
    assert proof.read(clients("ssm")) == later


def test_all_answers_fit_into_a_parameter_that_costs_nothing() -> None:
    assert len(proof.of(EVERY, "2026-11-30").text()) < 4_096


@pytest.mark.parametrize("asked", proof.REQUIRED)
@pytest.mark.parametrize("yes", [False, None])
def test_what_is_not_so_is_named(asked: Asked, *, yes: bool | None) -> None:
    found = [replace(answer, yes=yes) if answer.question == asked else answer for answer in EVERY]
    assert asked in str(proof.unproven(proof.of(found, "2026-11-30")))


def test_what_is_nothing_to_a_fleet_is_no_reason() -> None:
    found = [replace(answer, yes=answer.question in proof.REQUIRED) for answer in EVERY]
    assert proof.unproven(proof.of(found, "2026-11-30")) is None


def test_production_is_refused_in_one_line_that_says_what_to_do(clients: Any) -> None:
    assert clients
    done = CliRunner().invoke(main, ["deploy", "--stage", "prod"])
    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert "infra probe" in line
    assert "--unproven" in line


def test_production_is_let_through_once_it_is_proven(clients: Any) -> None:
    proof.keep(clients("ssm"), proof.of(EVERY, "2026-11-30"))
    ensure_proven(PROD, Settings(), clients)
    proof.keep(clients("ssm"), proof.of([replace(answer, yes=False) for answer in EVERY], "2026-11-30"))
    with pytest.raises(click.ClickException, match="2026-11-30"):
        ensure_proven(PROD, Settings(), clients)


def test_a_stage_for_trials_and_one_that_an_edge_serves_need_no_proof(clients: Any) -> None:
    ensure_proven(Stage("trial"), Settings(), clients)
    ensure_proven(PROD, Settings(iot_endpoint="http://10.0.0.7:8081"), clients)


@pytest.mark.parametrize(("stage", "good"), [("prod", False), ("trial", None)])
def test_the_doctor_says_that_nobody_has_asked(clients: Any, stage: str, *, good: bool | None) -> None:
    (found,) = [each for each in account(Stage(stage), clients) if "probe" in each.what]
    assert found.good is good
    proof.keep(clients("ssm"), proof.of(EVERY, "2026-11-30"))
    (found,) = [each for each in account(Stage(stage), clients) if "probe" in each.what]
    assert (found.good, found.found) == (True, "on 2026-11-30")


def test_what_no_device_finds_out_says_how_it_is_settled() -> None:
    assert all(answer.yes is None and answer.found for answer in left())
