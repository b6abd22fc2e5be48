"""On which Python functions run, and what of their dependencies goes along."""

import ast
import shutil
import subprocess
import sys
from datetime import date
from importlib.metadata import distribution
from pathlib import Path

import aws_lambda_powertools
import botocore
import pytest
from click.testing import CliRunner

from infra import project, runtime
from infra.__main__ import main
from infra.slimming import SERVICES, slim

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


def test_what_is_slim_makes_every_client_log_and_metric_that_functions_make(tmp_path: Path) -> None:
    for package in (botocore, aws_lambda_powertools):
        shutil.copytree(Path(str(package.__file__)).parent, tmp_path / package.__name__)
    slim(tmp_path)
    script = (
        "import sys, botocore.session; session = botocore.session.get_session()\n"
        "from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider\n"
        "from aws_lambda_powertools import Logger; Logger('slim', stream=sys.stderr).info('said')\n"
        "for name in sys.argv[1:]: session.create_client(name, region_name='eu-west-1')\n"
        "print(*session.get_available_services())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *sorted(SERVICES)],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == SERVICES
    assert '"message":"said"' in done.stderr


def test_botocore_is_pinned() -> None:
    assert f"botocore=={distribution('botocore').version}" in project.requirements()
