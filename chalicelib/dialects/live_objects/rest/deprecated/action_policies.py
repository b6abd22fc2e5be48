"""`/api/v0/event2action`: action policies on data messages, before `/api/v1/event2action`.

An old policy selects messages or names event rules. The old API sees the policies that it can write down: those on data
messages.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest import action_policies
from chalicelib.dialects.live_objects.rest.action_policies import POLICY, PUSH_TEST, READ, WRITE
from chalicelib.dialects.live_objects.rest.shapes import action_policies as shapes
from chalicelib.fleet.errors import Invalid, LimitReached, PolicyNotFound
from chalicelib.fleet.events import policies
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.events.records import ActionPolicy
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues.records import MAX_PAYLOAD
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_MESSAGES, _RULES = "messages", "rules"
_DATA = "dataMessage"
_TRIGGER = Parameter("triggerType", choices=(_RULES, _MESSAGES), explained="only policies with this trigger")
_FILTERED = ("connectors", "deviceIds", "groupPaths")
_POLICY = {
    "type": "object",
    "properties": {
        **shapes.DESCRIPTION,
        "triggers": {
            "type": "object",
            "properties": {
                "eventRuleIds": {"type": ["array", "null"], "items": {"type": "string"}},
                "messageSelector": {
                    "type": ["object", "null"],
                    "required": ["origin"],
                    "properties": {
                        "origin": {"const": "data_new"},
                        "filter": {
                            "type": ["object", "null"],
                            "properties": {name: shapes.FILTERS[_DATA][name] for name in _FILTERED},
                            "additionalProperties": False,
                        },
                    },
                },
            },
        },
    },
}


def listing(ports: Ports, request: Request) -> Answer:
    wanted = request.asked["triggerType"]
    found = [p for p in policies.every(ports, request.tenant) if _is_old(p)] if wanted != _RULES else []
    return paging.paged(request, [_render(p) for p in sorted(found, key=lambda p: (p.name, p.id))])


def create(ports: Ports, request: Request) -> Answer:
    made = action_policies.created(ports, request, _renewed(request.body))
    return Answer(_render(made))


def read(ports: Ports, request: Request) -> Answer:
    return Answer(_render(_found(ports, request)))


def save(ports: Ports, request: Request) -> Answer:
    """Make it or put it in the place of the one with this id."""
    saved = action_policies.saved(ports, request, request.asked[POLICY.name], _renewed(request.body))
    return Answer(_render(saved))


def delete(ports: Ports, request: Request) -> Answer:
    _found(ports, request)
    return action_policies.delete(ports, request)


def _found(ports: Ports, request: Request) -> ActionPolicy:
    found = policies.get(ports, request.tenant, request.asked[POLICY.name])
    if not _is_old(found):
        raise PolicyNotFound(f"action policy {found.id} has triggers that this version of the API does not know")
    return found


def _is_old(policy: ActionPolicy) -> bool:
    return set(policy.triggers) == {EventKind.DATA_MESSAGE}


def _renewed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as the new API has it. Errors: Invalid."""
    for name in ("name", "triggers", "actions"):
        if not body.get(name):
            raise Invalid(f"{name} is missing", name)
    triggers = body["triggers"]
    if triggers.get("eventRuleIds"):
        raise Invalid("triggers.eventRuleIds: this platform has no event rules", "triggers.eventRuleIds")
    selector = triggers.get("messageSelector")
    if selector is None:
        raise Invalid("triggers has a messageSelector", "triggers.messageSelector")
    return {**body, "triggers": {_DATA: {"version": 1, "filter": selector.get("filter")}}}


def _render(policy: ActionPolicy) -> dict[str, Any]:
    shown = shapes.render(policy)
    chosen = shown["triggers"][_DATA]["filter"]
    selector = {"origin": "data_new", "filter": {name: chosen[name] for name in _FILTERED if name in chosen}}
    return {
        **{name: shown[name] for name in ("id", "name", "enabled", "actions")},
        "triggers": {"messageSelector": selector},
    }


_POLICIES = "/api/v0/event2action/actionPolicies"
_ONE = f"{_POLICIES}/{{policy_id}}"
_MISSING = (PolicyNotFound,)

ROUTES = (
    Route(
        "GET",
        _POLICIES,
        listing,
        "List action policies (v0)",
        READ,
        parameters=(*paging.PAGED, _TRIGGER),
        deprecated=True,
    ),
    Route(
        "POST",
        _POLICIES,
        create,
        "Create an action policy (v0)",
        WRITE,
        schema=_POLICY,
        failures=(LimitReached,),
        deprecated=True,
    ),
    Route(
        "GET",
        _ONE,
        read,
        "Get an action policy (v0)",
        READ,
        parameters=(POLICY,),
        failures=_MISSING,
        deprecated=True,
    ),
    Route(
        "PUT",
        _ONE,
        save,
        "Create or update an action policy (v0)",
        WRITE,
        schema=_POLICY,
        parameters=(POLICY,),
        failures=(LimitReached,),
        deprecated=True,
    ),
    Route(
        "DELETE",
        _ONE,
        delete,
        "Delete an action policy (v0)",
        WRITE,
        204,
        parameters=(POLICY,),
        failures=_MISSING,
        deprecated=True,
    ),
    Route(
        "POST",
        "/api/v0/event2action/test/http-push",
        action_policies.try_push,
        "Try to post to a webhook (v0)",
        WRITE,
        schema=PUSH_TEST,
        max_body=2 * MAX_PAYLOAD,
        deprecated=True,
    ),
)
