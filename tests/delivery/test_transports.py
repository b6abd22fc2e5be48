"""A downlink goes by the transport of its route, in the form that this transport carries."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.delivery.transports import TransportDelivery
from chalicelib.fleet.commands.records import Command, Policy, Terms
from chalicelib.fleet.configuration.records import Update
from chalicelib.fleet.ports import Carrier, Outcome
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.resources.updates import Offer
from tests.fakes import ScriptedDelivery, SetTerms

COMMAND = Command("t", "c", "d", None, {"verb": "blink"}, Policy(), 0, 0, None, None)
PUSHED, PAGED, POLLED = (Route(name, "client", name, "node", "session") for name in ("pushed", "paged", "polled"))


@dataclass
class Pager:
    """Carries texts of 20 characters, and wakes those that take for themselves."""

    paged: list[str] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)

    def command(self, route: Route, command: Command, timeout: int) -> Outcome:
        text = json.dumps([route.node, command.request["verb"], timeout])
        if len(text) > 20:
            return Outcome.REFUSED
        self.paged.append(text)
        return Outcome.CONFIRMED

    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome:
        raise NotImplementedError

    def resource(self, route: Route, offer: Offer, timeout: int) -> Outcome:
        raise NotImplementedError

    def announce(self, route: Route) -> None:
        self.woken.append(route.node)

    def capabilities(self, route: Route) -> frozenset[str] | None:
        return frozenset({route.node})


class Site:
    def __init__(self) -> None:
        terms = SetTerms({"paged": Terms(transport="pager"), "polled": Terms(transport="none")})
        self.broker, self.pager, self.made = ScriptedDelivery(), Pager(), 0
        self.delivery = TransportDelivery(terms, self.broker, {"pager": self.make})

    def make(self) -> Carrier:
        self.made += 1
        return self.pager


@pytest.fixture
def site() -> Site:
    return Site()


def test_each_route_is_served_by_its_own_transport(site: Site) -> None:
    assert site.made == 0
    outcomes = [site.delivery.command(route, COMMAND, 7) for route in (PUSHED, PAGED, PAGED, POLLED)]
    assert outcomes == [Outcome.CONFIRMED, Outcome.CONFIRMED, Outcome.CONFIRMED, Outcome.ABSENT]
    assert [route for route, _ in site.broker.commands] == [PUSHED]
    assert site.pager.paged == ['["node", "blink", 7]'] * 2
    assert site.made == 1


def test_what_is_no_command_goes_the_same_way(site: Site) -> None:
    update: Any = object()
    offer: Any = object()
    assert site.delivery.configuration(PUSHED, update, 7) is site.delivery.resource(PUSHED, offer, 7)
    assert (site.broker.updates, site.broker.offers) == ([(PUSHED, update)], [(PUSHED, offer)])
    assert site.delivery.configuration(POLLED, update, 7) is site.delivery.resource(POLLED, offer, 7) is Outcome.ABSENT
    for send in (site.delivery.configuration, site.delivery.resource):
        with pytest.raises(NotImplementedError):
            send(PAGED, update, 7)


def test_who_is_there_is_asked_of_its_own_transport(site: Site) -> None:
    site.broker.subscriptions["client"] = frozenset({"command"})
    found = [site.delivery.capabilities(route) for route in (PUSHED, PAGED, POLLED)]
    assert found == [frozenset({"command"}), frozenset({"node"}), None]


def test_those_that_take_for_themselves_are_told_that_something_waits(site: Site) -> None:
    for route in (PUSHED, PAGED, POLLED):
        site.delivery.announce(route)
    assert (site.broker.announced, site.pager.woken) == ([PUSHED], ["node"])
