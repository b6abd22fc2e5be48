"""On which Python functions run, and what of their dependencies goes along."""

import ast
import os
import shutil
import subprocess
import sys
from datetime import date
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import aws_lambda_powertools
import botocore
import pytest
from click.testing import CliRunner

from infra import project, runtime
from infra.__main__ import main
from infra.slimming import SERVICES, slim
from infra.stage import Stage

FIT = runtime.unfit() is None


@pytest.mark.parametrize(
    ("running", "fit"), [((3, 11), False), ((3, 12), False), ((3, 13), True), ((3, 14), True), ((3, 15), False)]
)
def test_functions_are_built_by_a_python_that_lambda_has_for_years(running: tuple[int, int], *, fit: bool) -> None:
    why = runtime.unfit(running)
    assert (why is None) is fit
    if why is not None:
        assert f"{running[0]}.{running[1]}" in why
        assert "make deploy" in why
    else:
        assert runtime.ENDS[f"python{running[0]}.{running[1]}"] >= date(2029, 1, 1)


@pytest.mark.skipif(FIT, reason="this Python may build")
@pytest.mark.parametrize("command", [["deploy"], ["package"]], ids=" ".join)
def test_another_python_is_refused_in_one_line(command: list[str], tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")] if command == ["package"] else []
    found = CliRunner().invoke(main, [*command, *out, "--stage", "dev"])
    assert found.exit_code == 1
    assert len(found.output.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def called_by_functions() -> set[str]:
    """The services of which a client is made anywhere in what is deployed."""
    found = {"dynamodb"}
    for path in (project.ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in {"client", "create_client"}:
                found.add(str(node.args[0].value))
    return found


def test_what_functions_call_stays_in_the_archive() -> None:
    called = called_by_functions()
    assert {"iot-data", "lambda", "s3"} <= called
    assert called <= SERVICES
    assert SERVICES - called <= {"sts"}


@pytest.fixture(scope="module")
def slimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is slim."""
    folder = tmp_path_factory.mktemp("slim")
    for package in (botocore, aws_lambda_powertools):
        shutil.copytree(Path(str(package.__file__)).parent, folder / package.__name__)
    slim(folder)
    return folder


def test_what_is_slim_makes_every_client_log_and_metric_that_functions_make(slimmed: Path) -> None:
    script = (
        "import sys, botocore.session; session = botocore.session.get_session()\n"
        "from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider\n"
        "from aws_lambda_powertools import Logger; Logger('slim', stream=sys.stderr).info('said')\n"
        "for name in sys.argv[1:]: session.create_client(name, region_name='eu-west-1')\n"
        "print(*session.get_available_services())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *sorted(SERVICES)],
        env={"PYTHONPATH": str(slimmed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == SERVICES
    assert '"message":"said"' in done.stderr


_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("get_item", {"TableName": "t", "Key": {"k": {"S": "1"}}}),
    "iot": ("describe_endpoint", {"endpointType": "iot:Data-ATS"}),
    "iot-data": ("publish", {"topic": "a/b", "qos": 1, "payload": b"{}"}),
    "lambda": ("invoke", {"FunctionName": "f", "InvocationType": "Event", "Payload": b"{}"}),
    "s3": ("put_object", {"Bucket": "objects", "Key": "a/b", "Body": b"abc"}),
    "sqs": ("send_message", {"QueueUrl": "https://sqs.example.com/1/q", "MessageBody": "{}"}),
    "ssm": ("get_parameter", {"Name": "/a", "WithDecryption": True}),
    "stepfunctions": (
        "start_execution",
        {"stateMachineArn": "arn:aws:states:a:210987654321:stateMachine:m", "name": "n"},
    ),
    "sts": ("get_caller_identity", {}),
}
_ADDRESSES = """
import botocore.session, sys
session = botocore.session.get_session()
asked, calls = eval(sys.argv[1])

class Sent(Exception):
    pass

def sent(request, **_):
    body = request.body.read() if hasattr(request.body, "read") else request.body
    raise Sent([request.method, request.url, repr(body), request.headers.get("Content-Type")])

def request(client, operation, parameters):
    client.meta.events.register_first("before-send", sent)
    try:
        getattr(client, operation)(**parameters)
    except Sent as made:
        return made.args[0]

made = {f"{service} {region}": session.create_client(service, region_name=region) for service, region in asked}
print({name: [client.meta.endpoint_url, client.meta.partition, sorted(client.meta.method_to_api_mapping),
              request(client, *calls[name.split()[0]])]
       for name, client in made.items()})
"""


def test_what_is_slim_calls_the_same_operations_at_the_same_addresses(slimmed: Path) -> None:
    whole = Path(str(botocore.__file__)).parent
    regions = ("eu-west-3", "cn-north-1", "us-gov-west-1")
    asked = repr(([(service, region) for service in sorted(SERVICES) for region in regions], _CALLS))
    told = []
    for beside in (str(slimmed), str(whole.parent)):
        command = [sys.executable, "-c", _ADDRESSES, asked]
        environment = {"PYTHONPATH": beside, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        told.append(ast.literal_eval(done.stdout))
    assert told[0] == told[1]
    assert len(told[0]) == len(SERVICES) * 3
    assert all(sent is not None for _, _, _, sent in told[0].values())


def test_what_is_slim_is_little_to_read_at_a_cold_start(slimmed: Path) -> None:
    """Endpoints of all services, and descriptions with their documentation, were most of what making a client took."""
    data = slimmed / "botocore" / "data"
    described = next(data.glob("dynamodb/2012-08-10/service-2.json"))
    assert (data / "endpoints.json").stat().st_size < 60_000
    assert described.stat().st_size < 120_000
    assert '"documentation"' not in described.read_text()
    assert not [*data.rglob("*.gz"), *data.rglob("examples-1.json")]


def test_botocore_is_pinned() -> None:
    assert f"botocore=={distribution('botocore').version}" in project.requirements()


def test_what_chalice_adds_by_itself_is_compiled_too(tmp_path: Path) -> None:
    """Else each cold start compiled it: the archive is read where nothing can be written."""
    built = project.build(Stage("dev"), tmp_path / "built", dependencies=False)
    (built / "vendor").mkdir()
    project.compile_all(built)
    task = tmp_path / "task"
    shutil.copytree(built / "vendor", task)
    for name in ("app.py", "chalice/__init__.py", "chalice/app.py"):
        (task / name).write_text("raise SystemExit('compiled at a cold start')")
    shutil.copytree(built / "chalicelib", task / "chalicelib")
    environment = {"PYTHONPATH": os.pathsep.join([str(task), *(p for p in sys.path if p.endswith("site-packages"))])}
    command = [sys.executable, "-c", "import app, chalice; print(app.app.app_name, chalice.__version__)"]
    told = subprocess.run(command, env=environment, cwd=task, capture_output=True, text=True, check=False)
    assert told.stdout.split()[0] == "homeport", told.stderr
