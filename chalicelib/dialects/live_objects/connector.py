"""What external connectors publish for the nodes behind them (manual 6.6.3 to 6.6.7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.dialects.live_objects import deployed, times
from chalicelib.dialects.live_objects.bodies import parsed
from chalicelib.dialects.live_objects.identity import CLIENT_ID, device_for_node
from chalicelib.dialects.live_objects.readings import reading
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet import groups, messages, nodes, settling, synchronizing, updating
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.configuration import MAX_KEY, ParameterType, Value, checked
from chalicelib.fleet.errors import Forbidden, Invalid, QuotaReached
from chalicelib.fleet.ids import correlation, is_id
from chalicelib.fleet.nodes import NodeStatus
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import Capability

_CAPABILITIES = {
    "command": Capability.COMMAND,
    "configuration": Capability.CONFIGURATION,
    "resource": Capability.RESOURCE,
}
_STATUSES = {"ONLINE": True, "OFFLINE": False}
_NODE_LEVEL = 3
_SEQUENCE = range(1 << 63)
_FAULTS = 5

Handler = Callable[[Ports, Claim, Uplink], Claim]


@dataclass(frozen=True, slots=True)
class Said:
    """What the client `gateway` says for a node."""

    node: Claim
    gateway: str
    body: Mapping[str, Any]
    uplink: Uplink

    @property
    def device(self) -> str:
        return self.node.device or ""


def _heard(
    say: Callable[[Ports, Said], None], *, in_topic: bool = False, registers: bool = True, speaks: bool = True
) -> Handler:
    """Finds the node that a message is about: in the topic, or in the body as `nodeId`.

    A message in which no node `speaks`, but its gateway of it, says itself when the node was heard.
    """

    def handler(ports: Ports, claim: Claim, uplink: Uplink) -> Claim:
        body = parsed(uplink.payload)
        node = uplink.topic.split("/")[_NODE_LEVEL] if in_topic else body.get("nodeId")
        speaker = _speaker(ports, claim, node, registers=registers)
        try:
            say(ports, Said(speaker, claim.client, body, uplink))
        except (Malformed, Invalid) as error:
            raise Malformed(str(error), speaker) from error
        return speaker if speaks else claim

    return handler


def _speaker(ports: Ports, claim: Claim, node: Any, *, registers: bool) -> Claim:
    if not isinstance(node, str) or not CLIENT_ID.fullmatch(node):
        raise Malformed("nodeId has 1 to 128 letters, digits, colons, hyphens and underscores")
    try:
        speaker = nodes.speaker(ports, claim, node, device=device_for_node(node) if registers else None)
    except QuotaReached:
        # It is in the audit log already.
        raise
    except Forbidden as error:
        raise Malformed(str(error)) from error
    if speaker is None:
        raise Malformed(f"no device has the node {node}")
    return speaker


def node_status(ports: Ports, said: Said) -> None:
    """`connector/v1/nodes/{nodeId}/status` (manual 6.6.3)."""
    status = said.body.get("status")
    if not isinstance(status, str) or status not in _STATUSES:
        raise Malformed("status is ONLINE or OFFLINE")
    contact = said.body.get("lastContact")
    if contact is not None and not isinstance(contact, str):
        raise Malformed("lastContact is a date in ISO 8601")
    at = said.uplink.at
    stated = NodeStatus(
        online=_STATUSES[status],
        at=at,
        capabilities=_able(said.body.get("capabilities")),
        last_contact=min(times.parse(contact, "lastContact"), at) if contact else None,
        session=_sequence(said.body, "sessionSequenceId"),
        event=_sequence(said.body, "eventSequenceId"),
    )
    nodes.state(ports, said.node, said.gateway, stated)


def node_data(ports: Ports, said: Said) -> None:
    """`connector/v1/nodes/{nodeId}/data` (manual 6.6.4)."""
    device = ports.devices.get(said.node.tenant, said.device)
    if device is None:
        raise Malformed(f"device {said.device} was deleted")
    path = groups.path_of(ports, device.tenant, device.group)
    messages.store(ports, reading(said.body, device, path, said.node, said.uplink), device=said.device)


def command_answer(ports: Ports, said: Said) -> None:
    """`connector/v1/responses/command` (manual 6.6.5.2)."""
    command = said.body.get("id")
    if not isinstance(command, str) or not is_id(command):
        raise Malformed("id is that of the command request")
    answer = settling.Answer(correlation(command), said.body.get("response"), said.uplink.event, said.node.client)
    if settling.answer(ports, said.node.tenant, said.device, answer) is None:
        raise Malformed(f"node {said.node.client} has no command {command}")


def configuration_report(ports: Ports, said: Said) -> None:
    """`connector/v1/current/configuration` (manual 6.6.6.3)."""
    _configured(ports, said, None)


def configuration_answer(ports: Ports, said: Said) -> None:
    """`connector/v1/responses/configuration`: acknowledges what it names, and nothing else (manual 6.6.6.2)."""
    version = said.body.get("targetVersion")
    if isinstance(version, bool) or not isinstance(version, int):
        raise Malformed("targetVersion is that of the configuration request")
    _configured(ports, said, version)


def resource_report(ports: Ports, said: Said) -> None:
    """`connector/v1/current/resource` (manual 6.6.7.3)."""
    found, faults = deployed.versions(said.body.get("resources"), "resources", "version")
    updating.report(ports, said.node.tenant, said.device, found)
    if faults:
        raise Malformed("; ".join(faults[:_FAULTS]))


def resource_answer(ports: Ports, said: Said) -> None:
    """`connector/v1/responses/resource` (manual 6.6.7.2)."""
    update, error = said.body.get("updateCorrelationId"), said.body.get("error")
    if said.body.get("status") != "FAILED":
        raise Malformed("status is FAILED; what succeeded is reported as the current resource")
    told = error if isinstance(error, dict) else {}
    failure = deployed.failure(told.get("code"), told.get("details"))
    known = isinstance(update, str) and updating.fail(ports, said.node.tenant, said.device, update, failure)
    if not known:
        raise Malformed(f"node {said.node.client} has no resource update {str(update)[:64]}")


HANDLERS: dict[str, Handler] = {
    "node_status": _heard(node_status, in_topic=True, speaks=False),
    "node_data": _heard(node_data, in_topic=True),
    "command_answer": _heard(command_answer, registers=False),
    "configuration_report": _heard(configuration_report),
    "configuration_answer": _heard(configuration_answer, registers=False),
    "resource_report": _heard(resource_report),
    "resource_answer": _heard(resource_answer, registers=False),
}


def _configured(ports: Ports, said: Said, version: int | None) -> None:
    parameters = said.body.get("parameters")
    if not isinstance(parameters, dict):
        raise Malformed("parameters is a JSON object of parameters")
    values, faults = {}, []
    for name, parameter in parameters.items():
        try:
            values[name] = _value(name, parameter, said.uplink.at)
        except Invalid as error:
            faults.append(str(error))
    changed = synchronizing.report(ports, said.node.tenant, said.device, values, version, partial=True)
    if version is not None and not changed.asked(version):
        faults.append(f"no parameter was last asked for as version {version}: nothing is acknowledged")
    if faults:
        raise Malformed("; ".join(faults[:_FAULTS]))


def _value(name: str, parameter: Any, at: int) -> Value:
    if not name or len(name) > MAX_KEY:
        raise Invalid(f"a parameter's name has 1 to {MAX_KEY} characters", name)
    if not isinstance(parameter, dict) or parameter.get("type") not in set(ParameterType):
        raise Invalid(f"parameter {name} is an object with value, and type among {', '.join(ParameterType)}", name)
    kind = ParameterType(parameter["type"])
    return Value(kind, checked(kind, parameter.get("value"), f"parameter {name}"), at)


def _able(said: Any) -> frozenset[str]:
    if said is None:
        return frozenset()
    if not isinstance(said, dict):
        raise Malformed("capabilities is an object of command, configuration and resource")
    available = {name for name, able in said.items() if isinstance(able, dict) and able.get("available") is True}
    return frozenset(capability for name, capability in _CAPABILITIES.items() if name in available)


def _sequence(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value not in _SEQUENCE):
        raise Malformed(f"{name} is a whole number that is not negative")
    return value
