"""When the database is to remove what is stored: in seconds, from the time on our own clock."""

from dataclasses import replace

from chalicelib.fleet.commands.records import Command, Policy, Status
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.ids import repeatable_id
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import DAY, AuditEntry, Cause
from chalicelib.store.audit import AuditItem
from chalicelib.store.commands import CommandItem
from chalicelib.store.messages import MessageItem, StreamItem

AT = 1_900_000_000_000
TENANT = "kept01"


def test_a_message_ends_by_its_arrival_whatever_its_own_time_stamp(dynamodb: Ports) -> None:
    message = DataMessage(TENANT, message_id(5, AT, "e"), "s", 5, AT, {})
    dynamodb.messages.put(message, 3 * DAY)
    assert MessageItem.get(f"{TENANT}#s", message.id).ttl == AT // 1000 + 3 * DAY


def test_the_count_of_a_stream_lasts_as_long_as_its_messages(dynamodb: Ports) -> None:
    dynamodb.messages.count(TENANT, "d", "s", AT, kept=3 * DAY)
    assert StreamItem.get(f"{TENANT}#d", "s").ttl == AT // 1000 + 3 * DAY


def test_an_entry_of_the_audit_log_ends_by_when_it_was_made(dynamodb: Ports) -> None:
    entry = AuditEntry(TENANT, repeatable_id(AT, "slot"), AT, "error", Cause.REFUSED, None, "r")
    dynamodb.audit.put(entry, 3 * DAY)
    assert AuditItem.get(f"{TENANT}#{AT // (DAY * 1000)}", entry.id).ttl == AT // 1000 + 3 * DAY


def test_a_command_ends_by_its_expiration_also_when_it_is_written_again(dynamodb: Ports) -> None:
    short = Command(TENANT, "1" * 24, "d", "mqtt", {}, Policy(), AT, AT, AT + 60_000, None, kept=3 * DAY)
    unset = replace(short, id="2" * 24, kept=None)
    for command, kept in ((short, 3 * DAY), (unset, 90 * DAY)):
        dynamodb.commands.create(command)
        dynamodb.commands.replace(command, replace(command, updated=AT + 5))
        assert CommandItem.get(f"{TENANT}#{command.id}").ttl == AT // 1000 + 60 + kept
        stored = dynamodb.commands.get(TENANT, command.id)
        assert stored is not None
        assert stored.kept == command.kept


def test_a_command_without_expiry_is_kept_for_as_long_as_it_is_not_final(dynamodb: Ports) -> None:
    command = Command(TENANT, "e" * 24, "d", None, {}, Policy(expiration=None), AT, AT, None, None, kept=3 * DAY)
    dynamodb.commands.create(command)
    assert CommandItem.get(f"{TENANT}#{command.id}").ttl is None
    ended = replace(command, status=Status.PROCESSED, updated=AT + 60_000)
    assert dynamodb.commands.replace(command, ended)
    assert CommandItem.get(f"{TENANT}#{command.id}").ttl == AT // 1000 + 60 + 3 * DAY
    assert dynamodb.commands.get(TENANT, command.id) == replace(ended, revision=1)
