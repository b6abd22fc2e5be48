"""The same stores that run in production, on moto."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from moto import mock_aws

from chalicelib import wiring
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.ports import Commands, Configurations, Devices, Mailboxes
from chalicelib.store.commands import CommandTable
from chalicelib.store.tables import all_models
from infra.local import dynamodb
from tests.sim.ports import Stores

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "HOMEPORT_BUCKET": "objects",
}
_EMPTY_ASKED = 10


class WatchedCommands(CommandTable):
    """The table, and beside it when each command is to be looked at.

    Sweeps that find nothing are five-sixths of what a run asks: of these the table answers one in ten. What it answers
    has to be what was written.
    """

    def __init__(self) -> None:
        self._checks: dict[tuple[str, str, str], int | None] = {}
        self._empty = 0

    def create(self, command: Command) -> None:
        super().create(command)
        self._checks[command.tenant, command.device, command.id] = command.check_at

    def replace(self, old: Command, new: Command) -> bool:
        written = super().replace(old, new)
        if written:
            self._checks[new.tenant, new.device, new.id] = new.check_at
        return written

    def delete(self, tenant: str, command: str) -> None:
        super().delete(tenant, command)
        for subject in [known for known in self._checks if (known[0], known[2]) == (tenant, command)]:
            del self._checks[subject]

    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        wanted = {subject for subject, at in self._checks.items() if at is not None and after < at <= until}
        self._empty += not wanted
        if not wanted and self._empty % _EMPTY_ASKED:
            return
        found = list(super().due(after=after, until=until))
        assert sorted(found) == sorted(wanted)
        yield from found


@dataclass(frozen=True)
class TableStores:
    devices: Devices
    mailboxes: Mailboxes
    commands: Commands
    configurations: Configurations


@contextmanager
def tables() -> Iterator[Stores]:
    """Empty tables, gone afterwards."""
    dynamodb.install()
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)
    try:
        with mock_aws():
            for model in all_models():
                model.create_table(wait=False)
            ports = wiring.Wiring()
            yield TableStores(ports.devices, ports.mailboxes, WatchedCommands(), ports.configurations)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
