"""The bootstrap interface (LwM2M Core 1.1, 6.1; manual 7.7.1.3): what a device asks, and each step that it is sent."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.lwm2m import link_format, payloads, wire
from chalicelib.dialects.lwm2m.content_formats import ContentFormat
from chalicelib.dialects.lwm2m.entries import CannotCarry, FormatError, Item
from chalicelib.dialects.lwm2m.refusals import RefusedError
from chalicelib.dialects.lwm2m.wire import Answered, Asked, Heard, Said
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Way
from chalicelib.fleet.twin import bootstrapping, paths
from chalicelib.fleet.twin.bootstrap import BootstrapSpeaker
from chalicelib.fleet.twin.bootstrapping import BootstrapRefused
from chalicelib.fleet.twin.records import CONNECTOR, Sequence, ServerSent
from chalicelib.fleet.twin.values import ResourceType, UnfitError, Value, fit

BS = "bs"
_FORMATS = {110: ContentFormat.SENML_JSON, 112: ContentFormat.SENML_CBOR, 11542: ContentFormat.TLV}
_SECURITY, _SERVER, _OSCORE, _AP_CONNECTION = 0, 1, 21, 11
_DELETED = (_SECURITY, _SERVER, _OSCORE)
_IDLE_S = 3600

Fields = Mapping[str, tuple[int, ResourceType]]
_SECURITY_FIELDS: Fields = {
    "lwm2mServerUri": (0, ResourceType.STRING),
    "securityMode": (2, ResourceType.INTEGER),
    "smsSecurityMode": (6, ResourceType.INTEGER),
    "lwm2mServerSmsNumber": (9, ResourceType.STRING),
    "shortServerId": (10, ResourceType.INTEGER),
    "clientHoldOffTime": (11, ResourceType.INTEGER),
    "bootstrapServerAccountTimeout": (12, ResourceType.INTEGER),
    "matchingType": (13, ResourceType.UNSIGNED_INTEGER),
    "sni": (14, ResourceType.STRING),
    "certificateUsage": (15, ResourceType.UNSIGNED_INTEGER),
}
_SERVER_FIELDS: Fields = {
    "shortServerId": (0, ResourceType.INTEGER),
    "lifetime": (1, ResourceType.INTEGER),
    "defaultMinimumPeriod": (2, ResourceType.INTEGER),
    "defaultMaximumPeriod": (3, ResourceType.INTEGER),
    "disableTimeout": (5, ResourceType.INTEGER),
    "notificationStoringWhenDisabledOrOffline": (6, ResourceType.BOOLEAN),
    "binding": (7, ResourceType.STRING),
    "registrationPriorityOrder": (13, ResourceType.UNSIGNED_INTEGER),
    "initialRegistrationDelayTimer": (14, ResourceType.UNSIGNED_INTEGER),
    "registrationFailureBlock": (15, ResourceType.BOOLEAN),
    "bootstrapOnRegistrationFailure": (16, ResourceType.BOOLEAN),
    "communicationRetryCount": (17, ResourceType.UNSIGNED_INTEGER),
    "communicationRetryTimer": (18, ResourceType.UNSIGNED_INTEGER),
    "communicationSequenceDelayTimer": (19, ResourceType.UNSIGNED_INTEGER),
    "communicationSequenceRetryCount": (20, ResourceType.UNSIGNED_INTEGER),
    "trigger": (21, ResourceType.BOOLEAN),
    "preferredTransport": (22, ResourceType.STRING),
    "muteSend": (23, ResourceType.BOOLEAN),
}
_IS_BOOTSTRAP, _IDENTITY, _SERVER_KEY, _SECRET, _SUITES, _APN_LINK = 1, 3, 4, 5, 16, 10


def request(ports: Ports, speaker: BootstrapSpeaker, heard: Heard) -> Said:
    """Raises RefusedError."""
    if heard.path != (BS,):
        raise RefusedError(wire.NOT_FOUND, "there is nothing at this path of the bootstrap server")
    if heard.method != "POST":
        raise RefusedError(wire.METHOD_NOT_ALLOWED, f"{heard.method} of bootstrap")
    endpoint = heard.argument("ep")
    if endpoint != speaker.entry.endpoint:
        named = (endpoint or "none")[:128]
        raise RefusedError(wire.BAD_REQUEST, f"ep is {named}, which is not that of the identity")
    wanted = heard.argument("pct")
    number = int(wanted) if wanted is not None and wanted.isdecimal() and int(wanted) in _FORMATS else None
    try:
        bootstrapping.begin(ports, speaker, number)
    except BootstrapRefused as error:
        raise RefusedError(wire.BAD_REQUEST, f"a bootstrap was refused: {error}") from error
    return Said(wire.CHANGED, idle=_IDLE_S, awaited=True)


def next_of(ports: Ports, speaker: BootstrapSpeaker, holder: str) -> dict[str, Any]:
    """`{work, request}`, or nothing."""
    sequence = bootstrapping.take(ports, speaker, holder)
    if sequence is None:
        return {}
    try:
        asked = _steps(ports, speaker, sequence)[sequence.position]
    except (BootstrapRefused, CannotCarry, UnfitError) as error:
        bootstrapping.fail(ports, speaker, sequence.id)
        refuse(ports, speaker, sequence.id, f"a bootstrap came to nothing: {error}")
        return {}
    return {"work": f"bootstrap/{sequence.id}/{sequence.position}", "request": asked.told()}


def done(ports: Ports, speaker: BootstrapSpeaker, told: Mapping[str, Any]) -> None:
    """What came of one step, as of any request."""
    _, id_, position = str(told["work"]).split("/")
    sequence = speaker.entry.sequence
    if sequence is None or (sequence.id, sequence.position) != (id_, int(position)):
        return
    steps = _count(sequence)
    answered = Answered.of(told) if "code" in told else None
    kind = _kind(sequence)
    if answered is None or not _goes_on(kind, answered):
        why = told["silence"] if answered is None else answered.reason
        bootstrapping.fail(ports, speaker, id_)
        refuse(ports, speaker, id_, f"a bootstrap ended with its step {kind}: {why}")
        return
    own = _own_instance(answered) if kind == "discover" else None
    bootstrapping.advance(ports, speaker, id_, int(position), own, last=int(position) == steps - 1)


def refuse(ports: Ports, speaker: BootstrapSpeaker, event: str, reason: str) -> None:
    """Into the audit log, as often as that takes it."""
    audit.refuse(
        ports,
        speaker.tenant,
        at=ports.clock.now(),
        event=event,
        reason=reason,
        source={"connector": CONNECTOR, "nodeId": speaker.entry.endpoint},
        way=Way.COAP,
    )


def _count(sequence: Sequence) -> int:
    return sequence.discovers + len(_DELETED) + 2 * len(sequence.servers) + 1


def _kind(sequence: Sequence) -> str:
    """What the present step is."""
    position = sequence.position - sequence.discovers
    if position < 0:
        return "discover"
    if position < len(_DELETED):
        return f"delete /{_DELETED[position]}"
    return "finish" if sequence.position == _count(sequence) - 1 else "write"


def _goes_on(kind: str, answered: Answered) -> bool:
    """What is not there needs no deletion; who cannot say what it has is taken to have it at 0 (manual 7.7.1.3)."""
    if answered.succeeded:
        return True
    if kind == "discover":
        return answered.code.startswith("4.")
    if kind.startswith("delete"):
        oscore = kind.endswith(str(_OSCORE)) and answered.code == wire.METHOD_NOT_ALLOWED
        return answered.code == wire.NOT_FOUND or oscore
    return False


def _own_instance(answered: Answered) -> int | None:
    """The instance of the security object that has no short server id: the bootstrap server's own."""
    if not answered.succeeded:
        return None
    try:
        links = link_format.parse(answered.payload)
    except FormatError:
        return None
    for link in links:
        try:
            path = paths.parse(link.target)
        except ValueError:
            continue
        is_instance = path[:1] == (_SECURITY,) and len(path) == len(("object", "instance"))
        if is_instance and "ssid" not in link.parameters:
            return path[1]
    return None


