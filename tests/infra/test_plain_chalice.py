"""What somebody who knows Chalice types in a checkout."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra import project
from infra.stage import Account, Stage
from tests.infra import aws_server

ACCOUNT = Account("210987654321", "ap-southeast-1")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clean clone has that Chalice looks at."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("app.py", "requirements.txt", "requirements-dev.txt", "Makefile"):
        shutil.copy(project.ROOT / name, folder)
    shutil.copytree(project.ROOT / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".chalice").mkdir()
    shutil.copy(project.ROOT / ".chalice" / "config.json", folder / ".chalice")
    return folder


def chalice(folder: Path, *typed: str) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("chalice")
    # Nobody answers there.
    environment = aws_server.environment("http://127.0.0.1:1")
    return subprocess.run([program, *typed], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        (("deploy", "--stage", "dev"), "make deploy STAGE=dev"),
        (("deploy",), "make deploy STAGE=dev"),
        (("deploy", "--no-autogen-policy", "--stage", "prod"), "make deploy STAGE=prod"),
        (("package", "--stage", "prod", "out"), "make package STAGE=prod"),
        (("delete", "--stage", "prod"), "make destroy STAGE=prod"),
    ],
    ids=" ".join,
)
def test_chalice_alone_is_told_the_command_that_does_it(checkout: Path, typed: tuple[str, ...], instead: str) -> None:
    done = chalice(checkout, *typed)
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert f"`{instead}`" in line
    _, target, stage = instead.split()
    command = ["make", "-n", target, stage, "LAMBDA_PYTHON=python3"]
    planned = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert planned.returncode == 0, planned.stderr
    assert f"-m infra {target} --stage {stage.partition('=')[2]}" in planned.stdout


def test_what_was_built_for_another_python_is_not_deployed_for_this_one(tmp_path: Path) -> None:
    built = project.build(Stage("prod"), tmp_path / "built", account=ACCOUNT, dependencies=False)
    (built / ".chalice" / "python").write_text("3.99")
    done = chalice(built, "deploy", "--stage", "prod")
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert "Python 3.99" in line
    assert "`make deploy STAGE=prod`" in line
