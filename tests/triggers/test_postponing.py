"""In a storm DynamoDB has no room for everything: what it refused comes again, and is not a dead letter."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pynamodb.exceptions import PutError

from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import interface_key
from chalicelib.triggers import presence
from chalicelib.triggers.functions import FUNCTIONS, Function
from chalicelib.wiring import handlers
from tests.fakes.inventory import MemoryMailboxes
from tests.triggers.test_uplink import DEVICE, Site


class FullMailboxes(MemoryMailboxes):
    """Takes no write until `refusals` are used up."""

    refusals = 0

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        if self.refusals > 0:
            self.refusals -= 1
            raise throttled()
        return super().replace(old, new)


def throttled() -> PutError:
    cause = ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "m"}}, "PutItem")
    error = PutError("no room", cause)
    error.__cause__ = cause
    return error


def named(name: str) -> Function:
    return next(f for f in FUNCTIONS if f.name == name)


def came(site: Site, session: str) -> dict[str, Any]:
    at = site.ports.clock.now()
    return {"clientId": DEVICE, "eventType": "connected", "sessionIdentifier": session, "timestamp": at}


def online(site: Site) -> bool:
    mailbox = site.ports.mailboxes.get(site.tenant, DEVICE)
    return mailbox is not None and mailbox.presence[interface_key("mqtt", DEVICE)].online


@pytest.fixture
def full() -> Site:
    site = Site()
    site.ports.mailboxes = FullMailboxes(site.ports.mailboxes.rows)
    return site


@pytest.mark.parametrize("refusals", [1, 3, 9])
def test_a_device_that_came_back_in_a_storm_is_online_once_there_is_room(full: Site, refusals: int) -> None:
    """However much oftener than Lambda tries."""
    ports = full.ports
    assert isinstance(ports.mailboxes, FullMailboxes)
    ports.mailboxes.refusals = refusals
    events = [("presence", came(full, "s1"))]
    rounds = 0
    while events:
        rounds += 1
        for name, event in events:
            handlers.run(named(name), presence.handle, ports, dict(event))
        events = [(name, dict(event)) for name, event in ports.postponed.waiting]
        ports.postponed.waiting = []
    assert online(full)
    assert rounds == refusals + 1


def test_what_is_wrong_by_itself_is_not_postponed(full: Site) -> None:
    def broken(*_: object) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        handlers.run(named("presence"), broken, full.ports, {})
    assert full.ports.postponed.waiting == []


def _refusing(*_: object) -> None:
    raise throttled()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_functions_that_others_wait_for_fail_as_before(full: Site, function: Function) -> None:
    trigger: Callable[..., None] = _refusing
    plain = function._replace(takes=None)
    if function.postpones:
        assert function.in_background
        assert handlers.run(plain, trigger, full.ports, {"a": 1}) is None
        assert full.ports.postponed.waiting == [(function.name, {"a": 1})]
    else:
        with pytest.raises(PutError):
            handlers.run(plain, trigger, full.ports, {"a": 1})


def test_where_nothing_can_be_postponed_the_event_fails(full: Site) -> None:
    full.ports.postponed.full = True
    with pytest.raises(PutError):
        handlers.run(named("presence"), _refusing, full.ports, {})
