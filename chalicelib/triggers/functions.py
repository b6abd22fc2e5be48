"""The Lambda functions besides that of the API: what each one does, what calls it, and what Lambda gives it."""

from collections.abc import Callable
from operator import attrgetter, methodcaller
from typing import Any, Literal, NamedTuple

from chalicelib.dialects.dialect import Part


class Queue(NamedTuple):
    """A queue of SQS, named like the function: how many messages it takes in one call, and how many calls at once."""

    batch: int
    at_once: int


class Function(NamedTuple):
    """`handler` is a module of `triggers` and what is called in it: with ports, event, and what it `takes` of Lambda.

    `memory` in MB, `timeout` in seconds; `reserved` is the concurrency that production sets aside, and caps.
    `in_background` functions are invoked asynchronously: what they cannot handle goes to the dead letters.
    `ports` are those of `wiring`; `minutes` is how often a scheduled one runs. Events that AWS has no room for come
    again to a function that `postpones` them.
    At its start, while Lambda gives a whole processor and not a share, whoever looks up secrets reads what they are
    looked up by, and everybody makes what it `needs`: ports by their names, `parts` of all dialects that the stage
    speaks, `clients` of AWS besides DynamoDB's.
    """

    name: str
    handler: str
    memory: int
    timeout: int
    ports: Literal["ports", "hot_ports", "door_ports"] = "ports"
    takes: Callable[[Any], Any] | None = None
    in_background: bool = False
    reserved: int | None = None
    minutes: int | None = None
    queue: Queue | None = None
    looks_up_secrets: bool = False
    postpones: bool = False
    needs: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    clients: tuple[str, ...] = ()


_REMAINING = methodcaller("get_remaining_time_in_millis")
_OWN_ARN = attrgetter("invoked_function_arn")
_TELLING = ("policies", "formats", "tenants", "audit", "clock", "background")
_DELIVERING = (*_TELLING, "mailboxes", "commands", "configurations", "resources", "terms", "deadlines", "delivery")

FUNCTIONS = (
    Function(
        "uplink",
        "uplink.handle",
        memory=256,
        timeout=30,
        ports="hot_ports",
        in_background=True,
        postpones=True,
        needs=(*_TELLING, "claims", "keys", "devices", "groups", "messages", "mailboxes", "records", "decoders"),
        parts=(Part.TOPICS, Part.MQTT),
    ),
    Function(
        "presence",
        "presence.handle",
        memory=256,
        timeout=30,
        in_background=True,
        postpones=True,
        needs=(*_TELLING, "claims", "mailboxes", "gateways", "devices", "groups"),
        parts=(Part.TOPICS, Part.LIFECYCLE),
    ),
    # IoT Core waits 5 s, a cold start included, hence the memory: it buys processor. The cap keeps strangers, who
    # reach this function without a credential, from using up the concurrency that the fleet needs.
    Function(
        "authorizer",
        "authorizer.handle",
        memory=512,
        timeout=5,
        ports="door_ports",
        takes=_OWN_ARN,
        reserved=150,
        looks_up_secrets=True,
        needs=("keys", "claims", "devices", "policies", "tenants", "audit", "clock", "windows", "hasher"),
        parts=(Part.TOPICS, Part.LOGIN),
    ),
    # What devices send over CoAP; their gateway waits for the answer, as they do.
    Function("lwm2m", "lwm2m.handle", memory=512, timeout=20, ports="hot_ports", looks_up_secrets=True),
    # Mostly waits for a device's acknowledgement, 15 s at most, and leaves off 25 s before its end.
    # Shorter than the lease of a claim, after which that counts as its holder's legacy (fleet/presence/mailbox.py).
    Function(
        "deliver",
        "downlink.deliver",
        memory=256,
        timeout=30,
        takes=_REMAINING,
        in_background=True,
        needs=_DELIVERING,
        parts=(Part.TERMS, Part.CODEC),
        clients=("iot-data",),
    ),
    # Delivers a queue for as long as it may, as deliver does.
    Function("pump", "queues.pump", memory=256, timeout=50, takes=_REMAINING, in_background=True),
    # A webhook may take 5 s; SQS hides a message for 30 s, which must be longer than this. It takes turns between
    # tenants from thirty messages of one under way: there has to be room for others beside them.
    Function("push", "push.handle", memory=256, timeout=25, queue=Queue(batch=1, at_once=60)),
    # Rows of a device that have to wait for each other, and what came before what it needs.
    Function("later", "later.handle", memory=256, timeout=25, queue=Queue(batch=1, at_once=20)),
    # Calls of IoT Core's control plane are allowed ten times a second each.
    Function("activate", "certificates.handle", memory=256, timeout=30, in_background=True, reserved=1),
    # DeleteConnection is allowed 100 times a second: with this cap Lambda's own queue is the valve.
    Function(
        "disconnect",
        "downlink.disconnect",
        memory=256,
        timeout=30,
        takes=_REMAINING,
        in_background=True,
        reserved=5,
        postpones=True,
    ),
    Function("settle", "deadlines.settle", memory=256, timeout=30, needs=_DELIVERING),
    # One a minute; two at once would only get into each other's way.
    Function("sweep", "deadlines.every_minute", memory=512, timeout=55, in_background=True, reserved=1, minutes=1),
)
