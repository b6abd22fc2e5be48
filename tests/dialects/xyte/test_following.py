"""A child is whose its parent is, also where the parent changes hands while the child is on its way there."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.dialects.xyte import identities, owning
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from tests.dialects.xyte.client import Client, Device
from tests.dialects.xyte.test_claiming import CHILD, DEVICES, claim, had, owner

TELEMETRY = {"status": "online", "telemetries": {"speed": 1}}
Late = Callable[[Client, Device, Device], None]


def heard(_: Client, parent: Device, child: Device) -> None:
    assert child.call("POST", "/telemetry", TELEMETRY).status == 200


def spoken_for(_: Client, parent: Device, child: Device) -> None:
    reply = parent.call("POST", "/children/telemetries", {child.id: TELEMETRY})
    assert reply.body[child.id]["success"] is True


def followed(client: Client, _: Device, child: Device) -> None:
    owning.try_to_follow(client.ports, child.id, client.tenant.id)


LATE: dict[str, Late] = {"heard": heard, "spoken for": spoken_for, "followed": followed}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def other(client: Client) -> Client:
    return Client(client.ports, "other")


@pytest.fixture
def parent(client: Client) -> Device:
    return client.register(client.model())


@pytest.fixture
def left_behind(client: Client, parent: Device) -> Device:
    """A child of a claimed parent, without room for it then; there is room by now."""
    made = parent.call("POST", "/children", CHILD).body
    room(client, 1)
    assert claim(client).status == 200
    room(client, 9)
    child = Device(client.ports, made["id"], made["access_key"])
    assert owner(child) is None
    return child


def room(client: Client, count: int) -> None:
    settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: count})
    client.ports.clock.advance(ms=61_000)


def give_up(client: Client, device: Device) -> None:
    assert client.call("DELETE", f"{DEVICES}/{device.id}").status == 200


@pytest.mark.parametrize("late", LATE)
def test_it_stays_nobodys_where_its_parent_is_given_up_meanwhile(
    client: Client, parent: Device, left_behind: Device, late: str
) -> None:
    client.ports.directory.meanwhile = lambda: give_up(client, parent)
    LATE[late](client, parent, left_behind)
    assert [owner(one) for one in (parent, left_behind)] == [None, None]
    assert had(client) == []


@pytest.mark.parametrize("late", LATE)
def test_it_is_the_next_owners_where_its_parent_is_claimed_meanwhile(
    client: Client, other: Client, parent: Device, left_behind: Device, late: str
) -> None:
    def meanwhile() -> None:
        give_up(client, parent)
        assert claim(other).status == 200

    client.ports.directory.meanwhile = meanwhile
    LATE[late](client, parent, left_behind)
    assert [owner(one) for one in (parent, left_behind)] == [other.tenant.id] * 2
    assert (had(client), set(had(other))) == ([], {parent.id, left_behind.id})


def test_who_remembers_an_earlier_owner_takes_nothing_from_the_next(
    client: Client, other: Client, parent: Device, left_behind: Device
) -> None:
    give_up(client, parent)
    assert claim(other).status == 200
    found = owning.try_to_follow(client.ports, left_behind.id, client.tenant.id)
    assert found is not None
    assert (found.owner, owner(left_behind)) == (other.tenant.id, other.tenant.id)
    assert had(client) == []


def test_one_that_registers_while_its_parent_is_given_up_is_nobodys(client: Client, parent: Device) -> None:
    assert claim(client).status == 200

    def joined() -> None:
        # After the parent has noted it, before it is pointed to its owner.
        client.ports.directory.meanwhile = lambda: give_up(client, parent)

    client.ports.directory.meanwhile = joined
    made = parent.call("POST", "/children", CHILD)
    assert made.status == 201
    child = identities.current(client.ports, made.body["id"])
    assert child is not None
    assert (child.owner, owner(parent), had(client)) == (None, None, [])


def test_one_that_registers_is_told_its_key_even_where_it_cannot_follow_now(client: Client, parent: Device) -> None:
    assert claim(client).status == 200
    directory = client.ports.directory

    def contend() -> None:
        directory.meanwhile = contend
        for uuid, entry in directory.rows.items():
            if entry.parent is not None:
                directory.rows[uuid] = replace(entry, revision=entry.revision + 1)

    contend()
    made = parent.call("POST", "/children", CHILD)
    directory.meanwhile = lambda: None
    assert made.status == 201
    child = Device(client.ports, made.body["id"], made.body["access_key"])
    assert owner(child) is None
    heard(client, parent, child)
    assert owner(child) == client.tenant.id


def test_one_that_is_claimed_as_it_registers_by_itself_is_told_its_key(client: Client, other: Client) -> None:
    claims: list[int] = []
    client.ports.directory.meanwhile = lambda: claims.append(claim(other).status)
    device = client.register(client.model(claim="automatic"))
    assert claims == [200]
    assert owner(device) == other.tenant.id
    assert device.call("POST", "/telemetry", TELEMETRY).body["space_data_version"] == 1
    assert (had(client), had(other)) == ([], [device.id])
