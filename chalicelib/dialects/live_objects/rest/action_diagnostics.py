"""`/api/v1/event2action/diagnostics`: which actions are suspended, and why (OpenAPI "Triggers and Actions")."""

import re
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.action_policies import POLICY, READ, WRITE
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.errors import PolicyNotFound
from chalicelib.fleet.events import policies
from chalicelib.fleet.events import suspension as suspending
from chalicelib.fleet.events.records import ActionPolicy
from chalicelib.fleet.events.suspension import ActionNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_ACTION = Parameter(
    "action_id", place=Place.PATH, bounds=(1, 100), pattern=re.compile(r"[^/\x00-\x1f]{1,100}"), explained="its id"
)
_RESUMED = {"const": False}


def listing(ports: Ports, request: Request) -> Answer:
    found = sorted(policies.every(ports, request.tenant), key=lambda p: (p.name, p.id))
    return Answer([{"actionPolicyId": policy.id, "actions": _diagnostics(policy)} for policy in found])


def of_policy(ports: Ports, request: Request) -> Answer:
    return Answer(_diagnostics(policies.get(ports, request.tenant, request.asked[POLICY.name])))


def read(ports: Ports, request: Request) -> Answer:
    policy = policies.get(ports, request.tenant, request.asked[POLICY.name])
    suspending.ensure_has(policy, request.asked[_ACTION.name])
    return Answer(next(one for one in _diagnostics(policy) if one["actionId"] == request.asked[_ACTION.name]))


def resume(ports: Ports, request: Request) -> Answer:
    """The body is `false`; what has not failed since is not counted against it."""
    suspending.resume(ports, request.tenant, request.asked[POLICY.name], request.asked[_ACTION.name])
    return Answer()


def _diagnostics(policy: ActionPolicy) -> list[dict[str, Any]]:
    queues = [_diagnostic(policy, action.id, "fifoPublish") for action in policy.queues]
    return [*queues, *(_diagnostic(policy, action.id, "httpPush") for action in policy.pushes)]


def _diagnostic(policy: ActionPolicy, action: str, kind: str) -> dict[str, Any]:
    state = policy.state(action)
    suspension = present({"reason": state.reason, "time": _time(state.suspended)})
    resumption = present({"time": _time(state.resumed)})
    return present(
        {
            "id": f"{policy.id}-{action}",
            "tenantId": policy.tenant,
            "actionPolicyId": policy.id,
            "actionId": action,
            "actionType": kind,
            "suspended": state.is_suspended,
            "lastSuspension": suspension or None,
            "lastResumption": resumption or None,
            "updated": _time(state.updated) or times.render(policy.updated),
        }
    )


def _time(at: int | None) -> str | None:
    return None if at is None else times.render(at)


_ALL = "/api/v1/event2action/diagnostics/actionPolicies"
_POLICY = f"{_ALL}/{{policy_id}}"
_ONE = f"{_POLICY}/actions/{{action_id}}"
_MISSING = (PolicyNotFound, ActionNotFound)

ROUTES = (
    Route("GET", _ALL, listing, "List the diagnostics of actions", READ),
    Route(
        "GET",
        _POLICY,
        of_policy,
        "Get the diagnostics of a policy's actions",
        READ,
        parameters=(POLICY,),
        failures=(PolicyNotFound,),
    ),
    Route("GET", _ONE, read, "Get the diagnostic of an action", READ, parameters=(POLICY, _ACTION), failures=_MISSING),
    Route(
        "PUT",
        f"{_ONE}/suspended",
        resume,
        "Resume a suspended action",
        WRITE,
        204,
        schema=_RESUMED,
        parameters=(POLICY, _ACTION),
        failures=_MISSING,
    ),
)
