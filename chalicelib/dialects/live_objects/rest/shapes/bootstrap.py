"""Bootstrap configurations and entries of LwM2M devices (manual 7.7.1 to 7.7.3)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.dialects.live_objects.rest.shapes.lwm2m_interfaces import PSK, checked_endpoint, psk_info
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.twin.bootstrap import Written
from chalicelib.fleet.twin.bootstrapping import OURS
from chalicelib.fleet.twin.records import BootstrapConfig, BootstrapEntry, ServerSent

HIDDEN = "***"
MOST_SERVERS = 8
Reveal = Callable[[str | None], str | None]
"""A sealed secret as it is shown."""
_TEXT = {"type": ["string", "null"], "maxLength": 255}
_LONG = {"type": ["string", "null"], "maxLength": 20_000}
_COUNT = {"type": ["integer", "null"], "minimum": 0, "maximum": 4_294_967_295}
_FLAG = {"type": ["boolean", "null"]}
_SHORT_ID = {"type": "integer", "minimum": 1, "maximum": 65_534}
_NUMBER = {"type": ["integer", "null"], "minimum": 0, "maximum": 65_534}
_SETTINGS = {"type": ["object", "null"], "properties": {"objectInstanceId": _NUMBER}}
_LETTERS = frozenset("UTSNQ")
_QUEUED = frozenset({"UQ", "SQ", "UQS"})

CONFIG = {
    "type": "object",
    "required": ["name", "runServers"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": {"type": ["string", "null"], "maxLength": 500},
        "runServers": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_SERVERS,
            "items": {
                "type": "object",
                "required": ["id", "lwm2mDefinition"],
                "properties": {
                    "id": {"type": "string", "minLength": 1, "maxLength": 255},
                    "useLiveObjects": _FLAG,
                    "renewSecurityOnBootstrap": _FLAG,
                    "lwm2mDefinition": {
                        "type": "object",
                        "required": ["security", "server"],
                        "properties": {
                            "security": {
                                "type": "object",
                                "required": ["shortServerId"],
                                "properties": {
                                    "settings": _SETTINGS,
                                    "lwm2mServerUri": _TEXT,
                                    "securityMode": {"type": ["integer", "null"], "minimum": 0, "maximum": 4},
                                    "serverPublicKey": _LONG,
                                    "smsSecurityMode": {"type": ["integer", "null"], "minimum": 0, "maximum": 255},
                                    "lwm2mServerSmsNumber": _TEXT,
                                    "shortServerId": _SHORT_ID,
                                    "clientHoldOffTime": _COUNT,
                                    "bootstrapServerAccountTimeout": _COUNT,
                                    "matchingType": {"type": ["integer", "null"], "minimum": 0, "maximum": 3},
                                    "sni": _TEXT,
                                    "certificateUsage": {"type": ["integer", "null"], "minimum": 0, "maximum": 3},
                                    "dtlsTlsCiphersuite": {
                                        "type": ["integer", "array", "null"],
                                        "minimum": 0,
                                        "maxItems": 32,
                                        "items": {"type": "integer", "minimum": 0},
                                    },
                                },
                            },
                            "server": {
                                "type": "object",
                                "required": ["shortServerId"],
                                "properties": {
                                    "settings": _SETTINGS,
                                    "shortServerId": _SHORT_ID,
                                    "binding": {"type": ["string", "null"], "minLength": 1, "maxLength": 5},
                                    "preferredTransport": {"enum": ["U", "T", "S", "N", None]},
                                    "apnLink": _NUMBER,
                                    **dict.fromkeys(
                                        (
                                            "lifetime",
                                            "defaultMinimumPeriod",
                                            "defaultMaximumPeriod",
                                            "disableTimeout",
                                            "registrationPriorityOrder",
                                            "initialRegistrationDelayTimer",
                                            "communicationRetryCount",
                                            "communicationRetryTimer",
                                            "communicationSequenceDelayTimer",
                                            "communicationSequenceRetryCount",
                                        ),
                                        _COUNT,
                                    ),
                                    **dict.fromkeys(
                                        (
                                            "notificationStoringWhenDisabledOrOffline",
                                            "registrationFailureBlock",
                                            "bootstrapOnRegistrationFailure",
                                            "trigger",
                                            "muteSend",
                                        ),
                                        _FLAG,
                                    ),
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
_PSK_INFO = {"type": ["object", "null"], "properties": {"identity": _TEXT, "secret": _TEXT}}
ENTRY = {
    "type": "object",
    "required": ["endpointName", "security"],
    "properties": {
        "endpointName": {"type": "string", "maxLength": 255},
        "security": {
            "type": "object",
            "required": ["pskInfo"],
            "properties": {"mode": {"enum": [PSK, None]}, "pskInfo": _PSK_INFO},
        },
        "definition": {
            "type": ["object", "null"],
            "properties": {
                "bootstrapConfigId": _TEXT,
                "runServers": {
                    "type": ["array", "null"],
                    "maxItems": MOST_SERVERS,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "properties": {
                            "id": {"type": "string", "minLength": 1, "maxLength": 255},
                            "security": {"type": ["object", "null"], "properties": {"pskInfo": _PSK_INFO}},
                        },
                    },
                },
            },
        },
    },
}
CONFIG_ID = {"type": "string", "minLength": 1, "maxLength": 64}

_GIVEN = ("lwm2mServerUri", "securityMode", "serverPublicKey", "certificateUsage")


def servers(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The run servers of a configuration as they are kept. Errors: Invalid."""
    found = body["runServers"]
    ids = [each["id"] for each in found]
    _ensure(len(set(ids)) == len(ids), "runServers.id", "two servers have one id")
    short = [each["lwm2mDefinition"]["security"]["shortServerId"] for each in found]
    _ensure(len(set(short)) == len(short), "runServers.lwm2mDefinition.security.shortServerId", "it is used twice")
    for part in ("security", "server"):
        given = [(each["lwm2mDefinition"][part].get("settings") or {}).get("objectInstanceId") for each in found]
        told = [number for number in given if number is not None]
        field = f"runServers.lwm2mDefinition.{part}.settings.objectInstanceId"
        _ensure(len(set(told)) == len(told), field, "it is used twice")
    return [_server(each) for each in found]


