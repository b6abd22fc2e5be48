"""Messages that name a decoder: what becomes of their payloads."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.fleet.data.decoders import decoder_of
from chalicelib.fleet.data.records import ENCODING, PAYLOAD, DataMessage, DecoderKind, DecoderRecord
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.reading import reading
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Cause

STEPS, ELEMENTS, TEXT = 1_000_000, 1_000_000, 4_000_000
"""What decoding all messages of one request may cost, as `decoding.Budget` counts it."""


@dataclass(slots=True)
class _Allowance:
    """What is left of one request's, and how often each source was told of."""

    steps: int = STEPS
    elements: int = ELEMENTS
    text: int = TEXT
    parsed: set[str] = field(default_factory=set)
    told: Counter[str] = field(default_factory=Counter)

    def decode(self, record: DecoderRecord, payload: str) -> dict[str, Any]:
        """Errors: DecodingError, also where there is not enough left for the most that one decoding may cost."""
        from chalicelib.fleet.data.decoding import Budget, BudgetExceededError

        if record.id not in self.parsed:
            # A description is parsed once a request, a character in about the time of a step.
            self.parsed.add(record.id)
            self.steps -= len(record.source) + len(record.template or "")
        budget = Budget()
        if self.steps < budget.steps or self.elements < budget.elements or self.text < budget.text:
            raise BudgetExceededError("the messages before it in the request took all that a request may take")
        try:
            return decoder_of(record).decode(payload, budget)
        finally:
            steps, elements, text = budget.granted
            self.steps -= steps - budget.steps
            self.elements -= elements - budget.elements
            self.text -= text - budget.text

    def tells(self, source: str) -> bool:
        """Not more often than the audit log keeps, so that nothing is looked up in vain."""
        self.told[source] += 1
        return self.told[source] <= audit.PER_MINUTE


def decoded(
    ports: Ports,
    message: DataMessage,
    allowed: frozenset[DecoderKind] = frozenset(DecoderKind),
    allowance: _Allowance | None = None,
) -> DataMessage:
    """The message with its payload decoded by the decoder that its metadata names.

    What was decoded is merged into `value`, beside the payload. A message that cannot be decoded stays as it is, and
    the audit log says why.
    """
    encoding = message.metadata.get(ENCODING)
    value = message.value
    payload = value.get(PAYLOAD) if isinstance(value, dict) else None
    if not isinstance(encoding, str) or payload is None:
        return message
    allowance = allowance or _Allowance()
    if not isinstance(payload, str):
        _tell(ports, message, encoding, f"value.{PAYLOAD} is a string", allowance)
        return message
    try:
        record = _usable(ports, message.tenant, encoding, allowed)
        with reading("the payload"):
            result = allowance.decode(record, payload)
    except Invalid as error:
        _tell(ports, message, encoding, str(error), allowance)
        return message
    # What came stays as it came, whatever a decoder calls its fields.
    return replace(message, value={**value, **result, PAYLOAD: payload}, model=record.model or message.model)


def decoded_all(ports: Ports, messages: Sequence[DataMessage]) -> list[DataMessage]:
    """The messages of one request, in their order; once its allowance is used up, the others stay as they are."""
    allowance = _Allowance()
    made = list(messages)
    # One decoder after the other: few of them stay parsed at a time.
    for n in sorted(range(len(made)), key=lambda n: str(made[n].metadata.get(ENCODING, ""))):
        made[n] = decoded(ports, made[n], allowance=allowance)
    return made


def _usable(ports: Ports, tenant: str, encoding: str, allowed: frozenset[DecoderKind]) -> DecoderRecord:
    entry = ports.decoders.named(tenant, encoding)
    if entry is None:
        raise Invalid(f"there is no decoder for the encoding {encoding[:128]}", Field.ENCODING)
    if not entry.enabled:
        raise Invalid(f"the decoder for the encoding {encoding} is not enabled", Field.ENCODING)
    if entry.kind not in allowed:
        raise Invalid(
            f"the decoder for the encoding {encoding} is a {entry.kind} decoder and reads no bytes", Field.ENCODING
        )
    records = ports.decoders.records(tenant, [entry])
    if not records:
        raise Invalid(f"the decoder for the encoding {encoding} was deleted just now", Field.ENCODING)
    return records[0]


def _tell(ports: Ports, message: DataMessage, encoding: str, reason: str, allowance: _Allowance) -> None:
    named = ("source", "connector")
    about = {k: v for k in named if isinstance(v := message.metadata.get(k), str)}
    source = {"device" if k == "source" else k: v for k, v in about.items()} | {ENCODING: encoding[:128]}
    if not allowance.tells(repr(source)):
        return
    audit.refuse(
        ports,
        message.tenant,
        at=message.created,
        event=message.id,
        reason=f"decoding failed: {reason}",
        source=source,
        content={"stream": message.stream, "message": message.id},
        cause=Cause.DECODING,
        way=None,
    )
