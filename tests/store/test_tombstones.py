"""What the tables of messages promise of single ones and of deletion, of the fake and of DynamoDB."""

import os
from dataclasses import replace

import pytest

from chalicelib.aws.clients import client
from chalicelib.fleet.data.deletions import REMEMBERED, Tombstone
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources.records import Attachment
from tests.fakes import MemoryPorts

NOW = 1_800_000_000_000


def message(tenant: str, n: int, **fields: object) -> DataMessage:
    at = NOW + n
    made = DataMessage(tenant, message_id(at, at, str(n)), "s", at, at, n, metadata={"source": "d"})
    return replace(made, **fields)  # type: ignore[arg-type]


def values(ports: Ports, tenant: str) -> list[object]:
    return [m.value for m in ports.messages.page(tenant, "s", start=None, end=None, before=None, limit=50)]


def mine(ports: Ports, tenant: str, until: int) -> list[tuple[str, str, str]]:
    return [one for one in ports.messages.buried(until) if one[0] == tenant]


def test_one_is_read_changed_and_removed(ports: Ports, tenant: str) -> None:
    one, other = message(tenant, 1), message(tenant, 2)
    ports.messages.put_new([one, other], 60)
    assert ports.messages.get(tenant, "s", one.id) == one
    assert ports.messages.get(tenant, "t", one.id) is None
    changed = replace(one, value={"text": "é" * 400}, model="m")
    assert ports.messages.replace(one, changed)
    assert not ports.messages.replace(one, replace(one, value=3))
    assert ports.messages.get(tenant, "s", one.id) == changed
    for _ in range(2):
        ports.messages.remove(changed, NOW + 60_000)
    assert not ports.messages.put(changed, 60)
    assert ports.messages.get(tenant, "s", one.id) is None
    assert not ports.messages.replace(changed, one)
    assert values(ports, tenant) == [2]
    tombstone = Tombstone(tenant, "s", ports.new_id(NOW), NOW + 100)
    assert ports.messages.clear(tombstone, 4) is None
    assert values(ports, tenant) == []
    assert not ports.messages.put(changed, 60)
    assert ports.messages.put(other, 60)


def test_a_page_is_full_whatever_was_removed_from_it(ports: Ports, tenant: str) -> None:
    every = [message(tenant, n) for n in range(12)]
    ports.messages.put_new(every, 60)
    for gone in every[3:11]:
        ports.messages.remove(gone, NOW + 60_000)
    found = ports.messages.page(tenant, "s", start=None, end=None, before=None, limit=2)
    assert [m.value for m in found] == [11, 2]
    found = ports.messages.page(tenant, "s", start=None, end=None, before=found[-1].id, limit=2)
    assert [m.value for m in found] == [1, 0]
    found = ports.messages.page(tenant, "s", start=None, end=None, before=None, limit=4, ascending=True)
    assert [m.value for m in found] == [0, 1, 2, 11]


def test_tombstones_are_those_of_a_stream_and_of_the_sweep(ports: Ports, tenant: str) -> None:
    made = Tombstone(tenant, "s#1", ports.new_id(NOW), NOW, "d", frozenset({"k"}), frozenset({"m"}), 1, 2)
    ports.messages.bury(made)
    assert ports.messages.tombstones(tenant, "s#1") == [made]
    assert ports.messages.tombstones(tenant, "s") == []
    assert mine(ports, tenant, NOW - 1) == []
    assert mine(ports, tenant, NOW) == [(tenant, "s#1", made.id)]
    done = replace(made, cursor="x", done=True)
    ports.messages.bury(done)
    assert ports.messages.tombstones(tenant, "s#1") == [done]
    assert mine(ports, tenant, NOW + REMEMBERED - 1) == []
    assert mine(ports, tenant, NOW + REMEMBERED) == [(tenant, "s#1", made.id)]
    ports.messages.unbury(done)
    ports.messages.unbury(done)
    assert ports.messages.tombstones(tenant, "s#1") == []
    assert mine(ports, tenant, NOW + REMEMBERED) == []


def test_clearing_goes_from_the_newest_to_the_oldest(ports: Ports, tenant: str) -> None:
    ports.messages.put_new([message(tenant, n, metadata={"source": "de"[n % 2]}) for n in range(10)], 60)
    made = Tombstone(tenant, "s", ports.new_id(NOW), NOW + 100, "d", start=NOW + 2, end=NOW + 9)
    cursor = ports.messages.clear(made, 4)
    assert cursor is not None
    assert 8 not in values(ports, tenant)
    assert 2 in values(ports, tenant)
    while cursor is not None:
        cursor = ports.messages.clear(replace(made, cursor=cursor), 4)
    assert values(ports, tenant) == [9, 7, 5, 3, 1, 0]
    assert ports.messages.clear(replace(made, start=5, end=5), 4) is None


def test_the_file_of_a_message_goes_with_it(ports: Ports, tenant: str) -> None:
    if not isinstance(ports, MemoryPorts):
        client.cache_clear()
        client("s3").create_bucket(Bucket=os.environ["HOMEPORT_BUCKET"])
    files = [Attachment(f"attachments/{tenant}/{n}", "a", "text/plain", 1) for n in range(3)]
    sent = [message(tenant, n, attachment=file) for n, file in enumerate(files)]
    ports.messages.put_new(sent, 60)
    for file in files:
        ports.files.put(file.file, b"x")
    ports.messages.remove(sent[0], NOW + REMEMBERED)
    ports.messages.clear(Tombstone(tenant, "s", ports.new_id(NOW), NOW + 100, end=NOW + 2), 10)
    assert values(ports, tenant) == [2]
    for file in files[:2]:
        with pytest.raises(FileNotFoundError):
            ports.files.read(file.file, 0, 0)
    assert ports.files.read(files[2].file, 0, 0) == b"x"
