"""Where a command works: on the running local stack or on a stage in AWS."""

import functools
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from chalicelib.aws import stage_key
from infra.local.data_directory import read_credentials
from infra.local.description import NOT_IN_ENVIRONMENT, STAGE, STAGE_KEY, aws_environment


def on_target(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --stage, and set the environment for the fleet's use cases before it runs."""

    @click.option("--stage", help="A deployed stage in AWS, by your AWS credentials. Default: the local stack.")
    @functools.wraps(command)
    def aimed(*args: Any, stage: str | None, **kwargs: Any) -> Any:
        if stage is None:
            _aim_at_local_stack()
        else:
            os.environ["HOMEPORT_STAGE"] = stage
        return command(*args, **kwargs)

    return aimed


def _aim_at_local_stack() -> None:
    folder = Path(os.environ.get("HOMEPORT_DATA") or ".homeport").absolute()
    credentials = read_credentials(folder)
    if credentials is None or not _listens(credentials.aws):
        raise click.ClickException(
            f"no local stack runs on {folder}: start one with `make run`, or name a deployed one with --stage"
        )
    for name in NOT_IN_ENVIRONMENT:
        os.environ.pop(name, None)
    os.environ.update(aws_environment(credentials.aws), HOMEPORT_STAGE=STAGE)
    os.environ[stage_key.FILE] = str(folder / STAGE_KEY)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False


def complaints(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what the fleet refuses into a message and exit code 1."""

    @functools.wraps(command)
    def complaining(*args: Any, **kwargs: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError
        from pynamodb.exceptions import PynamoDBException

        from chalicelib.fleet.errors import FleetError

        try:
            return command(*args, **kwargs)
        except (FleetError, BotoCoreError, ClientError, PynamoDBException) as error:
            raise click.ClickException(str(error)) from error

    return complaining
