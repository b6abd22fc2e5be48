"""`python -m infra.gateway` beside a running stack: a process with settings, as its container runs it."""

import os
import subprocess
import sys
import time
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any, Self

import botocore.session

from infra.gateway.settings import KEY, NODES
from infra.local.description import REGION, aws_environment
from infra.stage import Stage
from infra.templates import gateway_tables
from tests.local.running import REPOSITORY, RunningStack, unused

STAGE = Stage("local")
_WITHIN_S = 120.0


def clients(stack: RunningStack) -> Any:
    """A client of the stack's AWS by service."""
    session = botocore.session.get_session()
    environment = aws_environment(stack.aws)
    return lambda service: session.create_client(
        service,
        region_name=REGION,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def prepare(stack: RunningStack, number: int) -> None:
    """What the template makes; numbers below `number` are others' for as long as the test takes."""
    dynamodb = clients(stack)("dynamodb")
    for noun in gateway_tables.NOUNS:
        dynamodb.create_table(TableName=STAGE.called(noun), **gateway_tables.schema(noun))
    for each in range(number):
        item = {"id": {"N": str(each)}, "until": {"N": str(1 << 50)}, "port": {"N": "0"}}
        item |= {name: {"S": "another"} for name in ("holder", "machine", "address", "lineage")}
        dynamodb.put_item(TableName=STAGE.called(NODES), Item={**item, "generation": {"N": "0"}})
    clients(stack)("ssm").put_parameter(Name=STAGE.called(KEY), Value="ab" * 32, Type="SecureString")


class RunningGateway:
    """Its ports stay the same from start to start. `rights` come before the command, such as those of a container."""

    def __init__(self, stack: RunningStack, folder: Path, *, rights: tuple[str, ...] = (), **variables: str) -> None:
        self.port, self.bootstrap_port, self.health_port = unused(), unused(), unused()
        inherited = {name: v for name, v in os.environ.items() if not name.startswith(("HOMEPORT_", "AWS_"))}
        self._environment = {
            **inherited,
            **aws_environment(stack.aws),
            "HOMEPORT_STAGE": STAGE.name,
            "HOMEPORT_GATEWAY_BIND": "127.0.0.1",
            "HOMEPORT_GATEWAY_PORT": str(self.port),
            "HOMEPORT_GATEWAY_BOOTSTRAP_PORT": str(self.bootstrap_port),
            "HOMEPORT_GATEWAY_HEALTH_PORT": str(self.health_port),
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        }
        self._log, self._rights = folder / "gateway.log", rights
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def launch(self) -> None:
        """Without waiting until it is ready."""
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [*self._rights, sys.executable, "-W", "error::ResourceWarning", "-m", "infra.gateway"],
                cwd=REPOSITORY,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> Self:
        self.launch()
        ends = time.monotonic() + _WITHIN_S
        while "gateway ready" not in self.log:
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > ends:
                raise AssertionError(f"the gateway did not come up; it wrote:\n{self.log}")
            time.sleep(0.05)
        return self

    def wait(self) -> int:
        assert self._process is not None
        code = self._process.wait(_WITHIN_S)
        self._process = None
        return code

    def stop(self) -> int:
        """The exit code."""
        assert self._process is not None
        self._process.send_signal(SIGTERM)
        return self.wait()

    def kill9(self) -> None:
        assert self._process is not None
        self._process.send_signal(SIGKILL)
        self.wait()

    def close(self) -> None:
        if self._process is not None:
            self.kill9()
