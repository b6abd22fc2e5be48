"""The custom authorizer of IoT Core: who may connect, and what that connection may then do.

It answers within 5 s cold, so nothing heavy is imported here, and reads the key and the claim; more only for a client
id that was never seen, or one that shows a certificate. A refused client is told to its tenant's audit log, where the
credential names a tenant.
"""

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.dialects.registry import Refused
from chalicelib.dialects.topics import Direction, Topic, ingested
from chalicelib.fleet.access import callers, certificates
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.errors import Forbidden, QuotaReached
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import admitting
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import MQTT
from chalicelib.fleet.tenancy import audit

_BAD_CREDENTIALS, _NOT_AUTHORIZED = 4, 5
LONGEST, SHORTEST = 86_400, 43_200
"""Seconds a connection lasts, at most IoT Core's day; spread, so that a fleet does not return all at once."""

LEAST = 300
LONGEST_DOCUMENT, MOST_DOCUMENTS = 2_048, 10
"""Characters of a policy document, and how many an authorizer may answer with."""
_AT_ONCE = 5


def handle(ports: Ports, event: dict[str, Any], function_arn: str) -> dict[str, Any]:
    """AWS's event in, AWS's answer out; what else is in them is between us and our own broker, in its lenient mode.

    That is `connackCode`, what the vendor would answer; an `offeredClientId`, which a client may get whose own id means
    nothing, so that two of one name do not throw each other out; and the `clientAddress`, which IoT Core tells nobody.
    """
    mqtt = event.get("protocolData", {}).get("mqtt", {})
    client = str(mqtt.get("clientId", ""))
    try:
        claim, caller = _admit(ports, event, mqtt, client)
        policies = _policies(claim, caller, function_arn)
    except Refused as refusal:
        if refusal.caller is not None:
            _record(ports, refusal.caller, client, str(refusal), str(mqtt.get("username", "")))
        return {"isAuthenticated": False, "connackCode": refusal.code}
    return {
        "isAuthenticated": True,
        # A broker of ours asks whose the client is; IoT Core does not, and gets nothing that it does not know.
        **({"tenant": claim.tenant} if event.get("tellTenant") else {}),
        # IoT Core takes the answer for a client with a certificate only under that certificate's own id.
        "principalId": claim.named(),
        "disconnectAfterInSeconds": _lasting(ports, caller),
        "refreshAfterInSeconds": LONGEST,
        "policyDocuments": policies,
        **_between_us(event, claim, client),
    }


def _between_us(event: dict[str, Any], claim: Claim, client: str) -> dict[str, Any]:
    if "offeredClientId" not in event:
        return {}
    own = {} if claim.client == client else {"clientId": claim.client}
    return {"cleanSession": not registry.login(claim.dialect).KEEPS_SESSIONS, **own}


