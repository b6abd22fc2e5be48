"""What devices publish: the bodies that they would post, on topics that name them (MQTT Events).

What is wrong with one is told to its owner's audit log alone. Of a device that nobody owns only telemetry counts.
Whose a message is its session says, which belongs to whoever held the client id as it was sent: it is theirs or
nobody's, and never the next owner's.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Direction, Uplink
from chalicelib.dialects.xyte import (
    configurations,
    deciding,
    doing,
    identities,
    licences,
    lifecycle,
    listening,
    orders,
    owning,
    telemetry,
    topics,
)
from chalicelib.dialects.xyte.doing import LONGEST_MESSAGE, Said
from chalicelib.dialects.xyte.errors import Refused
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.licences import Shelf
from chalicelib.dialects.xyte.models import COMMAND_ID
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.errors import CommandNotFound, Conflict, Invalid, LimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.reading import reading
from chalicelib.web import json_text

Handler = Callable[[Ports, Identity, Claim, Mapping[str, Any], Uplink], object]
_LONGEST_ID = 64


def receive(ports: Ports, claim: Claim, uplink: Uplink) -> Claim | None:
    parsed = topics.parsed(uplink.topic)
    handler = _HANDLERS.get(parsed[1]) if parsed is not None else None
    if parsed is None or handler is None or parsed[0] != claim.client:
        raise Malformed(f"the topic {uplink.topic[:128]} means nothing here")
    found = identities.had_by(ports, claim.client, None if claim.passing else claim.tenant)
    if found is None:
        # Sent before it was claimed, given up or deleted: it belongs to nobody any more.
        _ensure_back(ports, claim)
        return None
    body = _body(uplink.payload)
    if claim.passing:
        _pass(ports, found, claim, handler, body)
        return None
    if ports.mailboxes.get(claim.tenant, found.device) is None:
        # Its owner has deleted it by another API, and it is given up when it asks next.
        return None
    try:
        handler(ports, found, claim, body, uplink)
    except (Conflict, Refused, LimitReached) as error:
        # The same message would be refused again.
        raise Malformed(str(error)) from error
    return None


def _pass(ports: Ports, found: Identity, claim: Claim, handler: Handler, body: Mapping[str, Any]) -> None:
    """Of a device that nobody owns."""
    if handler is _telemetry and not telemetry.note(ports, found, telemetry.read(body)):
        _ensure_back(ports, claim)


def _ensure_back(ports: Ports, claim: Claim) -> None:
    """It came in as nobody's as somebody claimed it, who found no session to close, or it was deleted: it is to go."""
    found = identities.current(ports, claim.client) if claim.passing else None
    if found is not None and found.owner is None:
        # It was left behind when its parent was claimed, and follows, if there is room for it.
        owning.present(ports, found)
    elif claim.passing and (found is None or deciding.in_place(ports, found) is not None):
        ports.background.disconnect(claim.client)


def _body(payload: bytes) -> Mapping[str, Any]:
    try:
        with reading("the payload"):
            body = json_text.parse_lenient(payload)
    except Invalid as error:
        raise Malformed(str(error).replace("the body", "the payload", 1)) from error
    if not isinstance(body, dict):
        raise Malformed("the message is no JSON object")
    return body


def _telemetry(ports: Ports, found: Identity, claim: Claim, body: Mapping[str, Any], uplink: Uplink) -> None:
    telemetry.keep(ports, found, claim.tenant, telemetry.read(body), uplink.event, uplink.at)
    lifecycle.firmware(ports, found, claim.tenant)


def _command(ports: Ports, found: Identity, claim: Claim, body: Mapping[str, Any], _: Uplink) -> None:
    named, status, message = body.get("id"), body.get("status"), body.get("message")
    if not isinstance(status, str) or status not in orders.REPORTS:
        raise Invalid(f"status is one of {', '.join(orders.REPORTS)}", "status")
    if message is not None and not (isinstance(message, str) and len(message) <= LONGEST_MESSAGE):
        raise Invalid(f"message is a string of at most {LONGEST_MESSAGE} characters", "message")
    if named is None and not found.model.since(COMMAND_ID):
        head = doing.head(ports, claim.tenant, found.device, found.id)
        named = None if head is None else orders.uuid_of(head.id)
    command = orders.id_of(named) if isinstance(named, str) and len(named) <= _LONGEST_ID else None
    if command is None:
        raise Invalid("id is that of no command", "id")
    said = Said(orders.REPORTS[status], message)
    try:
        doing.report(ports, claim.tenant, found.device, found.id, command, said)
    except CommandNotFound:
        child = _child(ports, found, claim.tenant, command)
        if child is None:
            raise
        doing.report(ports, claim.tenant, child.device, child.id, command, said)
        found = child
    listening.reported(ports, claim.tenant, found, said.status)


def _child(ports: Ports, parent: Identity, tenant: str, command: str) -> Identity | None:
    """Whose command that is, where it is one of a child that the same tenant has."""
    ordered = ports.commands.get(tenant, command)
    uuid = identities.uuid_of(ordered.device) if ordered is not None else None
    found = identities.had_by(ports, uuid, tenant) if uuid is not None else None
    return found if found is not None and found.parent == parent.id else None


def _configuration(ports: Ports, found: Identity, claim: Claim, body: Mapping[str, Any], _: Uplink) -> None:
    content, version = configurations.read(body, found.model)
    fetching.send_back(ports, claim.tenant, found.device, content, version)


def _licence(ports: Ports, found: Identity, claim: Claim, body: Mapping[str, Any], _: Uplink) -> None:
    named, state, error = body.get("id"), body.get("state"), body.get("error")
    if not isinstance(named, str) or len(named) > _LONGEST_ID or not isinstance(state, str):
        raise Invalid("id and state are strings", "id")
    if error is not None and not (isinstance(error, str) and len(error) <= licences.LONGEST_ERROR):
        raise Invalid(f"error is a string of at most {licences.LONGEST_ERROR} characters", "error")
    shelf = Shelf(ports, claim.tenant, found.device, found.entry.transfers)
    shelf.report(named, licences.stated(state), error)


_BY_NAME: dict[str, Handler] = {
    "telemetry": _telemetry,
    "command": _command,
    "configuration": _configuration,
    "licence": _licence,
}
_HANDLERS = {
    topic.filter.removeprefix(f"{topics.ROOT}/"): _BY_NAME[topic.handler]
    for topic in topics.TOPICS
    if topic.direction is Direction.UP and topic.handler is not None
}
