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
from infra.functions import API, FUNCTIONS
from infra.stage import Account, Stage

ROOT = Path(__file__).parents[2]
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


@pytest.mark.parametrize("function", [f.name for f in FUNCTIONS if f.name != "push"])
def test_a_function_may_do_all_that_it_does(seen: Seen, function: str) -> None:
    account, stage = Account(**seen["account"]), Stage(seen["stage"])
    policy = account.filled(permissions.policy(function, stage))
    calls = [access for access in seen["seen"] if access["function"] == function]
    assert calls
    assert [a for a in calls if not allowed(policy, a["action"], a["resource"])] == []


def test_a_function_may_not_do_what_only_others_do(seen: Seen) -> None:
    account, stage = Account(**seen["account"]), Stage(seen["stage"])
    policy = account.filled(permissions.policy("presence", stage))
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
