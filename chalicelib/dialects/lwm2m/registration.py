"""The registration interface: `/rd` (LwM2M Core 1.1, 6.2; manual 5.5.4.3 and 7.6)."""

import re
from collections.abc import Mapping, Sequence

from chalicelib.dialects.lwm2m import link_format, wire
from chalicelib.dialects.lwm2m.content_formats import ContentFormat
from chalicelib.dialects.lwm2m.entries import FormatError
from chalicelib.dialects.lwm2m.link_format import Link
from chalicelib.dialects.lwm2m.refusals import RefusedError
from chalicelib.dialects.lwm2m.wire import Heard, Said
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import Registration
from chalicelib.fleet.twin import paths, registering
from chalicelib.fleet.twin.identities import Speaker
from chalicelib.fleet.twin.records import Twin
from chalicelib.fleet.twin.registering import Announced, Renewed

RD = "rd"
DEFAULT_LIFETIME = 300
_LONGEST_LIFETIME = (1 << 31) - 1
"""Seconds. It stands for ever, too: 0 (LwM2M Core 1.1, E.2, resource 1), and numbers that are greater."""
_LARGEST_LINKS = 16 * 1024
_VERSIONS = {"1.0": "1.0", "1.1": "1.1", "1.2": "1.1"}
"""Those that are spoken, and as which."""
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)
_FORMATS = re.compile(r"[0-9]{1,5}", re.ASCII)
_SECURITY = 0
_QUEUE = "Q"
_LONGEST_BINDING = 14
_LONGEST_ROOT = 255
"""Bytes; a longer one is in no request that a device could be sent."""
_INSTANCE = 2
_HOUR, _DAY = 3600, 24 * 3600


def serve(ports: Ports, speaker: Speaker, heard: Heard) -> Said:
    """Raises RefusedError."""
    match heard.path[1:]:
        case ():
            return _register(ports, speaker, heard)
        case (registration,) if heard.method == "POST":
            return _update(ports, speaker, heard, registration)
        case (registration,) if heard.method == "DELETE":
            return _deregister(ports, speaker, registration)
        case (_,):
            raise RefusedError(wire.METHOD_NOT_ALLOWED, f"{heard.method} of a registration")
    raise RefusedError(wire.NOT_FOUND, "there is nothing below a registration")


def _register(ports: Ports, speaker: Speaker, heard: Heard) -> Said:
    if heard.method != "POST":
        raise RefusedError(wire.METHOD_NOT_ALLOWED, f"{heard.method} of registrations")
    endpoint = heard.argument("ep")
    if not endpoint:
        raise RefusedError(wire.BAD_REQUEST, "a registration without ep")
    if endpoint != speaker.interface.node:
        raise RefusedError(wire.FORBIDDEN, f"ep is {endpoint[:128]}, which is not that of the identity")
    version = heard.argument("lwm2m") or "1.0"
    if version not in _VERSIONS:
        raise RefusedError(wire.PRECONDITION_FAILED, f"LwM2M {version[:16]} is none of {', '.join(_VERSIONS)}")
    bindings, queue_mode = _binding(heard)
    announced = Announced(
        _twin(_links(heard), _VERSIONS[version]),
        version,
        _lifetime(heard) or DEFAULT_LIFETIME,
        bindings or ("U",),
        bool(queue_mode),
        heard.address,
        heard.port,
    )
    registration = registering.register(ports, speaker, announced)
    return Said(wire.CREATED, (RD, registration.id), idle=_idle(registration), awaited=True)


def _update(ports: Ports, speaker: Speaker, heard: Heard, registration: str) -> Said:
    bindings, queue_mode = _binding(heard)
    links = _links(heard) if heard.payload else None
    renewed = Renewed(
        _lifetime(heard),
        bindings,
        queue_mode if bindings is not None else None,
        None if links is None else lambda twin: _twin(links, twin.version),
        heard.address,
        heard.port,
    )
    found = registering.update(ports, speaker, registration, renewed)
    if found is None:
        raise RefusedError(wire.NOT_FOUND, "an update of a registration that is not, or no longer, there")
    return Said(wire.CHANGED, idle=_idle(found), awaited=True)


def _deregister(ports: Ports, speaker: Speaker, registration: str) -> Said:
    if not registering.deregister(ports, speaker, registration):
        raise RefusedError(wire.NOT_FOUND, "an end of a registration that is not, or no longer, there")
    return Said(wire.DELETED)


def _idle(registration: Registration) -> int:
    return max(registration.lifetime + _HOUR, _DAY)


def _lifetime(heard: Heard) -> int | None:
    text = heard.argument("lt")
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise RefusedError(wire.BAD_REQUEST, f"lt is {text[:32]}, no number of seconds")
    return min(int(text) or _LONGEST_LIFETIME, _LONGEST_LIFETIME)


def _binding(heard: Heard) -> tuple[tuple[str, ...] | None, bool | None]:
    """The bindings, and whether the device sleeps: 1.0 has a Q among them, later ones a query of its own."""
    text = heard.argument("b")
    own = heard.argument(_QUEUE) is not None
    if text is None:
        return (("U",), True) if own else (None, None)
    if len(text) > _LONGEST_BINDING or not text.isalpha() or not text.isascii():
        raise RefusedError(wire.BAD_REQUEST, "b is made of letters")
    modes = tuple(dict.fromkeys(letter for letter in text if letter != _QUEUE)) or ("U",)
    return modes, own or _QUEUE in text


def _links(heard: Heard) -> list[Link]:
    if len(heard.payload) > _LARGEST_LINKS:
        raise RefusedError(wire.BAD_REQUEST, f"the links have more than {_LARGEST_LINKS} bytes")
    if heard.format not in (None, ContentFormat.LINK_FORMAT):
        raise RefusedError(wire.UNSUPPORTED_FORMAT, "the links are in another format than link-format")
    try:
        return link_format.parse(heard.payload)
    except FormatError as error:
        raise RefusedError(wire.BAD_REQUEST, str(error)) from error


def _twin(links: Sequence[Link], version: str) -> Twin:
    """What the links say of a device; those that are none of LwM2M say nothing."""
    root, formats = _root(links)
    objects: dict[str, str] = {}
    instances: set[tuple[int, ...]] = set()
    for link in links:
        path = _below(link.target, root)
        if path is None or not 1 <= len(path) <= _INSTANCE or path[0] == _SECURITY:
            continue
        told = link.parameters.get("ver", "")
        known = objects.setdefault(str(path[0]), "")
        if not known and len(path) == 1 and _VERSION.fullmatch(told):
            objects[str(path[0])] = told
        if len(path) == _INSTANCE:
            instances.add(path)
    return Twin(version, root, formats, _sorted(objects), tuple(paths.write(each) for each in sorted(instances)))


def _root(links: Sequence[Link]) -> tuple[str, tuple[int, ...]]:
    for link in links:
        if len(link.target.encode()) > _LONGEST_ROOT:
            continue
        if "oma.lwm2m" in link.parameters.get("rt", "").split() or link.target == "/":
            formats = tuple(int(number) for number in _FORMATS.findall(link.parameters.get("ct", "")))
            return f"/{link.target.strip('/')}", formats
    return "/", ()


def _below(target: str, root: str) -> paths.Path | None:
    prefix = root.rstrip("/")
    if prefix and not target.startswith(f"{prefix}/"):
        return None
    try:
        return paths.parse(target.removeprefix(prefix) or "/")
    except ValueError:
        return None


def _sorted(objects: Mapping[str, str]) -> dict[str, str]:
    return {number: objects[number] for number in sorted(objects, key=int)}