def _steps(ports: Ports, speaker: BootstrapSpeaker, sequence: Sequence) -> list[Asked]:
    """All requests of a sequence. Raises BootstrapRefused, CannotCarry, UnfitError."""
    discovery = [Asked("GET", (str(_SECURITY),), accept=int(ContentFormat.LINK_FORMAT))] if sequence.discovers else []
    deletions = [Asked("DELETE", (str(number),)) for number in _DELETED]
    if sequence.position < len(discovery) + len(deletions):
        return [*discovery, *deletions]
    format_ = _FORMATS.get(sequence.format or 0, ContentFormat.TLV)
    writes = []
    for server, (at_security, at_server) in zip(sequence.servers, bootstrapping.instances(sequence), strict=True):
        secret = bootstrapping.secret_of(ports, speaker, server)
        writes.append(_write(format_, (_SECURITY, at_security), _security(server, (_SECURITY, at_security), secret)))
        writes.append(_write(format_, (_SERVER, at_server), _server(server, (_SERVER, at_server))))
    return [*discovery, *deletions, *writes, Asked("POST", (BS,))]


def _write(format_: ContentFormat, base: paths.Path, items: list[Item]) -> Asked:
    target = tuple(map(str, base))
    return Asked("PUT", target, payloads.encode(format_, base, items), int(format_))


def _security(sent: ServerSent, base: paths.Path, secret: bytes | None) -> list[Item]:
    told = sent.security
    identity, key = str(told.get("publicKeyOrIdentity") or ""), str(told.get("serverPublicKey") or "")
    items = [
        *_items(_SECURITY_FIELDS, told, base),
        Item((*base, _IS_BOOTSTRAP), ResourceType.BOOLEAN, False),  # noqa: FBT003 - a value
        Item((*base, _IDENTITY), ResourceType.BASE64, identity.encode()),
        Item((*base, _SERVER_KEY), ResourceType.BASE64, _key(key)),
        Item((*base, _SECRET), ResourceType.BASE64, secret or b""),
    ]
    suite = told.get("dtlsTlsCiphersuite")
    suites = suite if isinstance(suite, list) else [] if suite is None else [suite]
    items += [
        Item((*base, _SUITES, n), ResourceType.UNSIGNED_INTEGER, _fit(ResourceType.UNSIGNED_INTEGER, each))
        for n, each in enumerate(suites)
    ]
    return sorted(items, key=lambda item: item.path)


def _server(sent: ServerSent, base: paths.Path) -> list[Item]:
    items = _items(_SERVER_FIELDS, sent.server, base)
    link = sent.server.get("apnLink")
    if link is not None:
        items.append(Item((*base, _APN_LINK), ResourceType.LINK, f"{_AP_CONNECTION}:{int(link)}"))
    return sorted(items, key=lambda item: item.path)


def _items(fields: Fields, told: Mapping[str, Any], base: paths.Path) -> list[Item]:
    return [
        Item((*base, number), type_, _fit(type_, told[name]))
        for name, (number, type_) in fields.items()
        if told.get(name) is not None
    ]


def _fit(type_: ResourceType, value: Any) -> Value:
    return fit(type_, value)


def _key(text: str) -> bytes:
    """A key or certificate, as hexadecimal digits or base64."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return text.encode()
