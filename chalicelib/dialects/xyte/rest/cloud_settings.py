"""What a device has the cloud do, or not do, for it (Set Cloud Settings)."""

from dataclasses import replace

from chalicelib.dialects.xyte.identities import ABOUT
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.dialects.xyte.rest.devices import ITSELF, ONE
from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.errors import Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.web.answers import DONE, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

SUSPENDED = "incidents.suspend_creation"
_SETTINGS: Schema = {"type": "object", "properties": {SUSPENDED: {"type": ["boolean", "null"]}}}


def put(ports: Ports, request: Request) -> Answer:
    """Whether incidents that it opens are ignored. Known everywhere after a minute."""
    wanted = request.body.get(SUSPENDED)
    uuid = asking(request).id

    def changed(entry: Entry) -> Entry:
        about = ABOUT.read(entry.attributes)
        if wanted is None or about.incidents_suspended is wanted:
            return entry
        return replace(entry, attributes=ABOUT.body(replace(about, incidents_suspended=wanted)))

    def read() -> Entry | None:
        return ports.directory.current(uuid)

    # Its owner, or another request of the device, may write the entry at the same time: each change has to last.
    found, _ = change_record(ports, f"device {uuid}", read, ports.directory.replace, changed)
    if found is None:
        raise Unauthenticated("the device was deleted")
    return Answer({"success": True})


ROUTES = (
    Route(
        "PUT", ONE + "/cloud_settings", put, "Set cloud settings", schema=_SETTINGS, parameters=(ITSELF,), devices=True
    ),
)
ANSWERS: dict[Handler, Schema] = {put: record("success", success=DONE)}
