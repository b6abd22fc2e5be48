"""What external connectors publish for the nodes behind them (manual 6.6.3 to 6.6.7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from chalicelib.dialects.live_objects import deployed, faults, reported, times
from chalicelib.dialects.live_objects.bodies import parsed
from chalicelib.dialects.live_objects.identity import CLIENT_ID, X_CONNECTOR, device_for_node, note
from chalicelib.dialects.live_objects.readings import Stated, message_of, stated
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet.commands import finishing
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import FULL, ParameterType, Value
from chalicelib.fleet.data import messages
from chalicelib.fleet.errors import Forbidden, Invalid, QuotaReached
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import correlation, is_id
from chalicelib.fleet.integers import whole
from chalicelib.fleet.inventory import group_paths
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import nodes
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.nodes import NodeStatus
from chalicelib.fleet.presence.records import Capability
from chalicelib.fleet.reading import reading
from chalicelib.fleet.resources import updating
from chalicelib.fleet.resources.updates import Failure, Report

_CAPABILITIES = {
    "command": Capability.COMMAND,
    "configuration": Capability.CONFIGURATION,
    "resource": Capability.RESOURCE,
}
_STATUSES = {"ONLINE": True, "OFFLINE": False}
_NODE_LEVEL = 3
_SEQUENCE = range(1 << 63)

Handler = Callable[[Ports, Claim, Uplink], Claim]
Body = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What the client `gateway` says for a node."""

    node: Claim
    gateway: str
    content: T
    uplink: Uplink

    @property
    def device(self) -> str:
        return self.node.device or ""


@dataclass(frozen=True, slots=True)
class Reported:
    """Parameters of a node, what is wrong with others, and the version of the request that they answer, if any."""

    values: Mapping[str, Value]
    wrong: Sequence[str]
    version: int | None = None


def _heard(
    read: Callable[[Body, Uplink], T],
    act: Callable[[Ports, Said[T]], None],
    *,
    in_topic: bool = False,
    registers: bool = True,
    speaks: bool = True,
) -> Handler:
    """Finds the node that a message is about: in the topic, or in the body as `nodeId`.

    A message in which no node `speaks`, but its gateway of it, says itself when the node was heard.
    `read` comes first: what makes no sense registers no node.
    """

    def handler(ports: Ports, claim: Claim, uplink: Uplink) -> Claim:
        wrong: list[str] = []
        body = parsed(uplink.payload, wrong)
        node = uplink.topic.split("/")[_NODE_LEVEL] if in_topic else body.get("nodeId")
        if not isinstance(node, str) or not CLIENT_ID.fullmatch(node):
            raise Malformed("nodeId has 1 to 128 letters, digits, colons, hyphens and underscores")
        try:
            with reading("the payload"):
                content = read(body, uplink)
        except (Malformed, Invalid) as error:
            owner = ports.devices.owner(claim.tenant, claim.connector, node)
            raise Malformed(str(error), replace(claim, client=node, device=owner)) from error
        speaker = _speaker(ports, claim, node, registers=registers)
        try:
            act(ports, Said(speaker, claim.client, content, uplink))
            faults.tell(wrong)
        except (Malformed, Invalid) as error:
            raise Malformed(str(error), speaker) from error
        return speaker if speaks else claim

    return handler


def _speaker(ports: Ports, claim: Claim, node: str, *, registers: bool) -> Claim:
    try:
        device = device_for_node(node) if registers else None
        speaker = nodes.speaker(ports, claim, node, device=device, note=note(X_CONNECTOR, node))
    except QuotaReached:
        # It is in the audit log already.
        raise
    except Forbidden as error:
        owner = ports.devices.owner(claim.tenant, claim.connector, node)
        raise Malformed(str(error), replace(claim, client=node, device=owner)) from error
    if speaker is None:
        raise Malformed(f"no device has the node {node}")
    return speaker


def _status(body: Body, uplink: Uplink) -> tuple[NodeStatus, list[str]]:
    status = body.get("status")
    if not isinstance(status, str) or status not in _STATUSES:
        raise Malformed("status is ONLINE or OFFLINE")
    wrong: list[str] = []
    stated = NodeStatus(
        online=_STATUSES[status],
        at=uplink.at,
        able=_able(body.get("capabilities")),
        last_contact=_contact(body.get("lastContact"), uplink.at, wrong),
        session=_sequence(body, "sessionSequenceId", wrong),
        event=_sequence(body, "eventSequenceId", wrong),
    )
    return stated, wrong


def node_status(ports: Ports, said: Said[tuple[NodeStatus, list[str]]]) -> None:
    """`connector/v1/nodes/{nodeId}/status` (manual 6.6.3)."""
    status, wrong = said.content
    nodes.state(ports, said.node, said.gateway, status)
    faults.tell(wrong)


def _data(body: Body, uplink: Uplink) -> Stated:
    return stated(body, uplink.at)


def node_data(ports: Ports, said: Said[Stated]) -> None:
    """`connector/v1/nodes/{nodeId}/data` (manual 6.6.4)."""
    device = ports.devices.get(said.node.tenant, said.device)
    if device is None:
        raise Malformed(f"device {said.device} was deleted")
    path = group_paths.path_of(ports, device.tenant, device.group)
    messages.store(ports, message_of(said.content, device, path, said.node, said.uplink), device=said.device)
    faults.tell(said.content.wrong)


