"""What a function needs is there before its first call, which Lambda gives only a share of a processor."""

import json

import pytest

from bench import cold_start
from infra.functions import API
from tests.local.running import RunningStack


def test_first_calls_import_nothing_of_ours(running_stack: RunningStack) -> None:
    environment = cold_start.environment(running_stack)
    late: dict[str, list[str]] = {}
    for name, event in cold_start.events(running_stack).items():
        given = {**environment, "AWS_LAMBDA_FUNCTION_NAME": cold_start.deployed(name)}
        told = cold_start.measure([cold_start.FUNCTION, name, json.dumps(event)], given)
        late[name] = json.loads(told)[2]
    assert late == {"authorizer": [], "uplink": [], "settle": [], "api": []}


@pytest.mark.parametrize("memory", [256, 512])
def test_an_estimate_is_the_start_at_a_whole_processor_and_the_answer_at_a_share(memory: int) -> None:
    found = cold_start.at_memory(0.4, 0.05, memory)
    share = memory / cold_start.WHOLE_MB
    assert found.estimate == pytest.approx(0.4 + 0.05 / share)
    assert found.suppressed == pytest.approx(0.45 / share)
    assert found.suppressed > found.estimate


def test_the_api_is_called_as_it_is_deployed() -> None:
    assert cold_start.deployed("api") == "homeport-local"
    assert cold_start.deployed("uplink") == "homeport-local-uplink"
    assert API == "api_handler"
