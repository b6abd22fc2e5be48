"""The project that Chalice deploys: configuration and policies made from the description, dependencies for Lambda.

Chalice would leave compiling to every cold start: its archives hold no bytecode and Lambda's disk is read-only. So the
dependencies are installed here, into the folder that Chalice copies as it is, and everything is compiled.
"""

import json
import os
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import chalice as chalice_runtime

from infra import description, permissions, runtime, slimming
from infra.functions import FUNCTIONS, Function
from infra.stage import APP, STAGES, Account, Stage, arn, bucket_name
from infra.templates.triggers import MACHINE

ROOT = Path(__file__).resolve().parent.parent
API_STAGE = "api"
LOG_DAYS = 30
LAMBDA = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
HERE: tuple[str, ...] = ()
"""For whom dependencies are built, in pip's words: Lambda's arm64, or the machine that this runs on."""

_BROUGHT_BY_CHALICE = "chalice"


class ProjectError(Exception):
    """A step that a program beside us could not do; the text says which, and what it said."""


def config(stages: tuple[str, ...] = STAGES, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What .chalice/config.json holds; `variables` are those of the account, which no repository knows."""
    return {
        "version": "2.0",
        "app_name": APP,
        "autogen_policy": False,
        "api_gateway_endpoint_type": "REGIONAL",
        "api_gateway_stage": API_STAGE,
        "minimum_compression_size": 1024,
        "lambda_architecture": "arm64",
        "stages": {name: _stage(Stage(name), variables or {}) for name in stages},
    }


def _stage(stage: Stage, variables: Mapping[str, str]) -> dict[str, Any]:
    return {
        "environment_variables": {"HOMEPORT_APP": stage.app, "HOMEPORT_STAGE": stage.name, **variables},
        "tags": {"app": stage.app, "stage": stage.name},
        "lambda_functions": {function.name: _function(function, stage) for function in FUNCTIONS},
    }


def _function(function: Function, stage: Stage) -> dict[str, Any]:
    made: dict[str, Any] = {
        "lambda_memory_size": function.memory,
        "lambda_timeout": function.timeout,
        "log_retention_in_days": LOG_DAYS,
        "iam_policy_file": f"policies/{stage.name}/{function.name}.json",
    }
    return {**made, "reserved_concurrency": function.reserved} if stage.reserves and function.reserved else made


def variables(stage: Stage) -> dict[str, Any]:
    """Environment variables that name things of the account; `Fn::Sub` where they need its number."""
    return {
        "HOMEPORT_BUCKET": bucket_name(stage, description.OBJECTS),
        "HOMEPORT_STATE_MACHINE": arn("states", f"stateMachine:{stage.called(MACHINE)}"),
    }


def write_config(root: Path = ROOT) -> Path:
    """Bring the repository's own .chalice/config.json up to date."""
    path = root / ".chalice" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(config(), indent=2) + "\n")
    return path


def build(
    stage: Stage,
    folder: Path,
    *,
    account: Account | None = None,
    endpoint: str = "",
    dependencies: bool = True,
    platforms: tuple[str, ...] = LAMBDA,
) -> Path:
    """A copy of the application in `folder`, ready for Chalice.

    With an account, policies and variables are filled in for it; without one they keep their `Fn::Sub`.
    """
    folder = folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / ".chalice" / "policies" / stage.name).mkdir(parents=True)
    shutil.copy(ROOT / "app.py", folder)
    shutil.copytree(ROOT / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    # Chalice installs nothing itself: what is needed stands in `vendor`.
    (folder / "requirements.txt").write_text("")
    filled: dict[str, str] = {}
    if account is not None:
        named = {"HOMEPORT_IOT_ENDPOINT": endpoint} if endpoint else {}
        filled = {**account.filled(variables(stage)), **named, **account.variables}
    _write(folder / ".chalice" / "config.json", config((stage.name,), filled))
    for function in FUNCTIONS:
        inside = account is not None and function.name in account.network.functions
        policy = permissions.policy(function.name, stage, inside=inside)
        path = folder / ".chalice" / "policies" / stage.name / f"{function.name}.json"
        _write(path, policy if account is None else account.filled(policy))
    (folder / ".chalice" / "python").write_text(runtime.version())
    if dependencies:
        _install(folder / "vendor", platforms)
        compile_all(folder)
    return folder


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1))


def requirements() -> list[str]:
    """What Lambda needs besides Chalice, which puts its own small runtime into the archive."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    return [line for line in lines if line and not line.startswith(_BROUGHT_BY_CHALICE)]


def _install(vendor: Path, platforms: tuple[str, ...]) -> None:
    targets = [option for name in platforms for option in ("--platform", name)]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(vendor),
    ]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", runtime.version(), *targets]
    run([*command, *requirements()], cwd=ROOT)
    slimming.slim(vendor)


def compile_all(folder: Path) -> None:
    """Put bytecode beside all that a function imports, in the project that is in `folder`.

    Chalice adds its own runtime and `app.py` as texts; the bytecode of those comes into the archive with `vendor`.
    """
    vendor = folder / "vendor"
    # Checked by nothing at run time: the archive does not change once it is made.
    options = ["-q", "--invalidation-mode", "unchecked-hash"]
    run([sys.executable, "-m", "compileall", *options, str(folder / "chalicelib"), str(vendor)], cwd=ROOT)
    brought = Path(str(chalice_runtime.__file__)).parent
    sources = {
        "app.py": folder / "app.py",
        "chalice/__init__.py": brought / "__init__.py",
        "chalice/app.py": brought / "app.py",
    }
    for name, source in sources.items():
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compiled = cache_from_source(str(vendor / name))
        py_compile.compile(str(source), compiled, dfile=name, doraise=True, invalidation_mode=mode)


def chalice(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run Chalice's command line in a built project; what it printed."""
    program = Path(sys.executable).with_name("chalice")
    # It imports what it packs, and packs all that lies there; bytecode that is to be in the archive is there before.
    kept = {**(os.environ if environment is None else environment), "PYTHONDONTWRITEBYTECODE": "1"}
    return run([str(program), "--project-dir", str(folder), *arguments], cwd=folder, environment=kept)


def run(command: list[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter and its scripts
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise ProjectError(f"{' '.join(command[:4])} … ended with {done.returncode}: {said}")
    return done.stdout