def _lasting(ports: Ports, caller: Caller) -> int:
    """Seconds, no longer than the caller may be there as far as IoT Core can be told so."""
    spread = SHORTEST + int.from_bytes(ports.chance(4)) % (LONGEST - SHORTEST)
    if caller.ends is None:
        return spread
    return max(LEAST, min(spread, (caller.ends - ports.clock.now()) // 1000))


def _policies(claim: Claim, caller: Caller, function_arn: str) -> list[str]:
    made = documents(policy(claim.dialect, claim.mode, function_arn, caller))
    if len(made) > MOST_DOCUMENTS:
        raise Refused("the API key names more queues than a connection can be given", _NOT_AUTHORIZED, caller)
    return made


def documents(statements: list[dict[str, Any]]) -> list[str]:
    """The statements as policy documents, in as few as IoT Core's limit of characters allows."""
    made: list[list[dict[str, Any]]] = [[]]
    for statement in statements:
        if len(_document([*made[-1], statement])) > LONGEST_DOCUMENT and made[-1]:
            made.append([])
        made[-1].append(statement)
    return [_document(part) for part in made]


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def policy(dialect: str, mode: str, function_arn: str, caller: Caller) -> list[dict[str, Any]]:
    """What a client of that mode may do, by the dialect's topics, and the caller's roles and queues."""
    _, partition, _, region, account, _, function, *_ = function_arn.split(":")
    base = f"arn:{partition}:iot:{region}:{account}:"
    spoken = registry.topics(dialect)
    mine = [t for t in spoken.TOPICS if t.direction is Direction.DOWN and t.mode == mode and _may_hear(caller, t)]
    queues = caller.queues
    down = {t.resource: None for t in mine}
    listening = list(dict.fromkeys(name for t in mine for name in _narrowed(t, queues)))
    said = [t for t in spoken.TOPICS if t.direction is Direction.UP and t.mode == mode]
    up = {t.resource for t in said}
    every = {t.resource: None for t in spoken.TOPICS if t.direction is Direction.DOWN}
    roots = list(dict.fromkeys(t.root for t in said if t.root is not None)) or spoken.ROOTS
    # A topic below the root that means nothing goes through to the audit log; a downlink topic, of whatever mode,
    # would reach others. What clients of one mode both publish and subscribe to is too long a topic for IoT Core to
    # carry, and the edge hands it to the rules alone.
    denied = [name for name in every if name not in up]
    # Functions and topic rules of a stage are called after it alike; a rule's name has no hyphens.
    rules = function.removesuffix("authorizer").replace("-", "_")
    return [
        _allow("iot:Connect", [f"{base}client/${{iot:ClientId}}"]),
        _allow("iot:Publish", [f"{base}topic/{root}/*" for root in roots]),
        _deny("iot:Publish", [f"{base}topic/{name}" for name in denied]),
        # IoT Core takes no statement about nothing: who may only publish hears nothing.
        *([_allow("iot:Receive", [f"{base}topic/{name}" for name in down])] if down else ()),
        *(
            _allow("iot:Subscribe", [f"{base}topicfilter/{name}" for name in listening[start : start + _AT_ONCE]])
            for start in range(0, len(listening), _AT_ONCE)
        ),
        *_one_by_one(base, [t for t in mine if t.queues and not queues]),
        *(_by_basic_ingest(f"{base}topic/", rules, roots, denied) if said else ()),
    ]


def _may_hear(caller: Caller, topic: Topic) -> bool:
    return topic.role is None or topic.role in caller.roles


def _narrowed(topic: Topic, queues: Collection[str]) -> list[str]:
    if not topic.queues or not queues:
        return [topic.resource]
    root = topic.filter.rpartition("/")[0]
    return [f"{root}/{name}" for name in sorted(queues)]


def _one_by_one(base: str, topics: list[Topic]) -> list[dict[str, Any]]:
    """Queues are consumed by their names; a filter that names none would be granted and never receive anything."""
    roots = [t.filter.rpartition("/")[0] for t in topics]
    filters = [f"{base}topicfilter/{root}/{unnamed}" for root in roots for unnamed in ("*+*", "*#*", "*/*")]
    return [_deny("iot:Subscribe", filters)] if filters else []


def _by_basic_ingest(base: str, rules: str, roots: Collection[str], denied: Collection[str]) -> list[dict[str, Any]]:
    """The same, where a client names the rule by itself: of these alone, as others take the broker's own events."""
    first = {root.partition("/")[0] for root in roots}
    among = [name for name in denied if name.partition("/")[0] in first]
    return [
        _allow("iot:Publish", [f"{base}{ingested(rules, root)}/*" for root in roots]),
        *([_deny("iot:Publish", [base + ingested(rules, name) for name in among])] if among else ()),
    ]


def _allow(action: str, resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resources}


def _deny(action: str, resources: list[str]) -> dict[str, Any]:
    return {**_allow(action, resources), "Effect": "Deny"}


def _admit(ports: Ports, event: dict[str, Any], mqtt: dict[str, Any], client: str) -> tuple[Claim, Caller]:
    username = str(mqtt.get("username", "")).partition("?")[0]
    dialect = next(
        (d for d in registry.having(Part.LOGIN, registry.enabled()) if registry.login(d).recognises(username, client)),
        None,
    )
    if dialect is None:
        raise Refused(f"the user name {username!r} selects no mode", _BAD_CREDENTIALS)
    login = registry.login(dialect)
    caller, candidate = login.authenticate(
        ports,
        username=username,
        password=_password(mqtt),
        client=event.get("offeredClientId", client) if login.ignores_client_id(username) else client,
        server_name=_tls(event).get("serverName"),
        # IoT Core takes nothing else; a broker of ours that does says so by leaving it out.
        secured="tls" in event.get("protocols", ("tls",)),
        address=str(event.get("clientAddress", "")),
    )
    try:
        candidate = _certified(ports, caller, candidate, _tls(event))
        return admitting.admit(ports, caller, candidate), caller
    except Forbidden as error:
        recorded = isinstance(error, QuotaReached)
        raise Refused(str(error), _NOT_AUTHORIZED, None if recorded else caller) from error


def _tls(event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = event.get("protocolData", {}).get("tls", {})
    return found


def _certified(ports: Ports, caller: Caller, candidate: Candidate, tls: dict[str, Any]) -> Candidate:
    """The candidate, if the certificate that it showed goes with its key; devices have to bear their client id in it.

    Errors: Forbidden.
    """
    pem = tls.get("x509CertificatePem")
    certificates.ensure_fits(ports, caller, pem, candidate.client if candidate.device else None)
    return replace(candidate, certificate=pem is not None, principal=str(tls.get("principalId", "")))


def _password(mqtt: dict[str, Any]) -> str:
    try:
        return base64.b64decode(mqtt.get("password", ""), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _record(ports: Ports, caller: Caller, client: str, reason: str, username: str) -> None:
    now = ports.clock.now()
    audit.refuse(
        ports,
        caller.tenant,
        at=now,
        event=ports.new_id(now),
        reason=f"connection refused: {reason}",
        source={"client": client, "connector": MQTT, **callers.about(caller)},
        content={"username": username, **callers.told(caller)},
    )
