"""`python -m infra.edge` as an operator starts it, in front of a running stack, with data and ports of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.clients import PATIENCE_S, until
from tests.local.running import REPOSITORY, RunningStack


class EdgeProcess:
    """What it wrote is in `log`. `aws` leads it to its AWS; `variables` are further HOMEPORT_EDGE_* variables."""

    def __init__(self, stack: RunningStack, folder: Path, aws: Mapping[str, str], **variables: object) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HOMEPORT_", "AWS_"))}
        self._command: Sequence[str] = [sys.executable, "-W", "error::ResourceWarning", "-m", "infra.edge"]
        self._cwd = REPOSITORY
        self._output = folder / "output.log"
        self._environment = {
            **kept,
            **aws,
            "HOMEPORT_EDGE_FUNCTIONS": "homeport-local-",
            "HOMEPORT_EDGE_CERTIFICATE": str(next(stack.data.glob("server*.pem"))),
            "HOMEPORT_EDGE_KEY": str(next(stack.data.glob("server*.key"))),
            "HOMEPORT_EDGE_DATA": str(folder),
            "HOMEPORT_EDGE_BIND": "127.0.0.1",
            "HOMEPORT_EDGE_MQTTS_PORT": "0",
            "HOMEPORT_EDGE_CONTROL_PORT": "0",
            **{name: str(value) for name, value in variables.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._output.read_text() if self._output.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)

    def start(self) -> None:
        before = len(self.log)
        with self._output.open("ab") as output:
            process = self._process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        until(lambda: "edge ready" in self.log[before:] or process.poll() is not None)
        assert process.poll() is None, self.log

    def end(self, number: signal.Signals) -> int | None:
        """The exit code; None where it did not run."""
        code = None
        if self._process is not None:
            self._process.send_signal(number)
            code = self._process.wait(PATIENCE_S)
        self._process = None
        return code


class ContainedEdge(EdgeProcess):
    """Started by `command` in `cwd`, with its own variables and those of `aws` for an environment."""

    def __init__(
        self,
        stack: RunningStack,
        folder: Path,
        aws: Mapping[str, str],
        *,
        command: Sequence[str],
        cwd: Path,
        variables: Mapping[str, object],
    ) -> None:
        super().__init__(stack, folder, aws, **variables)
        self._command, self._cwd = command, cwd
        own = {name: value for name, value in self._environment.items() if name.startswith("HOMEPORT_EDGE_")}
        self._environment = {"PATH": os.environ["PATH"], **aws, **own}