def _command(body: Body, _uplink: Uplink) -> tuple[str, Any]:
    command = body.get("id")
    if not isinstance(command, str) or not is_id(command):
        raise Malformed("id is that of the command request")
    return command, body.get("response")


def command_answer(ports: Ports, said: Said[tuple[str, Any]]) -> None:
    """`connector/v1/responses/command` (manual 6.6.5.2)."""
    command, response = said.content
    answer = finishing.Answer(correlation(command), response, said.uplink.event, said.node.client)
    if finishing.answer(ports, said.node.tenant, said.device, answer) is None:
        raise Malformed(f"node {said.node.client} has no command {command}")


def _current(body: Body, uplink: Uplink) -> Reported:
    values, wrong = reported.parameters(body.get("parameters"), "parameters", _parameter, uplink.at)
    if not values:
        faults.tell(wrong)
    return Reported(values, wrong)


def _answering(body: Body, uplink: Uplink) -> Reported:
    version = whole(body.get("targetVersion"))
    if version is None:
        raise Malformed("targetVersion is that of the configuration request")
    return replace(_current(body, uplink), version=version)


def configuration_report(ports: Ports, said: Said[Reported]) -> None:
    """`connector/v1/current/configuration` (manual 6.6.6.3), and `connector/v1/responses/configuration`.

    A response acknowledges what it names, and nothing else (6.6.6.2).
    """
    values, version, wrong = said.content.values, said.content.version, list(said.content.wrong)
    changed = synchronizing.report(ports, said.node.tenant, said.device, values, version, partial=True)
    if version is not None and not changed.asked(version):
        wrong.append(f"no parameter was last asked for as version {version}: nothing is acknowledged")
    faults.tell([*wrong, *faults.left_out(changed.left_out(values), FULL)])


def _deployed(body: Body, _uplink: Uplink) -> tuple[dict[str, Report], list[str]]:
    found, wrong = deployed.versions(body.get("resources"), "resources", "version")
    if not found:
        faults.tell(wrong)
    return found, wrong


def resource_report(ports: Ports, said: Said[tuple[dict[str, Report], list[str]]]) -> None:
    """`connector/v1/current/resource` (manual 6.6.7.3)."""
    found, wrong = said.content
    changed = updating.report(ports, said.node.tenant, said.device, found, said.uplink.at)
    faults.tell([*wrong, *faults.left_out(changed.left_out(found), deployed.FULL)])


def _failure(body: Body, _uplink: Uplink) -> tuple[str, Failure]:
    update, error = body.get("updateCorrelationId"), body.get("error")
    if body.get("status") != "FAILED":
        raise Malformed("status is FAILED; what succeeded is reported as the current resource")
    if not isinstance(update, str):
        raise Malformed("updateCorrelationId is that of the resource request")
    told = error if isinstance(error, dict) else {}
    return update, deployed.failure(told.get("code"), told.get("details"))


def resource_answer(ports: Ports, said: Said[tuple[str, Failure]]) -> None:
    """`connector/v1/responses/resource` (manual 6.6.7.2)."""
    update, failure = said.content
    if not updating.fail(ports, said.node.tenant, said.device, update, failure):
        raise Malformed(f"node {said.node.client} has no resource update {update[:64]}")


HANDLERS: dict[str, Handler] = {
    "node_status": _heard(_status, node_status, in_topic=True, speaks=False),
    "node_data": _heard(_data, node_data, in_topic=True),
    "command_answer": _heard(_command, command_answer, registers=False),
    "configuration_report": _heard(_current, configuration_report),
    "configuration_answer": _heard(_answering, configuration_report, registers=False),
    "resource_report": _heard(_deployed, resource_report),
    "resource_answer": _heard(_failure, resource_answer, registers=False),
}


def _parameter(name: str, parameter: Any, at: int) -> Value:
    """`{type, value}` (manual 6.6.6.3)."""
    kind = parameter.get("type") if isinstance(parameter, dict) else None
    if not isinstance(kind, str) or kind not in set(ParameterType):
        raise Invalid(f"parameter {name} is an object with value, and type among {', '.join(ParameterType)}", name)
    return reported.value(ParameterType(kind), parameter.get("value"), name, at)


def _able(said: Any) -> dict[Capability, bool]:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise Malformed("capabilities is an object of command, configuration and resource")
    named = {capability: said[name] for name, capability in _CAPABILITIES.items() if said.get(name) is not None}
    return {name: isinstance(able, dict) and able.get("available") is True for name, able in named.items()}


def _contact(said: Any, arrived: int, wrong: list[str]) -> int | None:
    try:
        return None if said in (None, "") else min(times.parse(said, "lastContact"), arrived)
    except Invalid as error:
        wrong.append(f"{error}; it is left out")
        return None


def _sequence(body: Body, name: str, wrong: list[str]) -> int | None:
    if body.get(name) is None:
        return None
    value = whole(body[name])
    if value is None or value not in _SEQUENCE:
        wrong.append(f"{name} is a whole number that is not negative; it is left out")
        return None
    return value
