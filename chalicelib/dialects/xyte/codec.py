"""What a device is told over MQTT 5: bodies that it would be answered, on topics that name it (Subscribe Topics)."""

import json
from typing import Any

from chalicelib.dialects.topics import Downlink
from chalicelib.dialects.xyte import configurations, orders, topics
from chalicelib.dialects.xyte.topics import COMMAND, COMMANDS, CONFIG, UPDATE
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.configuration.records import Update
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues.records import QueuedMessage
from chalicelib.fleet.resources.updates import Offer


def command(command: Command, route: Route) -> Downlink | None:
    """On each topic of commands that the session listens to; a file that goes with it is fetched by its id."""
    body = order(command, route.node)
    heard = [name for name in (COMMAND, COMMANDS) if topics.of(route.node, name) in route.heard]
    told = [asking(route.node, name, body) for name in heard or [COMMAND]]
    first, *rest = told
    return Downlink(first.topic, first.payload, response=first.response, beside=tuple(rest))


def order(command: Command, uuid: str) -> dict[str, Any]:
    """A command of the device with that uuid."""
    parameters = orders.parameters(command)
    if (file := orders.file(command)) is not None:
        parameters["file_id"] = file
    return {
        "id": orders.uuid_of(command.id),
        "device_id": uuid,
        "status": str(orders.status(command)),
        "name": orders.name(command),
        "parameters": parameters,
    }


def configuration(update: Update, route: Route) -> Downlink:
    document = update.document
    if document is None:
        raise TypeError("the configuration of such a device is one object")
    return asking(route.node, CONFIG, configurations.view(document, route.node, document.form))


def resource(offer: Offer, route: Route) -> Downlink:  # noqa: ARG001 - it listens to nothing that could carry one
    raise TypeError("such a device asks for files")


def queued(message: QueuedMessage) -> Downlink:  # noqa: ARG001 - there are no applications
    raise TypeError("such a device consumes no queue")


def asking(device: str, name: str, body: Any) -> Downlink:
    """A message that its device is to answer."""
    return telling(device, name, body, response=f"{topics.of(device, name)}/{UPDATE}")


def telling(device: str, name: str, body: Any, response: str = "") -> Downlink:
    payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
    return Downlink(topics.of(device, name), payload, response=response)
