"""`/api/v1/event2action/actionPolicies` and the try-outs beside it (OpenAPI "Triggers and Actions")."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects.rest.shapes import action_policies as shapes
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import FleetError, Invalid, LimitReached, PolicyNotFound, TooLarge
from chalicelib.fleet.events import policies, pushing
from chalicelib.fleet.events.records import TIMEOUT, ActionPolicy, TargetRefused
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import publishing, queues
from chalicelib.fleet.queues.records import MAX_PAYLOAD
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

POLICY = Parameter(
    "policy_id", place=Place.PATH, bounds=(1, 100), pattern=re.compile(r"[\w.:-]{1,100}", re.ASCII), explained="its id"
)
_TRIGGER = Parameter("triggerType", choices=tuple(shapes.KINDS), explained="only policies with this trigger")
_LONGEST = 20_000
_FIFO_TEST = {
    "type": "object",
    "required": ["fifoName", "payload"],
    "properties": {"fifoName": {"type": "string"}, "payload": {"type": "string", "maxLength": MAX_PAYLOAD}},
}
PUSH_TEST = {
    "type": "object",
    "required": ["webhookUrl"],
    "properties": {
        "webhookUrl": {"type": "string"},
        "headers": shapes.HEADERS,
        "requestBody": {"type": ["string", "null"], "maxLength": MAX_PAYLOAD},
        "signingSecret": shapes.SECRET,
        "requestTimeout": {"type": ["integer", "null"], "minimum": 1, "maximum": _LONGEST},
    },
}
_SWITCH = {"type": "boolean"}


def listing(ports: Ports, request: Request) -> Answer:
    wanted = request.asked["triggerType"]
    found = sorted(policies.every(ports, request.tenant), key=lambda p: (p.name, p.id))
    return Answer([shapes.render(p) for p in found if wanted is None or wanted in shapes.trigger_types(p)])


def create(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(created(ports, request, request.body)))


def created(ports: Ports, request: Request, body: Mapping[str, Any]) -> ActionPolicy:
    """Errors: Invalid, LimitReached, Forbidden."""
    if body.get("id") is not None:
        raise Invalid("id is given by the platform", "id")
    return saved(ports, request, _unique(ports), body)


def read(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(policies.get(ports, request.tenant, request.asked["policy_id"])))


def save(ports: Ports, request: Request) -> Answer:
    """Make it or put it in the place of the one with this id."""
    return Answer(shapes.render(saved(ports, request, request.asked[POLICY.name], request.body)))


def saved(ports: Ports, request: Request, policy_id: str, body: Mapping[str, Any]) -> ActionPolicy:
    """Errors: Invalid, LimitReached, Forbidden."""
    if body.get("id") not in (None, policy_id):
        raise Invalid("id is the one in the path", "id")
    made = shapes.policy(body, request.tenant, policy_id, ports.clock.now(), lambda: _unique(ports))
    _ensure_reached(request, made)
    return policies.save(ports, made)


def enable(ports: Ports, request: Request) -> Answer:
    """Enabling a policy resumes its actions, too."""
    if request.body:
        _ensure_reached(request, policies.get(ports, request.tenant, request.asked[POLICY.name]))
    switched = policies.enable(ports, request.tenant, request.asked[POLICY.name], enabled=request.body)
    return Answer(shapes.render(switched))


def delete(ports: Ports, request: Request) -> Answer:
    policies.delete(ports, request.tenant, request.asked["policy_id"])
    return Answer()


def try_fifo(ports: Ports, request: Request) -> Answer:
    now, payload = ports.clock.now(), request.body["payload"].encode()
    try:
        publishing.publish(ports, request.tenant, request.body["fifoName"], payload, at=now, event=ports.new_id(now))
    except FleetError as error:
        return Answer({"success": False, "errorMessage": str(error)})
    return Answer({"success": True})


def try_push(ports: Ports, request: Request) -> Answer:
    """Post once, now, and tell what came of it."""
    action = shapes.push(request.body, "test")
    body = (request.body.get("requestBody") or "").encode()
    try:
        result = pushing.post(ports, action, body, request.body.get("requestTimeout") or TIMEOUT)
    except FleetError as error:
        refused = isinstance(error, TargetRefused)
        return Answer({"success": False, "urlBlacklisted": refused, "errorMessage": str(error)})
    return Answer(
        present(
            {
                "success": result.accepted,
                "urlBlacklisted": False,
                "httpResponseStatusCode": result.status,
                "httpResponseBody": result.body.decode("utf-8", "replace"),
            }
        )
    )


def _ensure_reached(request: Request, policy: ActionPolicy) -> None:
    """Errors: Forbidden (the policy fills a queue that the key does not name)."""
    for action in policy.queues:
        if request.caller is not None:
            queues.ensure_within(request.caller, action.queue)


def _unique(ports: Ports) -> str:
    return str(uuid.UUID(bytes=ports.chance(16), version=4))


_POLICIES = "/api/v1/event2action/actionPolicies"
_ONE = f"{_POLICIES}/{{policy_id}}"
_TEST = "/api/v1/event2action/test"
READ, WRITE = frozenset({Role.DATA_PROCESSING_R}), frozenset({Role.DATA_PROCESSING_W})
_MISSING = (PolicyNotFound,)

ROUTES = (
    Route("GET", _POLICIES, listing, "List action policies", READ, parameters=(_TRIGGER,)),
    Route(
        "POST",
        _POLICIES,
        create,
        "Create an action policy",
        WRITE,
        schema=shapes.POLICY,
        failures=(LimitReached,),
    ),
    Route("GET", _ONE, read, "Get an action policy", READ, parameters=(POLICY,), failures=_MISSING),
    Route(
        "PUT",
        _ONE,
        save,
        "Create or update an action policy",
        WRITE,
        schema=shapes.POLICY,
        parameters=(POLICY,),
        failures=(LimitReached,),
    ),
    Route("DELETE", _ONE, delete, "Delete an action policy", WRITE, 204, parameters=(POLICY,), failures=_MISSING),
    Route(
        "PUT",
        f"{_ONE}/enabled",
        enable,
        "Enable or disable an action policy",
        WRITE,
        schema=_SWITCH,
        parameters=(POLICY,),
        failures=_MISSING,
    ),
    Route(
        "POST",
        f"{_TEST}/fifo",
        try_fifo,
        "Try to publish into a FIFO",
        WRITE,
        schema=_FIFO_TEST,
        failures=(TooLarge,),
        max_body=2 * MAX_PAYLOAD,
    ),
    Route(
        "POST",
        f"{_TEST}/http-push",
        try_push,
        "Try to post to a webhook",
        WRITE,
        schema=PUSH_TEST,
        max_body=2 * MAX_PAYLOAD,
    ),
)
