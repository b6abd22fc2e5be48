"""Names: organizations, device types and ids, client ids and API keys (IBM manual 2.1.1, 3.1.6, 5.2.1, 5.3.1, 5.3.2).

A device of type T with id I is in the fleet `urn:lo:nsid:{T}:{I}`, an identifier that every dialect can show. What that
form does not allow is written otherwise, and nothing is lost on the way back:

* a full stop in an id becomes a colon, which an id of IBM cannot hold;
* a type with a full stop becomes `x-dot-` and the type, with `_d` for a full stop and `__` for an underscore. A type
  that looks like this already is treated the same, so that no two types meet;
* an id that is a UUID has 36 characters, and the first edition of the manual allows 32: in the namespaces of dialects
  that draw such ids it stands here without its dashes. What would look like it there is written with them in turn.
"""

import hashlib
import re

from chalicelib.fleet import ids
from chalicelib.fleet.frozen import dataclass

DIALECT = "ibm"

_NAME = re.compile(r"[A-Za-z0-9._-]{1,36}")
_ORGANIZATION = re.compile(r"[a-z0-9]{6}")
API_KEY = re.compile(r"a-(?P<organization>[a-z0-9]{6})-[A-Za-z0-9_-]{1,64}")
"""The name of an API key, ours or one that IBM made."""
_ESCAPED = "x-dot-"
_ESCAPES = re.compile(r"(?:[A-Za-z0-9-]|__|_d)+")
_KEY_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KEY_LENGTH = 10
_OF_UUIDS = frozenset({"xyte"})
"""Namespaces of devices whose ids are UUIDs."""
_UUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})")
_SHORT = re.compile(r"([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class Name:
    """A device as IBM names it."""

    type: str
    id: str

    @property
    def fleet_id(self) -> str:
        return fleet_prefix(self.type) + _turned(self.type, self.id).replace(".", ":")

    def client(self, organization: str, kind: str = "d") -> str:
        """The MQTT client id, which is also the `uuid` of REST; the kind of a gateway is `g`."""
        return f"{kind}:{organization}:{self.type}:{self.id}"


@dataclass(frozen=True, slots=True)
class Client:
    """A parsed MQTT client id; `kind` is `d`, `g`, `a` or `A`, `name` is there for devices and gateways only."""

    kind: str
    organization: str
    application: str = ""
    name: Name | None = None


def is_name(text: object) -> bool:
    """Whether it may be a device type or id. The manual allows 32 characters, its later editions 36.

    HTTP clients take `.` and `..` out of a path: nobody could read or delete what is called so.
    """
    return isinstance(text, str) and _NAME.fullmatch(text) is not None and text not in (".", "..")


def fleet_prefix(type_: str) -> str:
    """What the fleet ids of all devices of a type begin with, and no others."""
    return ids.device_id(namespace(type_), "")


def namespace(type_: str) -> str:
    """A device type as the second part of a fleet id."""
    if "." not in type_ and not _is_escaped(type_):
        return type_
    return _ESCAPED + type_.replace("_", "__").replace(".", "_d")


def name_of(fleet_id: str) -> Name | None:
    """How IBM names a device of the fleet; None where its identifier is none of that form."""
    found = ids.device_name(fleet_id)
    if found is None:
        return None
    namespace_, id_ = found
    type_ = _unescaped(namespace_) if _is_escaped(namespace_) else namespace_
    return Name(type_, _turned(type_, id_.replace(":", ".")))


def _turned(type_: str, id_: str) -> str:
    """An id here as it is in the fleet, and the other way round: the way back is the way there."""
    if type_ not in _OF_UUIDS:
        return id_
    if found := _UUID.fullmatch(id_):
        return "".join(found.groups())
    found = _SHORT.fullmatch(id_)
    return "-".join(found.groups()) if found else id_


def parse_client(client: str) -> Client | None:
    """`d:org:type:id`, of a gateway `g:…`; or `a:org:app`, of a scalable one `A:org:app` or `A:org:app:instance`.

    On the application's part there is no rule.
    """
    kind, _, rest = client.partition(":")
    organization, _, rest = rest.partition(":")
    if not _ORGANIZATION.fullmatch(organization) or not rest:
        return None
    if kind == "a":
        return Client(kind, organization, application=rest)
    if kind == "A":
        return Client(kind, organization, application=rest.partition(":")[0])
    type_, _, id_ = rest.partition(":")
    if kind not in ("d", "g") or not is_name(type_) or not is_name(id_):
        return None
    return Client(kind, organization, name=Name(type_, id_))


def api_key_name(tenant: str, key_id: str) -> str:
    """`a-org-xxxxxxxxxx`: every key of the fleet has this one name here; its token is the key's secret."""
    chance = hashlib.sha256(key_id.encode()).digest()
    return f"a-{tenant}-{''.join(_KEY_DIGITS[b % len(_KEY_DIGITS)] for b in chance[:_KEY_LENGTH])}"


def _is_escaped(text: str) -> bool:
    if not text.startswith(_ESCAPED):
        return False
    rest = text[len(_ESCAPED) :]
    if not _ESCAPES.fullmatch(rest):
        return False
    plain = _unescaped(text)
    return "." in plain or _is_escaped(plain)


def _unescaped(text: str) -> str:
    return re.sub("_[_d]", lambda m: "_" if m[0] == "__" else ".", text[len(_ESCAPED) :])
