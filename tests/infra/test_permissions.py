"""Each function's policy is enough for what it does, and no function has what it was never seen to need."""

import json
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

from infra import permissions
from infra.functions import API, FUNCTIONS, Function, log_group
from infra.stage import Account, Stage

ROOT = Path(__file__).parents[2]
STAGE, ACCOUNT = Stage("dev"), Account("111122223333", "eu-west-1")
Seen = dict[str, Any]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    out = tmp_path_factory.mktemp("calls") / "calls.json"
    command = [sys.executable, "-m", "tests.infra.exercise", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded: Seen = json.loads(out.read_text())
    return loaded


def allowed(policy: dict[str, Any], action: str, resource: str) -> bool:
    found = IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)
    return bool(found is PermissionResult.PERMITTED)


@pytest.mark.parametrize("function", [f.name for f in FUNCTIONS])
def test_a_function_may_do_all_that_it_does(seen: Seen, function: str) -> None:
    account, stage = Account(**seen["account"]), Stage(seen["stage"])
    policy = account.filled(permissions.policy(function, stage))
    calls = [access for access in seen["seen"] if access["function"] == function]
    assert calls
    assert [a for a in calls if not allowed(policy, a["action"], a["resource"])] == []


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f.in_background], ids=lambda f: f.name)
def test_lambda_may_keep_what_a_function_could_not_do(function: Function) -> None:
    """By the function's own role (Lambda developer guide, "Capturing records of asynchronous invocations")."""
    policy = ACCOUNT.filled(permissions.policy(function.name, STAGE))
    assert allowed(policy, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:homeport-dev-dead-letters")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_a_function_may_write_its_log_and_no_other(function: Function) -> None:
    policy = ACCOUNT.filled(permissions.policy(function.name, STAGE))
    group = "arn:aws:logs:eu-west-1:111122223333:log-group:"
    stream = ":log-stream:2027/01/15/[$LATEST]1"
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        assert allowed(policy, action, f"{group}{log_group(function.name, STAGE)}{stream}")
        assert not allowed(policy, action, f"{group}{log_group(function.name, Stage('other'))}{stream}")


def test_a_function_may_not_do_what_only_others_do(seen: Seen) -> None:
    account, stage = Account(**seen["account"]), Stage(seen["stage"])
    policy = account.filled(permissions.policy("settle", stage))
    foreign = [a for a in seen["seen"] if a["action"] == "iot:SendDirectMessage"]
    assert foreign
    assert not any(allowed(policy, a["action"], a["resource"]) for a in foreign)


def test_direct_messages_go_to_downlink_topics_alone(seen: Seen) -> None:
    said = {a["topic"] for a in seen["seen"] if a["action"] == "iot:SendDirectMessage"}
    assert said
    assert [
        topic for topic in said if not any(fnmatchcase(topic, known) for known in permissions.downlink_topics())
    ] == []


def test_a_stage_may_not_touch_another_ones_tables(seen: Seen) -> None:
    account = Account(**seen["account"])
    policy = account.filled(permissions.policy(API, Stage("other")))
    tables = [a for a in seen["seen"] if a["action"].startswith("dynamodb:")]
    assert tables
    assert not any(allowed(policy, a["action"], a["resource"]) for a in tables)
