"""MiniStack, an implementation of AWS by other people than moto's, in an environment of its own and on loopback."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import botocore.session
import requests

REGION, ACCOUNT = "us-east-1", "123456789012"
# CloudFormation runs AWS's own transform for serverless templates, as AWS does.
REQUIREMENTS = ("ministack==1.5.33", "aws-sam-translator==1.115.0")
_STARTS_WITHIN_S = 30
_MEMORY, _ROOM = Path("/dev/shm"), 2_000_000_000  # noqa: S108 - a folder of our own is made in it


class MiniStack:
    """A context manager: runs inside, and is stopped with all that it started.

    It enforces IAM: functions act with their own role, and the credentials of `environment` are root's.
    """

    def __init__(self, python: Path, **settings: str) -> None:
        """`settings` are more environment variables of the server."""
        self._python = python
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="homeport-ministack-", dir=_in_memory()))
        self._clients: dict[str, Any] = {}
        self.port = _free_port()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """For programs that use it as their AWS."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str) -> Any:
        if service not in self._clients:
            known = self.environment()
            self._clients[service] = self._client(service, known["AWS_ACCESS_KEY_ID"], known["AWS_SECRET_ACCESS_KEY"])
        return self._clients[service]

    def as_user(self, name: str, policy: dict[str, Any] | None = None) -> Callable[[str], Any]:
        """Clients of a new user, who may do what the policy says."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if policy is not None:
            iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service: self._client(service, key["AccessKeyId"], key["SecretAccessKey"])

    def _client(self, service: str, key_id: str, secret: str) -> Any:
        return botocore.session.Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
        )

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            **self.environment(),
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            **self._settings,
        }
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._python), "-m", "ministack"],
                cwd=self._folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                # With the functions that it starts, it makes a process group of its own.
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Nothing of it is kept.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for client in self._clients.values():
            client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        ends = time.monotonic() + _STARTS_WITHIN_S
        while not self._healthy():
            assert self._process.poll() is None, f"MiniStack ended:\n{self.log}"
            assert time.monotonic() < ends, f"MiniStack did not come up:\n{self.log}"
            time.sleep(0.1)

    def _healthy(self) -> bool:
        try:
            return requests.get(f"{self.endpoint}/_ministack/health", timeout=2).ok
        except requests.ConnectionError:
            return False


def _in_memory() -> Path | None:
    """Where files cost little, if there is room: every running function is unpacked, thousands of them each."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
