"""A function's start in a fresh interpreter, and its first call, as ratios to importing botocore in one.

Lambda gives a whole processor while an instance begins (INIT), and the share that the function's memory buys while it
answers (INVOKE); an instance that is begun anew after a crash or a time-out has that share for both. The ratios say
what our own code and choices cost on top of what every Python function that speaks to AWS pays, and hardly depend on
the machine. Each call is a real one, with a real event, against the local stack.

Measured is what the archive holds, bytecode and a slim botocore, and seconds of processor: what else the machine has to
do, and how far away the tables are, is in no figure. The runs of all functions take turns.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_lambda_powertools
import botocore

from bench.quantiles import median
from chalicelib.aws import stage_key
from chalicelib.dialects import registry
from infra.functions import API, named
from infra.local.description import NOT_IN_ENVIRONMENT, STAGE_KEY, aws_environment
from infra.slimming import slim
from tests.local.running import REPOSITORY, RunningStack

RUNS = 9

_BOTOCORE = "import time; begun = time.process_time(); import botocore.session; print(time.process_time() - begun)"
FUNCTION = """
import json, sys, time
name, event = sys.argv[1], json.loads(sys.argv[2])

class Context:
    function_name = name
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:" + name
    aws_request_id = "bench"
    def get_remaining_time_in_millis(self):
        return 60000

begun = time.process_time()
import app
ready = time.process_time()
known = set(sys.modules)
handler = app.app if name == "api" else app.app.handler_map[name]
answer = handler(event, Context())
done = time.process_time()
if name == "api" and answer["statusCode"] != 200 or name == "authorizer" and not answer["isAuthenticated"]:
    raise SystemExit(f"{name} answered {answer}")
late = sorted(n for n in set(sys.modules) - known if n.startswith(("chalicelib", "botocore", "pynamodb")))
print(json.dumps([ready - begun, done - ready, late]))
"""
WHOLE_MB = 1_769
"""Memory that buys a whole processor (Lambda developer guide, "Configure Lambda function memory")."""
CLIENT = "urn:lo:nsid:bench:cold"


@dataclass(frozen=True, slots=True)
class AtMemory:
    """Seconds from nothing to the first answer, and the same where the start is not given a whole processor."""

    estimate: float
    suppressed: float


def at_memory(begin: float, answer: float, memory: int) -> AtMemory:
    """`begin` and `answer` are seconds at a whole processor, `memory` is in MB."""
    share = memory / WHOLE_MB
    return AtMemory(begin + answer / share, (begin + answer) / share)


def run() -> dict[str, float]:
    """Ratios to importing botocore, and milliseconds as they would be at the function's memory."""
    with RunningStack() as stack, tempfile.TemporaryDirectory() as folder:
        given = {**environment(stack), **_as_archived(Path(folder))}
        measured = _called(stack, given)
        told: dict[str, list[str]] = {called: [] for called in ("botocore", *measured)}
        for _ in range(1 + RUNS):
            told["botocore"].append(measure([_BOTOCORE], given))
            for called, (arguments, variables) in measured.items():
                told[called].append(measure(arguments, variables))
        # The first of each one has written bytecode.
        found = {called: [json.loads(each) for each in every[1:]] for called, every in told.items()}
        whole = median(found.pop("botocore"))
        figures = {"botocore_ms": round(whole * 1000, 1)}
        for called, runs in found.items():
            figures |= _function(called, "api" if called.startswith("api") else called, runs, whole)
    return figures


def _as_archived(folder: Path) -> dict[str, str]:
    """Environment variables with which Python finds what the archive has."""
    for package in (botocore, aws_lambda_powertools):
        shutil.copytree(Path(str(package.__file__)).parent, folder / "slim" / package.__name__)
    slim(folder / "slim")
    return {
        "PYTHONPATH": str(folder / "slim"),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        # Empty is not set, whatever this process has.
        "PYTHONDONTWRITEBYTECODE": "",
    }


def _called(stack: RunningStack, given: dict[str, str]) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Each function with its event and its environment; that of the API also with fewer dialects."""
    every = {
        name: ([FUNCTION, name, json.dumps(event)], {**given, "AWS_LAMBDA_FUNCTION_NAME": deployed(name)})
        for name, event in events(stack).items()
    }
    arguments, variables = every["api"]
    for count, word in enumerate(("one_dialect", "two_dialects", "three_dialects"), 1):
        every[f"api_{word}"] = (arguments, {**variables, registry.SETTING: ",".join(registry.NAMES[:count])})
    return every


def deployed(name: str) -> str:
    """What Lambda calls the function."""
    return "homeport-local" if name == "api" else f"homeport-local-{name}"


def _function(called: str, name: str, runs: list[Any], botocore_s: float) -> dict[str, float]:
    begin, answer = (median([run[each] for run in runs]) for each in (0, 1))
    function = named(API if name == "api" else name)
    found = at_memory(begin, answer, function.memory)
    return {
        f"{called}_init_ratio": round(begin / botocore_s, 2),
        f"{called}_invoke_ratio": round(answer / botocore_s, 2),
        f"{called}_estimate_ms": round(found.estimate * 1000),
        f"{called}_suppressed_ms": round(found.suppressed * 1000),
        f"{called}_timeout_times": round(function.timeout / found.suppressed, 1),
        f"{called}_imported_late": len(runs[0][2]),
    }


def environment(stack: RunningStack) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if name not in NOT_IN_ENVIRONMENT}
    return {
        **ours,
        **aws_environment(stack.aws),
        "HOMEPORT_STAGE": "local",
        "HOMEPORT_BUCKET": "homeport-local-objects",
        stage_key.FILE: str(stack.data / STAGE_KEY),
        "HOMEPORT_STATE_MACHINE": "arn:aws:states:eu-west-1:123456789012:stateMachine:homeport-local-deadlines",
    }


def measure(arguments: list[str], environment: dict[str, str]) -> str:
    told = subprocess.run(
        [sys.executable, "-c", *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        raise RuntimeError(told.stderr or told.stdout)
    return told.stdout.splitlines()[-1]


def events(stack: RunningStack) -> dict[str, dict[str, Any]]:
    """One event a function, in the order in which they depend on each other."""
    client = CLIENT
    payload = base64.b64encode(json.dumps({"s": "cold", "v": {"n": 1}}).encode()).decode()
    password = base64.b64encode(stack.api_key.encode()).decode()
    return {
        "authorizer": {
            "protocolData": {
                "tls": {"serverName": "localhost"},
                "mqtt": {"username": "json+device", "password": password, "clientId": client},
            },
            "protocols": ["tls", "mqtt"],
            "signatureVerified": False,
            "connectionMetadata": {"id": "bench"},
        },
        "uplink": {"payload": payload, "client": client, "topic": "dev/data", "at": 1_700_000_000_000, "id": "bench"},
        "settle": {"tenant": stack.tenant, "device": client, "command": "1a0000000000000000000000"},
        "api": _request("/api/v1/deviceMgt/devices", stack.api_key),
    }


def _request(path: str, api_key: str) -> dict[str, Any]:
    headers = {"Accept": "*/*", "Host": "localhost", "X-API-Key": api_key}
    context = {
        "httpMethod": "GET",
        "identity": {"sourceIp": "127.0.0.1"},
        "path": f"/api{path}",
        "requestId": "bench",
        "resourcePath": path,
        "stage": "api",
    }
    return {
        "body": None,
        "headers": headers,
        "httpMethod": "GET",
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "path": path,
        "pathParameters": None,
        "queryStringParameters": None,
        "requestContext": context,
        "resource": path,
        "stageVariables": None,
    }
