"""Interfaces of the connector lwm2m (manual 5.5.4)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.inventory.records import Interface
from chalicelib.fleet.presence.records import Capability, Presence
from chalicelib.fleet.twin.identities import checked_identity, secret_bytes

PSK = "PSK"
_LONGEST_ENDPOINT = 255
_IDENTITY, _SECRET = "definition.security.pskInfo.identity", "definition.security.pskInfo.secret"
_TEXT = {"type": ["string", "null"], "maxLength": 255}
FIELDS: Mapping[str, Any] = {
    "endpointName": {"type": ["string", "null"], "maxLength": _LONGEST_ENDPOINT},
    "security": {
        "type": ["object", "null"],
        "properties": {
            "mode": {"enum": [PSK, None]},
            "pskInfo": {"type": ["object", "null"], "properties": {"identity": _TEXT, "secret": _TEXT}},
        },
    },
    "bootstrap": {
        "type": ["object", "null"],
        # The manual's own samples send "true" and "false" as strings.
        "properties": {"managed": {"enum": [True, False, "true", "false", None]}},
    },
}
"""What a definition has beside what every connector's has."""


def created(definition: Mapping[str, Any]) -> tuple[str, dict[str, Any], bytes | None]:
    """Endpoint name, definition as it is kept, and the secret, which none is where bootstrap provides it.

    Errors: Invalid.
    """
    endpoint = checked_endpoint(definition.get("endpointName"), "definition.endpointName")
    managed = _managed(definition) or False
    kept: dict[str, Any] = {"endpointName": endpoint}
    if managed:
        _ensure_unsecured(definition)
        return endpoint, {**kept, "bootstrap": {"managed": True}}, None
    security, secret = _security(definition.get("security"))
    if secret is None or "pskInfo" not in security:
        missing = _SECRET if "pskInfo" in security else _IDENTITY
        raise Invalid(f"{missing} is required", missing)
    bootstrap = {"bootstrap": {"managed": False}} if definition.get("bootstrap") is not None else {}
    return endpoint, {**kept, "security": security, **bootstrap}, secret


def changed(interface: Interface, definition: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    """The fields of the definition that change, and the secret where there is a new one. Errors: Invalid."""
    endpoint = definition.get("endpointName") or interface.node
    if endpoint != interface.node:
        raise Invalid("definition.endpointName names the interface; it cannot be changed", "definition.endpointName")
    fields: dict[str, Any] = {}
    managed = _managed(definition)
    if managed is not None:
        fields["bootstrap"] = {"managed": managed}
    if managed or (managed is None and is_managed(interface)):
        _ensure_unsecured(definition)
        return fields, None
    if definition.get("security") is None:
        return fields, None
    security, secret = _security(definition["security"])
    known = interface.definition.get("security") or {}
    fields["security"] = {**known, **security}
    if "pskInfo" not in fields["security"]:
        raise Invalid(f"{_IDENTITY} is required", _IDENTITY)
    return fields, secret


def is_managed(interface: Interface) -> bool:
    return bool((interface.definition.get("bootstrap") or {}).get("managed"))


def render_definition(interface: Interface) -> dict[str, Any]:
    """Without what is ours alone."""
    known = interface.definition
    shown = {name: known[name] for name in ("security", "bootstrap") if name in known}
    return {"endpointName": interface.node, **shown}


THERE = frozenset({"ONLINE", "SLEEPING"})


def status(interface: Interface, presence: Presence | None) -> str:
    """The LwM2M connector's state machine (manual 5.5.4.4), of a presence as readers see it."""
    if not interface.enabled:
        return "DEACTIVATED"
    if presence is None or presence.registration is None:
        return "REGISTERED"
    if not presence.online:
        return "OFFLINE"
    return "SLEEPING" if presence.asleep else "ONLINE"


def twin(interface: Interface, presence: Presence | None) -> dict[str, Any]:
    able = presence is not None and presence.online and interface.enabled and Capability.TWIN in presence.capabilities
    return {"available": able, "version": 1}


def activity(interface: Interface, presence: Presence | None) -> dict[str, Any]:
    """Empty before the first registration; when bootstrap provided the security, only where that is what it does."""
    provisioned = interface.definition.get("provisioned") if is_managed(interface) else None
    last = {"lastBootstrapProvisioningDate": None if provisioned is None else times.render(provisioned)}
    registration = presence.registration if presence else None
    if registration is None:
        return present(last)
    return present(
        {
            "lwm2mVersion": registration.version,
            "remoteAddress": registration.address,
            "remotePort": registration.port,
            "queueMode": registration.queue_mode,
            "bindings": list(registration.bindings),
            "lastRegistrationDate": times.render(registration.registered),
            "registrationLifetime": registration.lifetime,
            "lastUpdateDate": times.render(registration.updated),
            **last,
        }
    )


def checked_endpoint(name: Any, field: str) -> str:
    """Errors: Invalid."""
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_ENDPOINT or not name.isprintable() or "/" in name:
        raise Invalid(f"{field} has 1 to {_LONGEST_ENDPOINT} characters, none of them a slash or unprintable", field)
    return name


def psk_info(body: Any, field: str) -> tuple[str | None, str | None]:
    """Identity and secret as they were written. Errors: Invalid."""
    info = body or {}
    identity, secret = info.get("identity"), info.get("secret")
    if identity is not None:
        checked_identity(identity, f"{field}.identity")
    if secret is not None:
        secret_bytes(secret, f"{field}.secret")
    return identity, secret


def _security(body: Any) -> tuple[dict[str, Any], bytes | None]:
    given = body or {}
    identity, secret = psk_info(given.get("pskInfo"), "definition.security.pskInfo")
    security: dict[str, Any] = {"mode": given.get("mode") or PSK}
    if identity is not None:
        security["pskInfo"] = {"identity": identity}
    return security, None if secret is None else secret_bytes(secret, _SECRET)


def _managed(definition: Mapping[str, Any]) -> bool | None:
    value = (definition.get("bootstrap") or {}).get("managed")
    return value == "true" if isinstance(value, str) else value


def _ensure_unsecured(definition: Mapping[str, Any]) -> None:
    if definition.get("security") is not None:
        raise Invalid("definition.security is not set by hand where bootstrap.managed is true", "definition.security")
