"""Environments for vendors' clients, one each, made once under `build/conformance`: their pins cannot meet.

Where one cannot be made, the tests that ask for it are skipped, and say what the installer said.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "build" / "conformance"
_INSTALLS_WITHIN_S = 600
_WITHOUT_OLD_TLS = (3, 12)


def python_environment(
    name: str, *requirements: str, made_from: str = sys.executable, built_with: tuple[str, ...] = ()
) -> Path:
    """The interpreter of a virtual environment that holds these requirements, pinned as pip writes them.

    `built_with` is put in first, and what has no wheel is built with it in place of the newest tools.
    """
    folder = ROOT / name
    python = folder / "bin" / "python"
    wanted = (*built_with, *requirements)
    with _alone(folder):
        if _is_made(folder, wanted):
            return python
        shutil.rmtree(folder, ignore_errors=True)
        _run([made_from, "-m", "venv", str(folder)])
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if built_with:
            _run([*install, *built_with])
            install.append("--no-build-isolation")
        _run([*install, *requirements])
        _mark_made(folder, wanted)
    return python


def python_with_old_tls(version: tuple[int, ...] = sys.version_info[:2]) -> str | None:
    """An interpreter with `ssl.wrap_socket` and setuptools, as Python had them until 3.11; None where there is none."""
    if version < _WITHOUT_OLD_TLS:
        return sys.executable
    return next(filter(None, map(shutil.which, ("python3.11", "python3.10"))), None)


def node_environment(name: str, *packages: str) -> Path:
    """The folder whose `node_modules` holds these packages, pinned as npm writes them; programs run in it."""
    folder = ROOT / name
    with _alone(folder):
        if _is_made(folder, packages):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"name": name, "private": True}), encoding="utf-8")
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages], cwd=folder)
        _mark_made(folder, packages)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two workers may want one environment; the second waits, and finds it made."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp(wanted: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join((sys.version, *wanted)).encode()).hexdigest()


def _is_made(folder: Path, wanted: tuple[str, ...]) -> bool:
    stamp = folder / ".made"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _stamp(wanted)


def _mark_made(folder: Path, wanted: tuple[str, ...]) -> None:
    (folder / ".made").write_text(_stamp(wanted), encoding="utf-8")


def _run(command: list[str], cwd: Path | None = None) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=_INSTALLS_WITHIN_S, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{' '.join(command)} took more than {_INSTALLS_WITHIN_S} s")
    if done.returncode != 0:
        pytest.skip(f"{' '.join(command)} failed: {(done.stderr.strip() or done.stdout.strip())[-500:]}")
