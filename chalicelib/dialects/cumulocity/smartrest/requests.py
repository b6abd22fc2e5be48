"""Requests of a collection: rows whose values belong where their template says (guide "SmartREST 2.0", "Requests")."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity import operations, reach, saying, times
from chalicelib.dialects.cumulocity.saying import Subject
from chalicelib.dialects.cumulocity.smartrest import reporting, values
from chalicelib.dialects.cumulocity.smartrest.collections import MANDATORY, Request
from chalicelib.dialects.cumulocity.smartrest.faults import ARGUMENTS, FAILED, WRONG_NUMBER, Fault, wrong_value
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.speaking import Speaker
from chalicelib.fleet.errors import ExternalIdNotFound, Invalid, ObjectNotFound
from chalicelib.fleet.ids import as_number
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject

Document = Mapping[str, Any]
_TYPES = {"time": values.DATE, "severity": values.SEVERITY, "status": values.ALARM_STATUS}


class _Sent:
    """Values of a row, taken one after another."""

    def __init__(self, row: Row) -> None:
        self._values = list(row.values[1:])

    def take(self) -> str:
        """Errors: Fault. An empty last value may be left out."""
        if not self._values:
            return ""
        return self._values.pop(0)

    def take_time(self, behind: int) -> str:
        """`behind` it come so many values. Empty where it was left out.

        One of the guide's examples does that: then a value is missing, and what stands there is no time.
        """
        left_out = 0 < len(self._values) == behind and not _is_time(self._values[0])
        return "" if left_out else self.take()

    def ensure_all(self) -> None:
        """Errors: Fault (there are more than the template takes)."""
        if any(self._values):
            raise Fault(ARGUMENTS, WRONG_NUMBER)


def _is_time(text: str) -> bool:
    try:
        times.parse(text, "time")
    except Invalid:
        return not text
    return True


def execute(speaker: Speaker, row: Row, request: Request) -> Document:
    """What it was said of, as responses are made from. Errors: Fault, and what the API raises."""
    return _BY_API[request.api, request.method](speaker, row, request)


def _body(speaker: Speaker, request: Request, sent: _Sent, *, mandatory: bool = True) -> dict[str, Any]:
    body: dict[str, Any] = {}
    names = MANDATORY[request.api, request.method] if mandatory else ()
    given: Iterator[str] = iter(request.mandatory)
    behind = sum(value.sent for value in request.custom)
    for name in names:
        text = next(given, "") or (sent.take_time(behind) if name == "time" else sent.take())
        if not text and name != "time":
            raise Fault(ARGUMENTS, WRONG_NUMBER)
        body[name] = _value(speaker, _TYPES.get(name, values.STRING), text)
    for value in request.custom:
        text = sent.take() if value.sent else value.value
        values.put(body, value.path, _value(speaker, value.type.upper(), text))
    sent.ensure_all()
    return body


def _value(speaker: Speaker, type_: str, text: str) -> Any:
    if type_ == values.DATE and not text:
        return times.render(speaker.uplink.at)
    return values.read(type_, text)


Say = Callable[[Subject, Mapping[str, Any]], None]


def _of_target(say: Say) -> Callable[[Speaker, Row, Request], Document]:
    def executed(speaker: Speaker, row: Row, request: Request) -> Document:
        body = _body(speaker, request, _Sent(row))
        say(Subject(speaker, speaker.target, row.number), body)
        return {**body, "source": {"id": speaker.target.id}}

    return executed


def _change_alarm(speaker: Speaker, row: Row, request: Request) -> Document:
    body = _body(speaker, request, _Sent(row))
    saying.change_open_alarm(Subject(speaker, speaker.target, row.number), str(body["type"]), body)
    return {**body, "source": {"id": speaker.target.id}}


def _change_operation(speaker: Speaker, row: Row, request: Request) -> Document:
    """The oldest that is being done, or that waits, with the fragment.

    Where rows have to wait for each other it is not known yet which that is: then the answer is what was said.
    """
    body = _body(speaker, request, _Sent(row))
    fragment = str(body.pop("fragment"))
    status = body.get("status")
    if status is not None and status not in operations.STATUSES:
        raise wrong_value("Operation status", str(status))
    after = reporting.change(speaker, row.number, fragment, body)
    if after is None:
        return body
    said = {**operations.said(after), "id": as_number(after.id) or after.id}
    return {**said, "status": status or operations.status(after).value}


def _named(speaker: Speaker, request: Request, sent: _Sent) -> ManagedObject:
    """The object that a row begins with. Errors: Fault, Forbidden."""
    ports, tenant = speaker.ports, speaker.tenant
    try:
        if request.by_id:
            found = objects.get(ports, tenant, sent.take())
        else:
            type_ = request.external_type or sent.take()
            found = objects.named(ports, tenant, type_, sent.take())
    except (ObjectNotFound, ExternalIdNotFound, Invalid) as error:
        raise Fault(FAILED, str(error)) from error
    return reach.ensure(ports, speaker.caller, found)


def _get_object(speaker: Speaker, row: Row, request: Request) -> Document:
    sent = _Sent(row)
    found = _named(speaker, request, sent)
    sent.ensure_all()
    return shapes.view(found, lambda *_: "")


def _put_object(speaker: Speaker, row: Row, request: Request) -> Document:
    sent = _Sent(row)
    found = _named(speaker, request, sent)
    body = _body(speaker, request, sent, mandatory=False)
    after = saying.change_object(speaker, found, body, row.number)
    if after.id == speaker.agent.id:
        speaker.changed(after)
    return shapes.view(after, lambda *_: "")


def _make_object(speaker: Speaker, row: Row, request: Request) -> Document:
    """A row begins with the external id, and its type where the template has none; without an id there is none."""
    sent = _Sent(row)
    external = sent.take()
    type_ = request.external_type or sent.take()
    if external and not type_:
        raise Fault(ARGUMENTS, WRONG_NUMBER)
    named = [{"type": type_, "externalId": external}] if external else []
    body = _body(speaker, request, sent, mandatory=False)
    made = saying.make_object(speaker, {**body, "externalIds": named}, row.number)
    return shapes.view(made, lambda *_: "")


_BY_API: Mapping[tuple[str, str], Callable[[Speaker, Row, Request], Document]] = {
    ("MEASUREMENT", "POST"): _of_target(saying.measurement),
    ("EVENT", "POST"): _of_target(saying.event),
    ("ALARM", "POST"): _of_target(saying.alarm),
    ("ALARM", "PUT"): _change_alarm,
    ("INVENTORY", "GET"): _get_object,
    ("INVENTORY", "PUT"): _put_object,
    ("INVENTORY", "POST"): _make_object,
    ("OPERATION", "PUT"): _change_operation,
}
