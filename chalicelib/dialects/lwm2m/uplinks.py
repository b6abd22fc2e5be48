"""What devices tell by themselves: `/dp` (LwM2M Core 1.1, 6.4.6), and notifications (6.4.4)."""

from contextlib import suppress

from chalicelib.dialects.lwm2m import auditing, modelled, payloads, reporting, wire
from chalicelib.dialects.lwm2m.content_formats import ContentFormat, content_format
from chalicelib.dialects.lwm2m.entries import Decoded, FormatError
from chalicelib.dialects.lwm2m.modelled import Model
from chalicelib.dialects.lwm2m.refusals import RefusedError
from chalicelib.dialects.lwm2m.wire import Answered, Heard, Said
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import observing, paths, registering
from chalicelib.fleet.twin.identities import Speaker
from chalicelib.fleet.twin.paths import ROOT, Path

DP = "dp"
_FORMATS = (ContentFormat.SENML_JSON, ContentFormat.SENML_CBOR)


@dataclass(frozen=True, slots=True)
class Notification:
    """`at` (ms) is when it arrived; `newest` says that none which came before is newer."""

    token: str
    answered: Answered
    event: str
    at: int
    newest: bool = True


def sent(ports: Ports, speaker: Speaker, heard: Heard) -> Said:
    """Kept before it is answered. Raises RefusedError."""
    if heard.method != "POST" or heard.path[1:]:
        raise RefusedError(wire.METHOD_NOT_ALLOWED, f"{heard.method} of reports")
    registration = registering.contact(ports, speaker)
    if registration is None:
        raise RefusedError(wire.NOT_FOUND, "a report without a registration")
    if heard.format is None or content_format(heard.format) not in _FORMATS:
        raise RefusedError(wire.UNSUPPORTED_FORMAT, f"a report in the content format {heard.format}, which is no SenML")
    at = ports.clock.now()
    try:
        model, decoded = _decoded(ports, speaker, ROOT, Answered(wire.CONTENT, heard.format, heard.payload), at)
    except FormatError as error:
        raise RefusedError(wire.BAD_REQUEST, f"a report that cannot be read: {error}") from error
    _take(ports, speaker, model, decoded, (at, heard.event), newest=True)
    return Said(wire.CHANGED, awaited=registration.queue_mode)


def notified(ports: Ports, speaker: Speaker, told: Notification) -> tuple[bool, bool]:
    """Whether anybody wants it, and whether the device is awake by it. Kept before it is accepted."""
    tenant, device = speaker.tenant, speaker.device.id
    observation = observing.notified(ports, tenant, device, told.token)
    registration = registering.contact(ports, speaker)
    if observation is None or registration is None:
        return False, registration is not None
    if not told.answered.succeeded:
        observing.broken(ports, tenant, device, told.token)
        auditing.refuse(ports, speaker, told.event, f"an observation was ended by {told.answered.reason}")
        return True, registration.queue_mode
    wanted = [paths.parse(path) for path in observation.paths]
    base = wanted[0] if len(wanted) == 1 else ROOT
    try:
        model, decoded = _decoded(ports, speaker, base, told.answered, told.at)
    except FormatError as error:
        # The device would send it again for ever: it is acknowledged, and its tenant told.
        auditing.refuse(ports, speaker, told.event, f"a notification that cannot be read: {error}")
        return True, registration.queue_mode
    _take(ports, speaker, model, decoded, (told.at, told.event), newest=told.newest)
    return True, registration.queue_mode


def _decoded(ports: Ports, speaker: Speaker, base: Path, answered: Answered, at: int) -> tuple[Model, Decoded]:
    """What it says by the model, which is read again where what was known of it a moment ago does not fit."""

    def by(model: Model) -> tuple[Model, Decoded]:
        return model, payloads.decode(answered.format, base, answered.payload, model.type_of, now=at / 1000)

    with suppress(FormatError):
        model, decoded = by(modelled.glance(ports, speaker))
        if all(model.lists(each.path) for each in decoded.entries):
            return model, decoded
    return by(modelled.model_of(ports, speaker))


def _take(
    ports: Ports, speaker: Speaker, model: Model, decoded: Decoded, arrival: tuple[int, str], *, newest: bool
) -> None:
    at, event = arrival
    report = reporting.measured(decoded.entries, at)
    reporting.show(ports, speaker, model, report if newest else [], event, decoded.complaints)
    reporting.tell(ports, speaker, model, report, at, event)
