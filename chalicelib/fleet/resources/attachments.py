"""Files that belong to a managed object or to a message, and go when that goes.

Each begins with a record of it that is due: an upload whose owner never came to name it, as something died on the way,
is removed by the sweep, and so is that of a message which has expired by itself. Who deletes an owner deletes its file
at once.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.due import Matter
from chalicelib.fleet.errors import AttachmentDuplicate, AttachmentNotFound, FleetError
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources.records import Attachment, Upload
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy import retention
from chalicelib.fleet.tenancy.records import DAY, Kept
from chalicelib.fleet.typed_records import TypedRecords

UPLOAD = Kind(Upload)
UPLOADS = TypedRecords("attachment/upload", UPLOAD, lambda upload: upload.due)
_ON_THE_WAY = 3_600_000
"""Milliseconds after which whoever uploaded a file has named it, or never will."""
_NAME = 16
"""Bytes."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it came in; `type` is its media type."""

    name: str
    type: str
    body: bytes


def uploaded(ports: Ports, tenant: str, owner: str, content: Content, stream: str | None = None) -> Attachment:
    """The file, kept for an object, or for a message of a stream; nobody has it before its owner names it."""
    name = ports.chance(_NAME).hex()
    made = Attachment(f"attachments/{tenant}/{name}", content.name, content.type, len(content.body))
    UPLOADS.create(ports, tenant, name, Upload(made.file, owner, ports.clock.now() + _ON_THE_WAY, stream))
    ports.files.put(made.file, content.body)
    return made


def put_in_object(
    ports: Ports,
    tenant: str,
    number: str,
    content: Content,
    change: Callable[[ManagedObject], ManagedObject],
) -> ManagedObject:
    """The object with that file in the place of the one that it has, after `change`.

    Errors: ObjectNotFound, AttachmentNotFound (it has none), and what `change` raises.
    """
    if objects.get(ports, tenant, number).attachment is None:
        raise AttachmentNotFound(f"object {number} has no file")
    made = uploaded(ports, tenant, number, content)

    def changed(found: ManagedObject) -> ManagedObject:
        return replace(change(found), attachment=made)

    try:
        before, after = objects.update(ports, tenant, number, changed)
    except FleetError:
        _remove(ports, tenant, made)
        raise
    _remove(ports, tenant, before.attachment, but=made)
    return after


def put_in_message(
    ports: Ports,
    message: DataMessage,
    content: Content,
    change: Callable[[DataMessage, Attachment], DataMessage],
    *,
    new: bool,
) -> DataMessage:
    """The message with that file, after `change`; in the place of the one that it has unless that has to be `new`.

    Errors: MessageNotFound, AttachmentDuplicate, AttachmentNotFound (there is none that could be replaced), and what
    `change` raises.
    """
    _ensure(message, new=new)
    made = uploaded(ports, message.tenant, message.id, content, message.stream)
    before: list[Attachment | None] = []

    def changed(found: DataMessage) -> DataMessage:
        # Two of them at once: one has made the attachment.
        _ensure(found, new=new)
        before[:] = [found.attachment]
        return replace(change(found, made), attachment=made)

    try:
        after = messages.update(ports, message.tenant, message.stream, message.id, changed)
    except FleetError:
        _remove(ports, message.tenant, made)
        raise
    _remove(ports, message.tenant, before[0], but=made)
    return after


def take_from_message(ports: Ports, message: DataMessage, change: Callable[[DataMessage], DataMessage]) -> DataMessage:
    """The message without its file, after `change`. Errors: MessageNotFound, AttachmentNotFound."""
    _ensure(message, new=False)
    before: list[Attachment | None] = [message.attachment]

    def changed(found: DataMessage) -> DataMessage:
        before[:] = [found.attachment]
        return replace(change(found), attachment=None)

    after = messages.update(ports, message.tenant, message.stream, message.id, changed)
    _remove(ports, message.tenant, before[0])
    return after


def read(
    ports: Ports, find: Callable[[], Attachment | None], span: Callable[[int], tuple[int, int] | None]
) -> tuple[Attachment, tuple[int, int] | None, bytes]:
    """The attachment, which bytes `span` chooses by its size, and those; nothing where it chooses none.

    Errors: AttachmentNotFound, and what `find` raises.
    """
    for _ in range(_TRIES):
        found = find()
        if found is None:
            break
        chosen = span(found.size)
        if chosen is None or chosen[0] > chosen[1]:
            return found, chosen, b""
        try:
            return found, chosen, ports.files.read(found.file, *chosen)
        except FileNotFoundError:
            # Somebody has put another file in its place since.
            continue
    raise AttachmentNotFound("there is no file")


def on_due(ports: Ports, matter: Matter) -> None:
    """Remove a file that is nobody's; look again when a message that has one is to expire. Again changes nothing."""
    one = UPLOADS.get(ports, matter.tenant, matter.id)
    if one is None:
        return
    now = ports.clock.now()
    if one.stream is None:
        found = ports.objects.get(matter.tenant, one.owner)
        if found is None or found.attachment is None or found.attachment.file != one.file:
            ports.files.delete(one.file)
        # Whoever deletes the object finds its file by it.
        UPLOADS.delete(ports, matter.tenant, matter.id)
        return
    message = ports.messages.get(matter.tenant, one.stream, one.owner)
    if message is None or message.attachment is None or message.attachment.file != one.file:
        ports.files.delete(one.file)
        UPLOADS.delete(ports, matter.tenant, matter.id)
        return
    kept = retention.seconds(ports, matter.tenant, Kept.MESSAGES) * 1_000
    # DynamoDB takes up to two days to remove what has expired.
    until = max(message.created + kept, now) + 2 * DAY * 1_000
    UPLOADS.change(ports, matter.tenant, matter.id, lambda upload: replace(upload, due=until))


def _ensure(message: DataMessage, *, new: bool) -> None:
    if new and message.attachment is not None:
        raise AttachmentDuplicate("the message has a file already")
    if not new and message.attachment is None:
        raise AttachmentNotFound("the message has no file")


def _remove(ports: Ports, tenant: str, old: Attachment | None, but: Attachment | None = None) -> None:
    """The file first: what is left behind by a crash is found by its record."""
    if old is None or (but is not None and old.file == but.file):
        return
    ports.files.delete(old.file)
    UPLOADS.delete(ports, tenant, old.file.rpartition("/")[2])
