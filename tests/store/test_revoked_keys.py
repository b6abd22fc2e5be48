"""After a revocation nothing is taken 61 s later, by either of two instances that knew the key, on an open connection.

Two instances have the tables in common and nothing else: caches and all are the product's own, the clock is set.
"""

import base64
import json
from collections.abc import Callable
from functools import cached_property
from itertools import count
from typing import Any

import pytest

from chalicelib.fleet import ports as p
from chalicelib.fleet.access import adopting, callers, inheriting, keys, tenants, users
from chalicelib.fleet.access.records import KeyRequest, User, UserRequest, UserState
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.data import messages
from chalicelib.store.cache import Cache, CachedClaims, CachedKeys, CachedTenants, CurrentKeys
from chalicelib.store.tables import shared_connection
from chalicelib.triggers import authorizer, uplink
from chalicelib.wiring import HotWiring
from tests.dialects.live_objects.client import _served
from tests.fakes import QueuedBackground, ScriptedDelivery, SetClock, SetStageKey

ARN = "arn:aws-us-gov:lambda:us-gov-west-1:210987654321:function:homeport-x-authorizer"
ACCESS = frozenset({Role.DEVICE_ACCESS, Role.DEVICE_R})
_numbers = count()


class Instance(HotWiring):
    """One running function; what it knows of keys, claims and tenants is its own."""

    def __init__(self, clock: SetClock) -> None:
        self.set_clock = clock

    @cached_property
    def clock(self) -> p.Clock:
        return self.set_clock

    @cached_property
    def keys(self) -> p.Keys:
        return CachedKeys(self.clock)

    @cached_property
    def claims(self) -> p.Claims:
        return CachedClaims(Cache(self.clock))

    @cached_property
    def tenants(self) -> p.Tenants:
        return CachedTenants(shared_connection(), self.clock)

    @cached_property
    def stage_key(self) -> p.StageKeys:
        return SetStageKey()

    @cached_property
    def background(self) -> QueuedBackground:
        return QueuedBackground()

    @cached_property
    def delivery(self) -> ScriptedDelivery:
        return ScriptedDelivery(self.set_clock)


class Door(Instance):
    @cached_property
    def keys(self) -> p.Keys:
        return CurrentKeys(self.clock)


