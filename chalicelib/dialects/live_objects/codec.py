"""Fleet records to the JSON that devices know (manual 6.5.6.2 and 6.5.7.1).

The C SDK reads `req`, `arg`, `cid` in that order, wants `arg` to be an object and `cid` a non-zero int32.
"""

import json
from typing import Any

from chalicelib.dialects.live_objects import topics
from chalicelib.dialects.topics import Downlink
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.configuration.records import ParameterType, Update
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues.records import QueuedMessage
from chalicelib.fleet.resources.updates import SECURED, Offer

TYPE_CODES = {
    ParameterType.INT32: "i32",
    ParameterType.UINT32: "u32",
    ParameterType.STRING: "str",
    ParameterType.BINARY: "bin",
    ParameterType.FLOAT: "f64",
}
CODED_TYPES = {code: kind for kind, code in TYPE_CODES.items()}


def command(command: Command, route: Route) -> Downlink:
    if route.relayed:
        return _relayed_command(command, route)
    request = command.request if isinstance(command.request, dict) else {"value": command.request}
    req = request.get("req")
    arg = request.get("arg")
    body = {
        "req": req if isinstance(req, str) else "",
        "arg": arg if isinstance(arg, dict) else {},
        "cid": command.correlation,
    }
    return Downlink(topics.COMMAND, _json(body))


def configuration(update: Update, route: Route) -> Downlink:
    if route.relayed:
        return _relayed_configuration(update, route)
    parameters = {k: {"t": TYPE_CODES[v.type], "v": v.value} for k, v in update.parameters.items()}
    return Downlink(topics.CONFIGURATION_UPDATE, _json({"cfg": parameters, "cid": update.correlation}))


def resource(offer: Offer, route: Route) -> Downlink:
    """The C SDK takes `m` as at least three strings (manual 6.5.8.2)."""
    if route.relayed:
        return _relayed_resource(offer, route)
    described = {name: value for name, value in offer.metadata.items() if name != SECURED}
    located = {"uri": offer.uri, "size": str(offer.size), "md5": offer.md5}
    body = {
        "id": offer.resource,
        "old": offer.initial or "",
        "new": offer.version,
        "m": {**located, **described, **located},
        "cid": offer.correlation,
    }
    return Downlink(topics.RESOURCE_UPDATE, _json(body))


def queued(message: QueuedMessage) -> Downlink:
    """What was put into the queue, as it was put there (manual 3.6.2)."""
    return Downlink(f"{topics.FIFO}/{message.queue}", message.payload)


def _relayed_command(command: Command, route: Route) -> Downlink:
    """Manual 6.6.5.1."""
    body = {
        "id": command.id,
        "nodeId": route.node,
        "value": command.request,
        "ackMode": command.policy.mode.value,
    }
    return Downlink(topics.COMMAND_REQUEST, _json(body))


def _relayed_configuration(update: Update, route: Route) -> Downlink:
    """Manual 6.6.6.1."""
    parameters = {k: {"type": v.type.value, "value": v.value} for k, v in update.parameters.items()}
    body = {"nodeId": route.node, "targetVersion": update.correlation, "parameters": parameters}
    return Downlink(topics.CONFIGURATION_REQUEST, _json(body))


def _relayed_resource(offer: Offer, route: Route) -> Downlink:
    """Manual 6.6.7.1."""
    body = {
        "nodeId": route.node,
        "resourceId": offer.resource,
        "updateCorrelationId": offer.update,
        "sourceVersion": offer.initial or "",
        "targetVersion": offer.version,
        "delivery": {"type": "HTTP_DELIVERY", "uri": offer.uri, "md5": offer.md5, "size": offer.size},
    }
    return Downlink(topics.RESOURCE_REQUEST, _json(body))


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
