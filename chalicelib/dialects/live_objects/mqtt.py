"""What devices publish (manual 6.5.5 to 6.5.8), turned into calls of use cases."""

from collections.abc import Callable
from typing import Any

from chalicelib.dialects.live_objects import connector, deployed, faults, reported, topics
from chalicelib.dialects.live_objects.bodies import parsed
from chalicelib.dialects.live_objects.codec import CODED_TYPES
from chalicelib.dialects.live_objects.readings import message_of, stated, unread
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Direction, Uplink, matches
from chalicelib.fleet.commands import finishing
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import FULL, ParameterType, Value
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DecoderKind
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.integers import whole
from chalicelib.fleet.inventory import group_paths
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.reading import reading
from chalicelib.fleet.resources import updating

_INT32 = range(-(1 << 31), 1 << 31)
_READ_BYTES = frozenset({DecoderKind.BINARY})


def receive(ports: Ports, claim: Claim, uplink: Uplink) -> Claim | None:
    """Dispatch by topic; the node that spoke, where a connector speaks for one.

    Malformed for a topic or a payload that a client of that mode may not send.
    """
    for topic in topics.TOPICS:
        ours = topic.direction is Direction.UP and topic.mode == claim.mode
        if ours and topic.handler and matches(topic.filter, uplink.topic):
            return HANDLERS[topic.handler](ports, claim, uplink)
    raise Malformed(f"a {claim.mode} may not publish on topic {uplink.topic}")


def data(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`dev/data`, in the long and in the short form."""
    wrong: list[str] = []
    with reading("the payload"):
        said = stated(parsed(uplink.payload, wrong), uplink.at)
    device = _device(ports, claim)
    message = message_of(said, device, _path(ports, device), claim, uplink)
    messages.store(ports, message, device=claim.device)
    faults.tell([*wrong, *said.wrong])


def binary(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`dev/v1/data/binary`, and `dev/v1/data/binary/{encoding}`, which names its decoder itself."""
    encoding = uplink.topic.removeprefix(topics.BINARY).removeprefix("/")
    device = _device(ports, claim)
    message = unread(uplink.payload, encoding or None, device, _path(ports, device), claim, uplink)
    messages.store(ports, message, _READ_BYTES, device=claim.device)


def configuration(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`dev/cfg`: what the device has, or its answer to an update."""
    unread_numbers: list[str] = []
    body = parsed(uplink.payload, unread_numbers)
    with reading("the payload"):
        values, wrong = reported.parameters(body.get("cfg"), "cfg", _parameter, uplink.at)
    cid = _cid(body) if body.get("cid") is not None else None
    changed = synchronizing.report(ports, claim.tenant, claim.device or "", values, cid)
    if cid and not changed.asked(cid):
        wrong.append(f"no parameter was last asked for under the correlation id {cid}: nothing is acknowledged")
    faults.tell([*unread_numbers, *wrong, *faults.left_out(changed.left_out(values), FULL)])


def command_response(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`dev/cmd/res`: any answer makes the command PROCESSED."""
    wrong: list[str] = []
    body = parsed(uplink.payload, wrong)
    said = finishing.Answer(_cid(body), body.get("res"), uplink.event, claim.client)
    if finishing.answer(ports, claim.tenant, claim.device or "", said) is None:
        raise Malformed(f"no command has the correlation id {said.cid}")
    faults.tell(wrong)


def resources(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`dev/rsc`: the versions that the device has (manual 6.5.8.1)."""
    unread_numbers: list[str] = []
    with reading("the payload"):
        found, wrong = deployed.versions(parsed(uplink.payload, unread_numbers).get("rsc"), "rsc", "v", "m")
    changed = updating.report(ports, claim.tenant, claim.device or "", found, uplink.at)
    faults.tell([*unread_numbers, *wrong, *faults.left_out(changed.left_out(found), deployed.FULL)])


def resource_response(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`dev/rsc/upd/res`: whether the device will do it (manual 6.5.8.3)."""
    wrong: list[str] = []
    body = parsed(uplink.payload, wrong)
    cid, said = _cid(body), body.get("res")
    tenant, device = claim.tenant, claim.device or ""
    match said:
        case deployed.OK:
            known = updating.accept(ports, tenant, device, cid, uplink.at)
        case deployed.BUSY:
            known = updating.put_off(ports, tenant, device, cid)
        case str() if said in deployed.REFUSALS:
            known = updating.refuse(ports, tenant, device, cid, said)
        case _:
            raise Malformed(f"res is one of {', '.join((deployed.OK, *deployed.REFUSALS, deployed.BUSY))}")
    if not known:
        raise Malformed(f"no resource update has the correlation id {cid}")
    faults.tell(wrong)


def resource_error(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`dev/rsc/upd/err`: the newest update under way went wrong (manual 6.5.8.4)."""
    wrong: list[str] = []
    body = parsed(uplink.payload, wrong)
    with reading("the payload"):
        failure = deployed.failure(body.get("errorCode"), body.get("errorDetails"))
    if not updating.fail(ports, claim.tenant, claim.device or "", None, failure):
        raise Malformed("no resource update is under way")
    faults.tell(wrong)


def information(_ports: Ports, _claim: Claim, _uplink: Uplink) -> None:
    """`dev/info`: no part of the manual, and not worth an entry at every connection."""


HANDLERS: dict[str, Callable[[Ports, Claim, Uplink], Claim | None]] = {
    **connector.HANDLERS,
    "data": data,
    "binary": binary,
    "configuration": configuration,
    "command_response": command_response,
    "resources": resources,
    "resource_response": resource_response,
    "resource_error": resource_error,
    "information": information,
}


def _path(ports: Ports, device: Device) -> str:
    return group_paths.path_of(ports, device.tenant, device.group)


def _device(ports: Ports, claim: Claim) -> Device:
    if claim.device is None:
        raise Malformed("no device belongs to this client")
    device = ports.devices.get(claim.tenant, claim.device)
    if device is None:
        raise Malformed(f"device {claim.device} was deleted; connect again to register it anew")
    return device


def _cid(body: dict[str, Any]) -> int:
    cid = whole(body.get("cid"))
    if cid is None or cid not in _INT32:
        raise Malformed("cid is the correlation id of the request, a 32-bit integer")
    return cid


def _parameter(name: str, parameter: Any, at: int) -> Value:
    """`{t, v}` (manual 6.5.6.1)."""
    if not isinstance(parameter, dict):
        raise Invalid(f"parameter {name} is not an object with t and v", name)
    code = parameter.get("t")
    kind = CODED_TYPES.get(code) if isinstance(code, str) else None
    if kind is None:
        raise Invalid(f"parameter {name}: t is one of {', '.join(CODED_TYPES)}", name)
    value = parameter.get("v")
    if kind is ParameterType.BINARY and isinstance(value, bool):
        # The Python SDK reports its booleans as `bin`.
        return Value(kind, value, at)
    return reported.value(kind, value, name, at)
