"""Static templates that devices publish, 100 to 602 (guide "MQTT", "Static templates").

The rows of a message are taken in order; what is wrong with one is told, and the others are taken all the same. What
they say of the object they are about is written once, and so are their messages.
"""

from collections.abc import Mapping

from chalicelib.dialects.cumulocity import replying
from chalicelib.dialects.cumulocity.smartrest import (
    alarming,
    asking,
    creating,
    describing,
    measuring,
    reporting,
    rows,
    telling,
)
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.faults import (
    ARGUMENTS,
    BROKEN,
    FAILED,
    NONE_SUPPORTED,
    UNKNOWN,
    WRONG_NUMBER,
    Fault,
)
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Template
from chalicelib.dialects.cumulocity.speaking import Speaker
from chalicelib.dialects.registry import Malformed
from chalicelib.fleet.errors import Contended, FleetError, TemporarilyUnavailable, Unauthenticated

TEMPLATES: Mapping[str, Template] = {
    **creating.TEMPLATES,
    **describing.TEMPLATES,
    **measuring.TEMPLATES,
    **alarming.TEMPLATES,
    **telling.TEMPLATES,
    **reporting.TEMPLATES,
    **asking.TEMPLATES,
}


def receive(speaker: Speaker) -> None:
    """Errors: Malformed, for the last row that was wrong."""
    publishing, wrong = Publishing(speaker), list[Fault]()
    every = list(rows.parse(text_of(speaker)))
    if not every:
        raise Malformed("the message has no rows")
    for row in every:
        if row.number >= rows.MOST:
            wrong.append(told(speaker, row, Fault(BROKEN, f"a message has at most {rows.MOST} rows")))
            break
        fault = attempt(publishing, row)
        if fault is not None:
            wrong.append(told(speaker, row, fault))
    publishing.end()
    if wrong:
        raise wrong[-1]


def text_of(speaker: Speaker) -> str:
    """Errors: Malformed."""
    try:
        return speaker.uplink.payload.decode()
    except UnicodeDecodeError as error:
        raise Malformed("the payload is no UTF-8") from error


def attempt(publishing: Publishing, row: Row) -> Fault | None:
    """What was wrong with it, if something was. Errors: what is to be tried again with the whole message."""
    try:
        _execute(publishing, row)
    except Fault as fault:
        return fault
    except (TemporarilyUnavailable, Contended, Unauthenticated):
        raise
    except FleetError as error:
        return Fault(FAILED, str(error))
    return None


def told(speaker: Speaker, row: Row, fault: Fault) -> Fault:
    text = rows.render((str(fault.code), row.id[:64], str(fault)[:1_000]))
    replying.error(speaker.ports, speaker.claim, text, f"{speaker.uplink.event}:{row.number}")
    return fault


def _execute(publishing: Publishing, row: Row) -> None:
    if row.broken:
        raise Fault(BROKEN, "a quote of this row does not end where its value does")
    template = TEMPLATES.get(row.id)
    if template is None:
        raise Fault(UNKNOWN, f"no static template has the id {row.id[:64]}")
    values = row.values[1:]
    while values and not values[-1]:
        values = values[:-1]
    if template.most is not None and len(values) > template.most:
        raise Fault(ARGUMENTS, WRONG_NUMBER if template.most else NONE_SUPPORTED)
    if sum(bool(value) for value in values) < template.least:
        raise Fault(ARGUMENTS, WRONG_NUMBER)
    template.handler(publishing, row, Arguments(values))
