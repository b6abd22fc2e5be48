"""Files of events (reference, "Attachments")."""

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.resources import attachments
from chalicelib.fleet.tenancy.records import DAY
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.forms import WITHOUT_BOUNDARY, form

pytestmark = pytest.mark.row("G6")

AT = "2013-07-19T09:07:22.598+02:00"
TEXT = {"Content-Type": "text/plain"}


class Rig:
    def __init__(self) -> None:
        self.client = Client()
        self.ports = self.client.ports
        self.device = str(self.client.made("/inventory/managedObjects", {"name": "d", "c8y_IsDevice": {}})["id"])
        self.event = self.another()

    def another(self) -> str:
        body = {"source": {"id": self.device}, "type": "log", "text": "log", "time": AT}
        return str(self.client.made("/event/events", body)["id"])

    @property
    def path(self) -> str:
        return f"/event/events/{self.event}/binaries"


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_file_itself_is_taken_and_told_of(rig: Rig) -> None:
    disposed = {**TEXT, "Content-Disposition": 'attachment; filename="syslog.txt"'}
    reply = rig.client.call("POST", rig.path, raw=b"hello\n", headers=disposed)
    itself = f"http://acme.example.com{rig.path}"
    told = {"name": "syslog.txt", "type": "text/plain", "length": 6}
    assert (reply.status, reply.body) == (201, {"self": itself, "source": rig.event, **told})
    assert reply.headers["Location"] == itself
    found = rig.client.get(f"/event/events/{rig.event}").body
    assert found["c8y_IsBinary"] == told
    assert found["lastUpdated"] > found["creationTime"]
    got = rig.client.get(rig.path)
    assert (got.raw, got.headers["Content-Disposition"]) == (b"hello\n", 'attachment; filename="syslog.txt"')
    assert rig.client.call("GET", rig.path, headers={"Range": "bytes=0-1"}).raw == b"he"
    listed = rig.client.get("/event/events", fragmentType="c8y_IsBinary").body["events"]
    assert [one["id"] for one in listed] == [rig.event]


def test_a_form_of_an_old_agent_is_taken(rig: Rig) -> None:
    told = '{ "name": "agent_dmdev1", type: "text/plain" }'
    sent = form(b"[secret]\n\n", told, name="agent_dmdev1", kind="text/plain")
    reply = rig.client.call("POST", rig.path, raw=sent, headers=WITHOUT_BOUNDARY)
    assert (reply.status, reply.body["name"], reply.body["type"]) == (201, "agent_dmdev1", "text/plain")
    assert rig.client.get(rig.path).raw == b"[secret]\n\n"


def test_there_is_one_file_that_can_be_replaced_and_taken_away(rig: Rig) -> None:
    assert rig.client.get(rig.path).status == 404
    assert rig.client.call("PUT", rig.path, raw=b"x", headers=TEXT).status == 404
    assert rig.client.call("DELETE", rig.path).status == 404
    assert rig.client.call("POST", rig.path, raw=b"one", headers=TEXT).body["name"] == rig.event
    again = rig.client.call("POST", rig.path, raw=b"two", headers=TEXT)
    assert (again.status, again.message) == (409, "Attachment already exists")
    assert rig.client.get(rig.path).raw == b"one"
    assert rig.client.call("PUT", rig.path, raw=b"three", headers=TEXT).status == 201
    assert rig.client.get(rig.path).raw == b"three"
    assert len(rig.ports.files.rows) == 1
    assert rig.client.call("DELETE", rig.path).status == 204
    assert rig.client.get(rig.path).status == 404
    assert "c8y_IsBinary" not in rig.client.get(f"/event/events/{rig.event}").body
    assert not rig.ports.files.rows
    assert rig.client.call("POST", rig.path, raw=b"four", headers=TEXT).status == 201


def test_the_file_goes_with_its_event(rig: Rig) -> None:
    rig.client.call("POST", rig.path, raw=b"one", headers=TEXT)
    assert rig.client.call("DELETE", f"/event/events/{rig.event}").status == 204
    assert (rig.client.get(rig.path).status, rig.ports.files.rows) == (404, {})
    rig.event = rig.another()
    rig.client.call("POST", rig.path, raw=b"two", headers=TEXT)
    assert rig.client.call("DELETE", "/event/events", source=rig.device).status == 204
    assert rig.client.get(rig.path).status == 404
    sweeping.sweep(rig.ports)
    assert not rig.ports.files.rows


def test_the_file_goes_when_its_event_expires(rig: Rig) -> None:
    rig.client.call("POST", rig.path, raw=b"one", headers=TEXT)
    for days in (0, 1, 2):
        rig.ports.clock.advance(ms=3_600_000 + days * DAY * 1000)
        sweeping.sweep(rig.ports)
        assert rig.client.get(rig.path).raw == b"one"
    rig.ports.messages.rows.clear()
    rig.ports.clock.advance(ms=4_000 * DAY * 1000)
    sweeping.sweep(rig.ports)
    assert not rig.ports.files.rows
    assert attachments.UPLOADS.count(rig.ports, rig.client.tenant.id) == 0


def test_an_event_of_another_tenant_has_no_file(rig: Rig) -> None:
    rig.client.call("POST", rig.path, raw=b"one", headers=TEXT)
    stranger = Client(rig.ports, "stranger")
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert stranger.call(method, rig.path, raw=b"x", headers=TEXT).status == 404
    assert rig.client.get(rig.path).raw == b"one"
