"""One description of everything the product has in AWS; the templates and the local stack are both made from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pynamodb.models import Model

from chalicelib.aws import delayed_deadlines, postponed
from chalicelib.dialects import registry, topics
from chalicelib.dialects.dialect import Part
from chalicelib.fleet.commands.finishing import NotDue
from chalicelib.store.tables import all_models
from infra.gateway.settings import MOST_NODES
from infra.gateway.settings import queue as gateway_queue
from infra.gateway_responses import RESPONSES, GatewayResponse

TWO_WEEKS = 14 * 86_400
"""The longest that SQS keeps a message."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A topic rule that invokes a function."""

    name: str
    sql: str
    function: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue; `function` consumes it, and what that could not handle in so many `tries` goes to `dead_letter`.

    `keeps` is for how many seconds a message is kept, `hides` for how many one that was received.
    """

    name: str
    dead_letter: str | None = None
    function: str | None = None
    tries: int = 0
    keeps: int = TWO_WEEKS
    hides: int | None = None


# IoT SQL, made of our own topics.
UPLINK_SQL = (
    "SELECT encode(*, 'base64') AS payload, clientid() AS client, topic() AS topic, "
    "timestamp() AS at, newuuid() AS id, principal() AS principal FROM '{root}/#'"
)
CERTIFICATES_FILTER = "$aws/events/certificates/registered/#"
LIFECYCLE_FILTERS = {"presence": "$aws/events/presence/+/+", "subscriptions": "$aws/events/subscriptions/+/+"}
DEAD_LETTERS = "dead-letters"
PUSHES, UNDELIVERED = "push", "push-dead-letters"
LATER, LEFT = "later", "later-dead-letters"
LATER_TRIES = 10
WEBHOOK_TRIES = 5
"""Times that an event is posted; between two SQS hides it for its visibility time-out, the usual 30 s."""
_HINT_S = 600
"""How long a hint for the CoAP gateway, which reads them itself, is good for."""
POSTPONED = postponed.QUEUE
"""What there was no room for; the sweep takes it out."""
DEADLINES = delayed_deadlines.QUEUE
"""Of a stage whose deadlines are kept by SQS; the mapping of its function is made where a stage wants that."""
DEADLINE_TRIES, DEADLINE_HIDDEN = 10, 60
"""How often one is settled again that failed, and after how many seconds."""
OBJECTS = "objects"


def tables() -> list[type[Model]]:
    return all_models()


def table_nouns() -> list[str]:
    """The tables' names without application and stage."""
    return [_noun(model) for model in tables()]


def indexes(noun: str) -> list[str]:
    """The secondary indexes of that table."""
    model = next(m for m in tables() if _noun(m) == noun)
    return [str(index["index_name"]) for index in model._get_schema()["global_secondary_indexes"]]  # noqa: SLF001


def _noun(model: type[Model]) -> str:
    """What follows application and stage, neither of which has a hyphen."""
    return str(model.Meta.table_name).split("-", 2)[2]


def rules() -> list[Rule]:
    """One rule a topic root of every dialect, and one for each kind of event that the broker tells by itself."""
    roots = sorted({root for dialect in registry.having(Part.TOPICS) for root in registry.topics(dialect).ROOTS})
    uplinks = [Rule(topics.rule(root), UPLINK_SQL.format(root=root), "uplink") for root in roots]
    events = [Rule(f"lifecycle_{k}", f"SELECT * FROM '{v}'", "presence") for k, v in LIFECYCLE_FILTERS.items()]  # noqa: S608
    certificates = Rule("certificates", f"SELECT * FROM '{CERTIFICATES_FILTER}'", "activate")  # noqa: S608
    return [*uplinks, *events, certificates]


def answers() -> list[str]:
    """Filters of the topics on which clients of any dialect answer what was sent to them."""
    return sorted({name for dialect in registry.having(Part.TOPICS) for name in registry.topics(dialect).ANSWERS})


def ignored_wills() -> list[str]:
    """Filters of the topics on which no will is published, where the broker can be told so."""
    ignoring = [spoken for d in registry.having(Part.TOPICS) if not (spoken := registry.topics(d)).WILLS]
    return sorted({f"{root}/#" for spoken in ignoring for root in spoken.ROOTS})


def queues() -> list[Queue]:
    # A tenant's broken webhook is not the operator's dead letter.
    return [
        Queue(DEAD_LETTERS),
        Queue(UNDELIVERED),
        Queue(PUSHES, UNDELIVERED, function="push", tries=WEBHOOK_TRIES),
        # A node that starts looks what waits for everybody: older hints say nothing new.
        *(Queue(name, keeps=_HINT_S, hides=5) for name in coaps()),
        Queue(LEFT),
        Queue(LATER, LEFT, function="later", tries=LATER_TRIES),
        Queue(POSTPONED),
        Queue(DEADLINES, DEAD_LETTERS, tries=DEADLINE_TRIES, hides=DEADLINE_HIDDEN),
    ]


def coaps() -> list[str]:
    """The queues of all nodes that there may be, by which each hears hints."""
    return [gateway_queue(number) for number in range(MOST_NODES)]


def gateway_responses() -> Sequence[GatewayResponse]:
    return RESPONSES


def buckets() -> list[str]:
    return [OBJECTS]


def state_machine(function_arn: str) -> dict[str, Any]:
    """Wait until a deadline, then settle: two states, because every transition has a price."""
    return {
        "Comment": "A deadline of one command",
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "TimestampPath": "$.dueAt", "Next": "Settle"},
            "Settle": {
                "Type": "Task",
                "Resource": function_arn,
                "End": True,
                "Retry": [
                    {"ErrorEquals": [NotDue.__name__], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 1},
                    {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 4, "BackoffRate": 3},
                ],
            },
        },
    }
