"""Put the program `homeport` beside the interpreter of an environment: `python -m infra.client.installing`."""

import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from infra.client.program import run; sys.exit(run())"


def install(python: Path, root: Path = ROOT) -> Path:
    """A script beside `python` that runs the command line of the checkout in `root`, from whatever folder."""
    path = python.with_name("homeport")
    # -I: neither the folder that one happens to be in nor PYTHONPATH decides what is imported.
    command = shlex.join([str(python), "-I", "-c", _START, str(root)])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


if __name__ == "__main__":
    install(Path(sys.executable))
