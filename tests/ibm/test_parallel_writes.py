"""Clients of IBM that write the same things at the same time: none is told to try again."""

import itertools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.ibm.clients import Organization
from tests.local.running import RunningStack

TYPES = "/api/v0002/device/types"
AT_ONCE = 20
_numbers = itertools.count(1)


@pytest.fixture
def organization(stack: RunningStack) -> Organization:
    return Organization(stack)


@pytest.fixture
def name() -> str:
    return f"par{next(_numbers)}"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool


def statuses(pool: ThreadPoolExecutor, organization: Organization, *sends: tuple[str, str, Any]) -> Counter[int]:
    return Counter(pool.map(lambda one: organization.call(*one).status_code, sends))


def test_devices_of_one_type_register(pool: ThreadPoolExecutor, organization: Organization, name: str) -> None:
    organization.ok("POST", TYPES, {"id": name})
    sends = [("POST", f"{TYPES}/{name}/devices", {"deviceId": f"d{n}"}) for n in range(AT_ONCE)]
    assert statuses(pool, organization, *sends) == {201: AT_ONCE}
    assert statuses(pool, organization, *([sends[0]] * AT_ONCE)) == {409: AT_ONCE}


def test_one_of_many_makes_a_type_and_all_change_it(
    pool: ThreadPoolExecutor, organization: Organization, name: str
) -> None:
    assert statuses(pool, organization, *([("POST", TYPES, {"id": name})] * AT_ONCE)) == {201: 1, 409: AT_ONCE - 1}
    changes = [("PUT", f"{TYPES}/{name}", {"description": f"d{n}"}) for n in range(AT_ONCE)]
    assert statuses(pool, organization, *changes) == {200: AT_ONCE}


def test_a_device_is_changed_and_deleted_by_many(
    pool: ThreadPoolExecutor, organization: Organization, name: str
) -> None:
    organization.register("pump", name)
    path = f"{TYPES}/pump/devices/{name}"
    changes = [("PUT", path, {"metadata": {"n": n}}) for n in range(AT_ONCE)]
    assert statuses(pool, organization, *changes) == {200: AT_ONCE}
    assert statuses(pool, organization, *([("DELETE", path, None)] * AT_ONCE)) == {204: 1, 404: AT_ONCE - 1}
