"""FIFOs (OpenAPI "Bus management"), and beside them what fills them (`/api/v1/event2action/fifos`)."""

from typing import Any

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest.shapes import action_policies, present
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden, LimitReached, QueueDuplicate, QueueNotFound, TooLarge
from chalicelib.fleet.events.records import ActionPolicy
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import consuming, lifecycle, publishing, queues
from chalicelib.fleet.queues.lifecycle import MAX_TTL
from chalicelib.fleet.queues.records import MAX_NAME, MAX_PAYLOAD, NAME, Queue
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

UNLIMITED = -1
_NAMED = f"1 to {MAX_NAME} letters, digits, hyphens, underscores and tildes"
_FIFO = Parameter("fifo_name", place=Place.PATH, bounds=(1, MAX_NAME), pattern=NAME, explained=_NAMED)
_FORCE = Parameter("force", Kind.BOOLEAN, default=False, explained="delete it even while somebody consumes it")
_STATUS = Parameter("withStatus", Kind.BOOLEAN, default=False, explained="show how many messages and consumers it has")

NEW = {
    "type": "object",
    "required": ["name", "maxLengthBytes"],
    "properties": {
        "name": {"type": "string", "pattern": f"^{NAME.pattern}$", "description": f"has {_NAMED}"},
        "maxLengthBytes": {"type": "integer", "minimum": UNLIMITED, "maximum": 1 << 50},
        "messageTtl": {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_TTL},
    },
}


def create(ports: Ports, request: Request) -> Answer:
    limit = request.body["maxLengthBytes"]
    lifecycle.create(
        ports,
        request.tenant,
        request.body["name"],
        max_bytes=None if limit == UNLIMITED else int(limit),
        ttl=request.body.get("messageTtl"),
    )
    return Answer()


def listing(ports: Ports, request: Request) -> Answer:
    answer = paging.paged(request, ports.queues.all(request.tenant))
    shown = [_rendered(ports, queue) for queue in answer.body["data"]]
    return Answer({**answer.body, "data": shown})


def read(ports: Ports, request: Request) -> Answer:
    name = request.asked["fifo_name"]
    queues.ensure_within(request.by, name)
    return Answer(_rendered(ports, queues.get(ports, request.tenant, name)))


def delete(ports: Ports, request: Request) -> Answer:
    lifecycle.delete(ports, request.tenant, request.asked["fifo_name"], force=request.asked["force"])
    return Answer(True)  # noqa: FBT003 - the whole body is this word


def publish(ports: Ports, request: Request) -> Answer:
    """The bytes of the body, whatever they are."""
    name = request.asked["fifo_name"]
    queues.ensure_within(request.by, name)
    now = ports.clock.now()
    publishing.publish(ports, request.tenant, name, request.raw, at=now, event=ports.new_id(now))
    return Answer(True)  # noqa: FBT003 - the whole body is this word


def linked(ports: Ports, request: Request) -> Answer:
    policies = ports.policies.all(request.tenant)
    status = request.asked["withStatus"]
    return Answer([_linked(ports, queue, policies, status=status) for queue in ports.queues.all(request.tenant)])


def linked_one(ports: Ports, request: Request) -> Answer:
    queues.ensure_within(request.by, request.asked["fifo_name"])
    queue = queues.get(ports, request.tenant, request.asked["fifo_name"])
    return Answer(_linked(ports, queue, ports.policies.all(request.tenant), status=True))


def _rendered(ports: Ports, queue: Queue) -> dict[str, Any]:
    """While a pump runs, each consumer has one message that it has not acknowledged."""
    depth, consumers = queues.depth(ports, queue), _consumers(ports, queue)
    flying = min(depth.messages, consumers) if queue.leased(ports.clock.now()) else 0
    return present(
        {
            "name": queue.name,
            "messages": depth.messages,
            "messageBytes": depth.bytes,
            "messageUnacknowledged": flying,
            "messageUnacknowledgedBytes": depth.bytes * flying // depth.messages if flying else 0,
            "consumers": consumers,
            "maxLengthBytes": UNLIMITED if queue.max_bytes is None else queue.max_bytes,
            "messageTtl": queue.ttl,
        }
    )


def _linked(ports: Ports, queue: Queue, policies: list[ActionPolicy], *, status: bool) -> dict[str, Any]:
    actions = [
        {
            "actionPolicy": {
                "id": policy.id,
                "name": policy.name,
                "triggerTypes": action_policies.trigger_types(policy),
            },
            "actionId": action.id,
        }
        for policy in policies
        for action in policy.queues
        if action.queue == queue.name
    ]
    shown: dict[str, Any] = {"name": queue.name, "linkedActions": actions}
    if status:
        messages = queues.depth(ports, queue).messages
        shown["status"] = {"messages": messages, "consumers": _consumers(ports, queue)}
    return shown


def _consumers(ports: Ports, queue: Queue) -> int:
    return len(consuming.live(ports, queue.tenant, queue.name)) if queue.attended else 0


_FIFOS = "/api/v0/topics/fifo"
_LINKED = "/api/v1/event2action/fifos"
_READ, _WRITE = frozenset({Role.BUS_CONFIG_R}), frozenset({Role.BUS_CONFIG_W})
_MISSING = (QueueNotFound,)

ROUTES = (
    Route("GET", _FIFOS, listing, "List FIFOs", _READ, parameters=paging.PAGED),
    Route("POST", _FIFOS, create, "Create a FIFO", _WRITE, schema=NEW, failures=(QueueDuplicate, LimitReached)),
    Route(
        "GET",
        f"{_FIFOS}/{{fifo_name}}",
        read,
        "Get a FIFO",
        _READ,
        parameters=(_FIFO,),
        failures=(*_MISSING, Forbidden),
        queues=True,
    ),
    Route(
        "DELETE",
        f"{_FIFOS}/{{fifo_name}}",
        delete,
        "Delete a FIFO",
        _WRITE,
        parameters=(_FIFO, _FORCE),
        failures=(*_MISSING, Forbidden),
    ),
    Route(
        "POST",
        f"{_FIFOS}/{{fifo_name}}",
        publish,
        "Publish a message into a FIFO",
        frozenset({Role.BUS_W}),
        parameters=(_FIFO,),
        failures=(*_MISSING, TooLarge, Forbidden),
        max_body=MAX_PAYLOAD,
        queues=True,
    ),
    Route(
        "GET",
        _LINKED,
        linked,
        "List FIFOs with the actions that fill them",
        _READ | {Role.DATA_PROCESSING_R},
        parameters=(_STATUS,),
    ),
    Route(
        "GET",
        f"{_LINKED}/{{fifo_name}}",
        linked_one,
        "Get a FIFO with the actions that fill it",
        _READ | {Role.DATA_PROCESSING_R},
        parameters=(_FIFO,),
        failures=(*_MISSING, Forbidden),
        queues=True,
    ),
)
