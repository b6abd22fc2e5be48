"""The file of an event (reference, "Attachments")."""

from functools import partial

from chalicelib.dialects.cumulocity import device_events as shapes
from chalicelib.dialects.cumulocity.errors import EventNotFound
from chalicelib.dialects.cumulocity.rest import contents, data, events, files, links
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import AttachmentDuplicate, Invalid, TooLarge
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import attachments
from chalicelib.fleet.resources.records import Attachment
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND = "eventBinary"


def _put(ports: Ports, request: Request, *, new: bool) -> Answer:
    found = events.found(ports, request)
    shapes.ensure_own(found)
    number = request.path["eventId"]
    content, _ = files.read(request, found.attachment.name if found.attachment is not None else number)
    change = partial(shapes.attached, now=ports.clock.now())
    try:
        after = attachments.put_in_message(ports, found, content, change, new=new)
    except AttachmentDuplicate:
        raise AttachmentDuplicate("Attachment already exists") from None
    made = after.attachment or Attachment("", content.name, content.type, len(content.body))
    itself = links.to(request, *events.PATH, number, "binaries")
    shown = {"self": itself, "source": number, "name": made.name, "type": made.type, "length": made.size}
    return contents.created(request, KIND, shown, itself)


def _get(ports: Ports, request: Request) -> Answer:
    return files.answer(ports, request, lambda: events.found(ports, request).attachment)


def _delete(ports: Ports, request: Request) -> Answer:
    def without(message: DataMessage) -> DataMessage:
        return shapes.attached(message, None, now=ports.clock.now())

    attachments.take_from_message(ports, events.found(ports, request), without)
    return Answer()


_PATH = "/event/events/{eventId}/binaries"
ROUTES = (
    Route(
        "POST",
        _PATH,
        partial(_put, new=True),
        "Give an event a file: a form with file and object, or the file itself",
        roles=data.WRITING,
        devices=True,
        success=201,
        failures=(Invalid, TooLarge, EventNotFound, AttachmentDuplicate),
        **files.BODY,
    ),
    *files.routes(
        _PATH,
        ("The file of an event", _get),
        ("Put another file in its place", partial(_put, new=False)),
        ("Take the file away from an event", _delete),
        roles=(data.READING, data.WRITING),
        absent=EventNotFound,
    ),
)
