from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.errors import CommandDuplicate
from chalicelib.fleet.ids import first_id
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy import retention
from chalicelib.fleet.tenancy.records import Kept
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, key, table_name

SHARDS = 8
COMMAND = Kind(Command, frozenset({"tenant", "id", "device", "revision", "check_at"}))
_BATCH = 25


class DeviceIndex(GlobalSecondaryIndex["CommandItem"]):
    """A device's commands in order of creation; ids sort by time."""

    class Meta:
        index_name = "by_device"
        projection = KeysOnlyProjection()

    device_key = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class DueIndex(GlobalSecondaryIndex["CommandItem"]):
    """Sparse: the commands that are not final, by when the sweep looks at them at the latest."""

    class Meta:
        index_name = "due"
        projection = IncludeProjection(["device_key", "id"])

    shard = NumberAttribute(hash_key=True)
    check_at = NumberAttribute(range_key=True)


class CommandItem(Table):
    class Meta(Defaults):
        table_name = table_name("commands")

    pk = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute()
    device_key = UnicodeAttribute()
    revision = NumberAttribute()
    shard = NumberAttribute(null=True)
    check_at = NumberAttribute(null=True)
    ttl = NumberAttribute(null=True)
    doc = UnicodeAttribute()
    by_device = DeviceIndex()
    due = DueIndex()


class CommandTable:
    def create(self, command: Command) -> None:
        # An order that its client repeated while the first was under way: one of them makes the command.
        if not held(lambda: _item(command).save(condition=CommandItem.pk.does_not_exist())):
            raise CommandDuplicate(f"command {command.id} exists already")

    def get(self, tenant: str, command: str) -> Command | None:
        try:
            return _load(CommandItem.get(key(tenant, command), consistent_read=True))
        except CommandItem.DoesNotExist:
            return None

    def replace(self, old: Command, new: Command) -> bool:
        # An answer, a deadline, a delivery and a canceling client may meet here: each has read `old`, one writes.
        return held(
            lambda: _item(replace(new, revision=old.revision + 1)).save(condition=CommandItem.revision == old.revision)
        )

    def delete(self, tenant: str, command: str) -> None:
        CommandItem(key(tenant, command)).delete()

    def of_device(
        self, tenant: str, device: str, *, start: int | None, end: int | None, descending: bool
    ) -> Iterator[Command]:
        found = CommandItem.by_device.query(
            key(tenant, device), _created(start, end), scan_index_forward=not descending
        )
        while batch := [item.pk for item in islice(found, _BATCH)]:
            items = {item.pk: item for item in CommandItem.batch_get(batch)}
            yield from (_load(items[pk]) for pk in batch if pk in items)

    def count(self, tenant: str, device: str, *, start: int | None, end: int | None) -> int:
        return CommandItem.by_device.count(key(tenant, device), _created(start, end))

    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        for shard in range(SHARDS):
            for item in CommandItem.due.query(shard, CommandItem.check_at.between(after + 1, until)):
                tenant, _, device = item.device_key.partition("#")
                yield tenant, device, item.id


def _created(start: int | None, end: int | None) -> Any:
    low = first_id(start) if start is not None else None
    high = first_id(end) if end is not None else None
    if low is not None and high is not None:
        return CommandItem.id.between(low, high)
    if low is not None:
        return CommandItem.id >= low
    return CommandItem.id < high if high is not None else None


def _item(command: Command) -> CommandItem:
    waiting = command.check_at is not None
    return CommandItem(
        key(command.tenant, command.id),
        id=command.id,
        device_key=key(command.tenant, command.device),
        revision=command.revision,
        shard=int(command.id[-2:], 16) % SHARDS if waiting else None,
        check_at=command.check_at,
        ttl=_forgotten(command),
        doc=COMMAND.dump(command),
    )


def _forgotten(command: Command) -> int | None:
    """When (s) the record may go: never before the command has come to its end."""
    ends = command.expires if command.expires is not None else command.updated if command.final else None
    return None if ends is None else ends // 1000 + (command.kept or retention.DEFAULTS[Kept.COMMANDS])


def _load(item: CommandItem) -> Command:
    tenant, _, device = item.device_key.partition("#")
    return COMMAND.load(
        item.doc,
        tenant=tenant,
        id=item.id,
        device=device,
        revision=int(item.revision),
        check_at=None if item.check_at is None else int(item.check_at),
    )
