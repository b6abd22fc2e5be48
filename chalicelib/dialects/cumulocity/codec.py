"""Operations as devices get them over MQTT: what they listen to says in which forms (guide "MQTT").

On `s/ds` go rows of static templates, on `devicecontrol/notifications` the operation itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.dialects.cumulocity import naming, operations, topics
from chalicelib.dialects.cumulocity.smartrest import operations as static
from chalicelib.dialects.topics import Downlink, matches
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.configuration.records import Update
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ids import as_number
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues.records import QueuedMessage
from chalicelib.fleet.resources.updates import Offer
from chalicelib.web import json_text


def command(command: Command, route: Route) -> Downlink | None:
    """On every topic of these forms that the session listens to; None where there is none, or nothing to say on it."""
    return together(written(command, route))


def written(command: Command, route: Route) -> Iterator[Downlink]:
    if _listens(route, topics.OPERATIONS) and (rows := static.render(operations.asked(command), route.node)):
        yield Downlink(topics.OPERATIONS, rows.encode())
    if _listens(route, topics.JSON_OPERATIONS):
        yield Downlink(topics.JSON_OPERATIONS, json_text.render(whole(command, route)).encode())


def together(downlinks: Iterator[Downlink]) -> Downlink | None:
    every = list(downlinks)
    return Downlink(every[0].topic, every[0].payload, beside=tuple(every[1:])) if every else None


def whole(command: Command, route: Route) -> Mapping[str, Any]:
    asked = command.request if isinstance(command.request, dict) else {}
    device = naming.number_of(command.device) or asked.get("device") or asked.get("agent") or command.device
    shown = operations.view(command, device, "")
    return {
        **{name: value for name, value in shown.items() if name != "self"},
        "id": as_number(command.id) or command.id,
        "externalSource": {"externalId": route.node, "type": naming.SERIAL},
    }


def collection_of(route: Route) -> str:
    """The collection that the client's own id names, if it does."""
    client = naming.parse_client(route.client)
    return client.collection if client is not None else ""


def _listens(route: Route, topic: str) -> bool:
    return any(matches(filter_, topic) for filter_ in route.heard)


def configuration(update: Update, route: Route) -> Downlink:
    raise Invalid(f"{route.dialect} announces no configuration: {update.correlation} is not sent")


def resource(offer: Offer, route: Route) -> Downlink:
    raise Invalid(f"{route.dialect} announces no resources: {offer.resource} is not offered")


def queued(message: QueuedMessage) -> Downlink:
    raise Invalid(f"nobody here takes messages of the queue {message.queue}")
