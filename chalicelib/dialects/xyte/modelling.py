"""Making and changing models: documents of their maker's tenant, found by everybody who knows the hardware key."""

import re
import uuid
from collections.abc import Callable
from dataclasses import replace

from chalicelib.dialects.xyte import models
from chalicelib.dialects.xyte.models import Model
from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Conflict, Invalid, NotFound
from chalicelib.fleet.ports import Page, Ports
from chalicelib.fleet.shapes import in_place_of

_KEY = re.compile(r"[0-9A-Za-z._-]{8,64}", re.ASCII)


def new_key(ports: Ports) -> str:
    return str(uuid.UUID(bytes=ports.chance(16), version=4))


def create(ports: Ports, model: Model) -> Model:
    """A hardware key that firmware has already may be brought along. Errors: Invalid, Conflict (it is taken)."""
    if not _KEY.fullmatch(model.hardware_key):
        raise Invalid("hardware_key has 8 to 64 letters, digits, dots and dashes", "hardware_key")
    # What is listed and was not made is not shown; what was made and is not listed nobody would find.
    listed = Record(model.tenant, models.LISTED, model.hardware_key, {})
    ports.records.put(listed)
    if not ports.directory.create(_entry(ports, model)):
        return _again(ports, model)
    return model


def _again(ports: Ports, model: Model) -> Model:
    """The key of a model that was closed opens it again; so does a request that is repeated."""
    known = models.read(ports.directory.current(models.entry_id(model.hardware_key)))
    if known is None or known.tenant != model.tenant:
        ports.records.delete(model.tenant, models.LISTED, model.hardware_key)
    if known is None or known.tenant != model.tenant or not (known.closed or known == in_place_of(known, model)):
        raise Conflict("Hardware key has already been taken")
    return _change(ports, model.tenant, model.hardware_key, lambda before: in_place_of(before, model))


def find(ports: Ports, tenant: str, hardware_key: str) -> Model:
    """Errors: NotFound, also of another tenant's."""
    found = models.read(ports.directory.current(models.entry_id(hardware_key)))
    if found is None or found.tenant != tenant or found.closed:
        raise NotFound("Model not found")
    return found


def page(ports: Ports, tenant: str, after: str | None, limit: int) -> Page[Model]:
    listed = ports.records.page(tenant, models.LISTED, after=after, limit=limit)
    found = (models.read(ports.directory.current(models.entry_id(record.id))) for record in listed.items)
    return Page([each for each in found if each and each.tenant == tenant and not each.closed], listed.cursor)


def update(ports: Ports, tenant: str, hardware_key: str, change: Callable[[Model], Model]) -> Model:
    """Known everywhere after a minute. Errors: NotFound, Invalid."""
    find(ports, tenant, hardware_key)
    return _change(ports, tenant, hardware_key, change)


def close(ports: Ports, tenant: str, hardware_key: str) -> None:
    """Errors: NotFound."""
    update(ports, tenant, hardware_key, lambda model: replace(model, closed=True))


def _change(ports: Ports, tenant: str, hardware_key: str, change: Callable[[Model], Model]) -> Model:
    def changed(entry: Entry) -> Entry:
        model = models.read(entry)
        if model is None or model.tenant != tenant:
            raise NotFound("Model not found")
        return replace(entry, attributes=models.MODEL.body(change(model)))

    identifier = models.entry_id(hardware_key)
    # Two who change it at once: each change has to last.
    after, _ = change_record(
        ports,
        f"the model {hardware_key}",
        lambda: ports.directory.current(identifier),
        ports.directory.replace,
        changed,
    )
    found = models.read(after)
    if found is None:
        raise NotFound("Model not found")
    return found


def _entry(ports: Ports, model: Model) -> Entry:
    return Entry(
        models.entry_id(model.hardware_key), model.tenant, ports.clock.now(), attributes=models.MODEL.body(model)
    )