def render_config(config: BootstrapConfig) -> dict[str, Any]:
    """Fields as they were given."""
    shown = [{name: value for name, value in each.items() if name != OURS} for each in config.servers]
    return present(
        {
            "id": config.id,
            "name": config.name,
            "description": config.description,
            "runServers": shown,
            "created": times.render(config.created),
            "updated": times.render(config.updated),
        }
    )


def entry(body: Mapping[str, Any], now: int) -> tuple[BootstrapEntry, str | None, list[Written]]:
    """The entry that a body describes, its secret, and what its servers are proven. Errors: Invalid."""
    endpoint = checked_endpoint(body["endpointName"], "endpointName")
    identity, secret = psk_info(body["security"]["pskInfo"], "security.pskInfo")
    if identity is None:
        raise Invalid("security.pskInfo.identity is required", "security.pskInfo.identity")
    definition = body.get("definition") or {}
    made = BootstrapEntry(endpoint, identity, now, now, definition.get("bootstrapConfigId"))
    return made, _unless_hidden(secret), _written(definition.get("runServers") or ())


def render_entry(found: BootstrapEntry, reveal: Reveal) -> dict[str, Any]:
    """`reveal` says what a secret is shown as."""
    run = [_run(each.id, each.identity, reveal(each.sealed)) for each in found.run]
    return {
        "endpointName": found.endpoint,
        "security": {"mode": PSK, "pskInfo": {"identity": found.identity}},
        "definition": present({"bootstrapConfigId": found.config, "runServers": run or None}),
        "activity": present(
            {
                "status": found.status,
                "endpointBootstrapConfig": {"runServers": [_sent(each, reveal) for each in found.sent]}
                if found.sent
                else None,
                "bootstrapRequestCount": found.requests,
                "lastBootstrapRequestDate": _moment(found.requested),
                "bootstrapFinishCount": found.finishes,
                "lastBootstrapFinishDate": _moment(found.finished),
            }
        ),
        "created": times.render(found.created),
        "updated": times.render(found.updated),
    }


def _server(body: Mapping[str, Any]) -> dict[str, Any]:
    security, server = body["lwm2mDefinition"]["security"], body["lwm2mDefinition"]["server"]
    field = "runServers.lwm2mDefinition"
    equal = security["shortServerId"] == server["shortServerId"]
    _ensure(equal, f"{field}.server.shortServerId", "it is that of security")
    ours, given = bool(body.get("useLiveObjects")), [name for name in _GIVEN if security.get(name) is not None]
    if ours:
        _ensure(not given, f"{field}.security.{(given or [''])[0]}", "it is not given where useLiveObjects is true")
    else:
        renew = bool(body.get("renewSecurityOnBootstrap"))
        _ensure(not renew, "runServers.renewSecurityOnBootstrap", "it needs useLiveObjects")
        for name in ("lwm2mServerUri", "securityMode"):
            _ensure(name in given, f"{field}.security.{name}", "it is required where useLiveObjects is not true")
    _ensure(_is_binding(server.get("binding")), f"{field}.server.binding", "it is made of U, T, S, N; or UQ, SQ, UQS")
    _ensure("secretKey" not in security, f"{field}.security.secretKey", "secrets are those of entries")
    kept = {name: value for name, value in body.items() if name != OURS}
    return {**kept, OURS: True} if ours else kept


def _is_binding(text: str | None) -> bool:
    if text is None or text in _QUEUED:
        return True
    return set(text) <= _LETTERS - {"Q"} and len(set(text)) == len(text)


def _written(bodies: Sequence[Mapping[str, Any]]) -> list[Written]:
    found = []
    for body in bodies:
        info = (body.get("security") or {}).get("pskInfo")
        identity, secret = psk_info(info, "definition.runServers.security.pskInfo")
        found.append(Written(body["id"], identity, _unless_hidden(secret)))
    ids = [each.id for each in found]
    _ensure(len(set(ids)) == len(ids), "definition.runServers.id", "two servers have one id")
    return found


def _unless_hidden(secret: str | None) -> str | None:
    """Whoever sends back what was shown to them changes no secret by it."""
    return None if secret == HIDDEN else secret


def _run(id_: str, identity: str | None, secret: str | None) -> dict[str, Any]:
    info = present({"identity": identity, "secret": secret})
    return {"id": id_, "security": {"pskInfo": info}} if info else {"id": id_}


def _sent(sent: ServerSent, reveal: Reveal) -> dict[str, Any]:
    secret = reveal(sent.sealed)
    return {"security": {**sent.security, **({"secretKey": secret} if secret else {})}, "server": dict(sent.server)}


def _moment(at: int | None) -> str | None:
    return None if at is None else times.render(at)


def _ensure(fits: bool, field: str, sentence: str) -> None:  # noqa: FBT001 - a condition
    if not fits:
        raise Invalid(f"{field}: {sentence}", field)
