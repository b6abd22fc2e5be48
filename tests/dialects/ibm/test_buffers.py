"""Buffers of applications that are away: two messages of one moment are two."""

import pytest

from chalicelib.dialects.ibm import applications
from chalicelib.dialects.ibm.applications import Application
from chalicelib.dialects.topics import Downlink
from chalicelib.fleet.documents import Record
from tests.fakes import MemoryPorts

TENANT, CLIENT, FILTER = "t1", "a:org:app", "iot-2/#"


@pytest.mark.parametrize("others", [1, 3])
def test_messages_that_are_kept_at_once_are_all_kept(others: int) -> None:
    ports = MemoryPorts()
    application = Application(TENANT, CLIENT)
    applications.change(ports, TENANT, CLIENT, lambda known: known)
    waiting, store = list(range(others)), ports.records.replace

    def keep(number: int) -> None:
        applications.keep(ports, application, FILTER, Downlink("iot-2/t", str(number).encode()))

    def overtaken(old: Record, new: Record) -> bool:
        if waiting:
            keep(waiting.pop())
        return store(old, new)

    ports.records.replace = overtaken  # type: ignore[method-assign]
    keep(others)
    present = applications.get(ports, TENANT, CLIENT)
    assert present is not None
    found = [int(message.payload) for _, _, message in applications.waiting(ports, present)]
    assert sorted(found) == list(range(others + 1))
