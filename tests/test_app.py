"""What the application's module sets up, seen from each of its functions."""

import json
import os
import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

import app
from chalicelib import wiring
from chalicelib.triggers.functions import FUNCTIONS, Function

ROOT = Path(__file__).parent.parent
_LOOK = "import app, sys; print('/api/{proxy+}' in app.app.routes, 'chalicelib.dialects.ibm.rest' in sys.modules)"


def seen(function: str | None, look: str = _LOOK, **variables: str) -> str:
    """What is printed: whether there are routes, and whether those of the second dialect were imported."""
    named = {} if function is None else {"AWS_LAMBDA_FUNCTION_NAME": function}
    environment = {**os.environ, "AWS_REGION": "eu-west-3", "HOMEPORT_STAGE": "dev", **named, **variables}
    told = subprocess.run([sys.executable, "-c", look], cwd=ROOT, env=environment, capture_output=True, check=True)
    return told.stdout.decode().strip().splitlines()[-1]


@pytest.mark.parametrize("function", ["homeport-dev", "renamed-by-somebody"])
def test_whoever_may_answer_requests_has_all_routes_before_the_first(function: str) -> None:
    assert seen(function) == "True True"


def test_what_reads_only_what_there_is_imports_no_route() -> None:
    assert seen(None) == "True False"


def test_a_dialect_that_the_stage_does_not_speak_is_not_imported() -> None:
    assert seen("homeport-dev", HOMEPORT_DIALECTS="live_objects") == "True False"


@pytest.mark.parametrize("function", ["homeport-dev-authorizer", "homeport-dev-uplink", "homeport-dev-sweep"])
def test_functions_that_answer_no_request_do_not_wait_for_routes(function: str) -> None:
    assert seen(function) == "False False"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_lambda_finds_a_function_by_its_name_and_it_calls_what_is_there(function: Function) -> None:
    assert getattr(app, function.name) is app.app.handler_map[function.name]
    module, _, called = function.handler.partition(".")
    handler = getattr(import_module(f"chalicelib.triggers.{module}"), called)
    given = ["ports", "event", *(["taken"] if function.takes else [])]
    signature(handler).bind(*given)
    assert hasattr(wiring, function.ports)


def test_what_calls_functions_by_itself_is_given_to_chalice_as_it_stands_in_the_table() -> None:
    made: list[Any] = app.app.event_sources
    assert [(each.name, each.handler_string) for each in made] == [
        (name, f"app.{name}") for name in ("push", "later", "sweep")
    ]
    push, later, sweep = made
    assert (later.queue, later.batch_size, later.maximum_concurrency) == (wiring.function_name("later"), 1, 20)
    assert (push.queue, push.batch_size, push.maximum_concurrency) == (wiring.function_name("push"), 1, 60)
    assert sweep.schedule_expression.to_string() == "rate(1 minute)"
    assert {f.handler_string for f in app.app.pure_lambda_functions} == {
        f"app.{f.name}" for f in FUNCTIONS if f.name not in {"push", "later", "sweep"}
    }


_LOG = """
import app, logging
from chalicelib.fleet import traces
log = logging.getLogger("chalicelib.any")
log.debug("nobody asked")
with traces.within("r1"):
    log.info("of %s", "this request", extra={"where": "GET /x"})
log.warning("of none")
app.app.log.error("of Chalice")
"""


def test_a_function_logs_a_line_of_json_an_entry_under_its_trace() -> None:
    """As from INIT on: to standard output, once, by Powertools."""
    environment = {
        **os.environ,
        "AWS_REGION": "eu-west-3",
        "HOMEPORT_STAGE": "dev",
        "AWS_LAMBDA_FUNCTION_NAME": "homeport-dev-uplink",
    }
    environment |= {"AWS_LAMBDA_LOG_LEVEL": "INFO"}
    told = subprocess.run([sys.executable, "-c", _LOG], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert told.stderr == b""
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert [(line["level"], line["message"], line.get("trace"), line["service"]) for line in lines] == [
        ("INFO", "of this request", "r1", "homeport"),
        ("WARNING", "of none", None, "homeport"),
        ("ERROR", "of Chalice", None, "homeport"),
    ]
    assert lines[0]["where"] == "GET /x"


_GARBAGE = "import app, gc; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"


@pytest.mark.parametrize(("function", "told"), [("homeport-dev-uplink", "True True"), (None, "True False")])
def test_garbage_is_looked_for_once_a_function_has_begun_and_among_what_came_since(
    function: str | None, told: str
) -> None:
    assert seen(function, look=_GARBAGE) == told


_IMPORTED = """
import json, sys
before = set(sys.modules)
import app
since = set(sys.modules) - before
ours = sorted(name for name in since if name.startswith("chalicelib") and (".web." in name or ".rest" in name))
print(json.dumps([sorted({name.partition(".")[0] for name in since} - sys.stdlib_module_names), ours]))
"""
_LIBRARIES = """aws_lambda_powertools blinker botocore certifi chalice chalicelib dateutil jmespath pynamodb six
typing_extensions urllib3"""
_FOR_ALL = ["application", "trouble"]


@pytest.mark.parametrize(
    ("function", "of_web"),
    [
        ("authorizer", [*_FOR_ALL, "json_text", "refusals", "request"]),
        ("uplink", [*_FOR_ALL, "json_text", "refusals", "request", "schemas"]),
        ("presence", [*_FOR_ALL, "refusals", "request"]),
        ("settle", _FOR_ALL),
    ],
)
def test_what_devices_wait_for_imports_these_libraries_and_no_other(function: str, of_web: list[str]) -> None:
    """Each further one is a part of every cold start: no schemas, no cryptography, no decoders, no REST."""
    libraries, ours = json.loads(seen(f"homeport-dev-{function}", look=_IMPORTED))
    assert libraries == sorted(["app", *_LIBRARIES.split()])
    assert ours == sorted(f"chalicelib.web.{name}" for name in of_web)