class Site:
    """A tenant, and a device that came in with a key two levels below the master."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.instances = [Instance(self.clock) for _ in range(2)]
        self.door = Door(self.clock)
        self.tenant, self.master, _ = tenants.create(self.instances[0], f"revoked {next(_numbers)} {self.chance()}")
        self.parent, _ = keys.create_child(
            self.instances[0], callers.of_key(self.master), self.master.id, KeyRequest(roles=ACCESS)
        )
        asked = KeyRequest(roles=ACCESS)
        self.key, self.secret = keys.create_child(self.instances[0], callers.of_key(self.master), self.parent.id, asked)
        self.client = f"urn:lo:nsid:revoked:{self.chance()}"

    def chance(self) -> str:
        return HotWiring().chance(6).hex()

    def knock(self) -> bool:
        password = base64.b64encode(self.secret.encode()).decode()
        mqtt = {"username": "json+device", "password": password, "clientId": self.client}
        event = {"protocols": ["tls", "mqtt"], "protocolData": {"tls": {}, "mqtt": mqtt}}
        return bool(authorizer.handle(self.door, event, ARN)["isAuthenticated"])

    def publish(self, instance: Instance) -> bool:
        """Whether a message on the open connection was taken."""
        number = next(_numbers)
        payload = base64.b64encode(json.dumps({"v": {"n": number}}).encode()).decode()
        event = {
            "client": self.client,
            "topic": "dev/data",
            "payload": payload,
            "at": self.clock.now(),
            "id": f"e{number}",
        }
        uplink.handle(instance, event)
        found = messages.read(instance, self.tenant.id, self.client)
        return any(message.value == {"n": number} for message in found)

    def asks(self, instance: Instance, secret: str = "") -> int:
        headers = {"X-API-Key": secret or self.secret}
        current = "/api/v0/apiKeys/current_key"
        return _served().send(instance, "GET", current, headers, b"", query="", safe="/").status

    def closed(self) -> list[str]:
        """Whose connections the background work of the first instance closes."""
        first = self.instances[0]
        for tenant, key, _ in first.background.revocations:
            inheriting.close(first, tenant, key, None, self.clock.now() + 1)
        return list(first.background.disconnects)


Revocation = Callable[[Site, Instance], object]


def update(key: str, **change: Any) -> Revocation:
    return lambda site, at: keys.update(at, callers.of_key(site.master), getattr(site, key).id, KeyRequest(**change))


REVOCATIONS: dict[str, Revocation] = {
    "deleted": lambda site, at: keys.delete(at, callers.of_key(site.master), site.key.id),
    "deleted with its parent": lambda site, at: keys.delete(at, callers.of_key(site.master), site.parent.id),
    "disabled": update("key", active=False),
    "disabled with its parent": update("parent", active=False),
    "expired": lambda site, at: keys.update(
        at, callers.of_key(site.master), site.key.id, KeyRequest(valid_to=site.clock.now() + 1)
    ),
    "expired with its parent": lambda site, at: keys.update(
        at, callers.of_key(site.master), site.parent.id, KeyRequest(valid_to=site.clock.now() + 1)
    ),
    "without the role": update("key", roles=frozenset({Role.DEVICE_R})),
    "without the parent's role": update("parent", roles=frozenset({Role.DEVICE_R})),
    "for a queue alone": update("key", queues=frozenset({"q"})),
}
STILL_ASKING = {"without the role", "without the parent's role", "for a queue alone"}
"""A key that lost what devices need may still say what it is."""


@pytest.fixture
def site(dynamodb: p.Ports) -> Site:
    made = Site()
    assert made.knock()
    for instance in made.instances:
        assert made.publish(instance)
        assert made.asks(instance) == 200
    return made


@pytest.mark.parametrize("how", REVOCATIONS)
def test_nothing_is_taken_61_seconds_after(site: Site, how: str) -> None:
    first, second = site.instances
    REVOCATIONS[how](site, first)
    site.clock.advance(seconds=2)
    assert not site.knock()
    assert not site.publish(first)
    site.clock.advance(seconds=59)
    assert [site.publish(instance) for instance in (first, second)] == [False, False]
    if how not in STILL_ASKING:
        assert {site.asks(instance) for instance in (first, second)} <= {401, 403}
    assert not site.knock()


@pytest.mark.parametrize("how", [*REVOCATIONS, "with a new secret"])
def test_the_open_connection_is_closed(site: Site, how: str) -> None:
    def anew(site: Site, at: Instance) -> object:
        return keys.update(at, callers.of_key(site.master), site.key.id, KeyRequest(), renew=True)

    {**REVOCATIONS, "with a new secret": anew}[how](site, site.instances[0])
    assert site.client in site.closed()


def test_an_old_secret_opens_nothing_61_seconds_after_it_was_replaced(site: Site) -> None:
    first, second = site.instances
    _, new = keys.update(first, callers.of_key(site.master), site.key.id, KeyRequest(), renew=True)
    assert not site.knock()
    assert site.asks(first) == 403
    site.clock.advance(seconds=61)
    assert [site.asks(instance) for instance in (first, second)] == [403, 403]
    assert [site.asks(instance, str(new)) for instance in (first, second)] == [200, 200]


@pytest.mark.parametrize("how", ["disabled", "deleted", "another password", "fewer roles"])
def test_a_session_opens_nothing_61_seconds_after_its_user_changed(site: Site, how: str) -> None:
    first, second = site.instances
    name = f"ada-{site.chance()}"
    user = User(site.tenant.id, first.new_id(site.clock.now()), name, f"{name}@example.com", ACCESS, site.clock.now())
    users.create(first, callers.of_key(site.master), user, "Corr3ct-horse")
    _, _, secret = users.log_in(first, name, "Corr3ct-horse")
    assert [site.asks(instance, secret) for instance in site.instances] == [200, 200]
    if how == "disabled":
        users.update(first, callers.of_key(site.master), user.id, UserRequest(state=UserState.DISABLED))
    elif how == "deleted":
        users.delete(first, callers.of_key(site.master), user.id)
    elif how == "another password":
        users.set_password(first, callers.of_key(site.master), user.id, "N3w-horse", None)
    else:
        users.update(first, callers.of_key(site.master), user.id, UserRequest(roles=frozenset()))
    site.clock.advance(seconds=61)
    assert [site.asks(instance, secret) for instance in (first, second)] == [403, 403]


@pytest.mark.parametrize("name", [None, "a-some-name"])
def test_a_secret_that_is_taken_over_again_opens_its_new_key_in_every_instance(site: Site, name: str | None) -> None:
    one, other = site.instances
    secret, by = HotWiring().chance(16).hex().upper(), callers.of_key(site.master)

    def opened() -> str | None:
        found = adopting.named(other, site.tenant.id, name, secret) if name else keys.owner(other, secret)
        return found.id if found else None

    for _ in range(2):
        key = adopting.adopt(one, by, site.master.id, secret, KeyRequest(roles=ACCESS), name=name)
        site.clock.advance(ms=61_000)
        assert opened() == key.id
        keys.delete(one, by, key.id)
        site.clock.advance(ms=61_000)
        assert opened() is None
