"""What a newer release wrote into a record outlives what this one does with the record."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.dialects.cumulocity import bayeux_sessions
from chalicelib.dialects.cumulocity.bayeux_sessions import SESSION
from chalicelib.dialects.ibm import applications, settings
from chalicelib.dialects.ibm.applications import APPLICATION
from chalicelib.dialects.ibm.settings import EVENT_CACHE, EventCache
from chalicelib.dialects.xyte import (
    claiming,
    dumps,
    identities,
    licences,
    modelling,
    models,
    owning,
    registering,
    spaces,
)
from chalicelib.dialects.xyte.identities import ABOUT
from chalicelib.dialects.xyte.proofs import Shown
from chalicelib.fleet.access import attempts, callers
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.documents import Record
from chalicelib.fleet.due import Matter
from chalicelib.fleet.events import policies, suspension
from chalicelib.fleet.inventory import groups
from chalicelib.fleet.presence import asking, silences
from chalicelib.fleet.presence.asking import Line
from chalicelib.fleet.queues import subscriptions
from chalicelib.fleet.resources import attachments
from chalicelib.fleet.shapes import Kind
from tests.fakes import MemoryPorts
from tests.fleet.rig import DEVICE, TENANT, Rig
from tests.shapes import AFTER, BEFORE, kinds, newer
from tests.shapes.cases import CASES, Case, policed
from tests.shapes.test_twins import CASES as TWINS

KINDS = kinds()
NEVER_CHANGED = {
    "aws.pushes._PUSH": "on its way",
    "fleet.twin.library.OBJECT": "replaced as a whole by its operator",
    "fleet.twin.library.RESOURCE": "replaced as a whole by its operator",
    "fleet.inventory.counting.TALLY": "counted anew",
    "store.audit.ENTRY": "what happened",
    "store.messages.MESSAGE": "what was said",
    "store.records.RECORD": "whose body is what changes",
    "store.tenants.TENANT": "only made",
    "store.authorities.AUTHORITIES": "below, as it takes certificates",
    "store.policies.STATES": "below, as it is part of a policy",
}


def aged(kind: Kind[Any], record: Any) -> Any:
    """The record with what a newer release wrote into each part of it."""
    body = newer(kind, json.loads(kind.dump(record)), None)
    return kind.read(body, **{name: getattr(record, name) for name in kind.own})


def age(kind: Kind[Any], rows: dict[Any, Any]) -> list[Any]:
    assert rows
    for name, record in rows.items():
        rows[name] = aged(kind, record)
    return list(rows)


def marks(kind: Kind[Any], record: Any) -> int:
    text = kind.dump(record)
    assert text.count(BEFORE) == text.count(AFTER)
    return text.count(BEFORE)


def _held(case: Case, ports: MemoryPorts, kind: Kind[Any]) -> dict[Any, int]:
    return {name: marks(kind, record) for name, record in case.rows(ports).items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_field_of_a_newer_release_is_lost(case: Case) -> None:
    kind, ports = KINDS[case.name], case.make()
    for name, record in (rows := case.rows(ports)).items():
        rows[name] = aged(kind, record)
    before, plain = _held(case, ports, kind), dict(case.rows(ports))
    assert all(count >= 1 for count in before.values())
    for use in case.uses:
        ports.clock.advance(seconds=1)
        was = dict(case.rows(ports))
        use(ports)
        assert case.rows(ports) != was, "the use case changes nothing"
        after = _held(case, ports, kind)
        assert all(after[name] >= count - case.replaced for name, count in before.items()), case.rows(ports)
    assert plain.keys() <= case.rows(ports).keys()


def test_the_states_of_a_policys_actions_keep_what_is_unknown() -> None:
    kind, ports = KINDS["store.policies.STATES"], policed()
    suspension.failed(ports, policies.get(ports, TENANT, "p1"), "a", "503")
    stored = policies.get(ports, TENANT, "p1")
    state = kind.load('{"v":1,"actions":{"a":{"failures":1,"since":5,"mood":"bad"}}}').actions["a"]
    ports.policies.rows[TENANT, "p1"] = replace(stored, states={"a": state})
    suspension.failed(ports, policies.get(ports, TENANT, "p1"), "a", "503")
    changed = policies.get(ports, TENANT, "p1").states["a"]
    assert (changed.failures, changed.unknown) == (2, state.unknown)


def test_an_applications_subscriptions_keep_what_is_unknown() -> None:
    ports = MemoryPorts()
    old = {"rings": {"x": [1, 4]}, "since": 7, "session": "s", "label": "dashboard"}
    ports.records.create(Record(TENANT, "ibm.applications", "a:o:1", old))
    applications.change(ports, TENANT, "a:o:1", lambda one: replace(one, ended="gone"))
    body = ports.records.rows[TENANT, "ibm.applications", "a:o:1"].body
    assert body == {
        "v": 2,
        "rings": {"x": {"first": 1, "next": 4}},
        "since": 7,
        "session": "s",
        "label": "dashboard",
        "ended": "gone",
    }
    del body["label"]
    newest = newer(APPLICATION, body, None)
    ports.records.rows[TENANT, "ibm.applications", "a:o:1"] = Record(TENANT, "ibm.applications", "a:o:1", newest)
    application = applications.get(ports, TENANT, "a:o:1")
    assert application is not None
    applications.drop(ports, application, "x", f"{2:015}")
    kept = ports.records.rows[TENANT, "ibm.applications", "a:o:1"].body
    assert kept == {**newest, "rings": {"x": {**newest["rings"]["x"], "first": 3}}}


def test_a_setting_and_a_count_of_guesses_keep_what_is_unknown() -> None:
    ports = MemoryPorts()
    ports.records.create(Record(TENANT, settings.KIND, "last-event-cache", newer(EVENT_CACHE, {"days": 3})))
    settings.set_last_event_cache(ports, TENANT, EventCache(enabled=False, days=2))
    assert ports.records.rows[TENANT, settings.KIND, "last-event-cache"].body == {
        **newer(EVENT_CACHE, {"days": 2, "enabled": False})
    }
    attempt = attempts.begin(ports, "ada", "192.0.2.1")
    known = ports.records.rows["-", attempt.kind, attempt.id]
    ports.records.rows["-", attempt.kind, attempt.id] = replace(known, body={**known.body, "from": "DE"})
    attempts.begin(ports, "ada", "192.0.2.1")
    assert ports.records.rows["-", attempt.kind, attempt.id].body["from"] == "DE"


def test_a_session_keeps_what_a_newer_release_knows_of_it() -> None:
    ports = MemoryPorts()
    made = subscriptions.open_(ports, TENANT, "d", "s1", "ann", 3_600_000)
    key = (TENANT, "d.sessions", "s1")
    added = {"mood": "fine", "ring": {"first": 0, "next": 0, "colour": "red"}}
    ports.records.rows[key] = replace(ports.records.rows[key], body={**ports.records.rows[key].body, **added})
    subscriptions.listen(ports, made, frozenset({"a"}))
    subscriptions.tell(ports, TENANT, "d", lambda _: True, lambda _: {"n": 1})
    assert subscriptions.take(ports, TENANT, "d", "s1", 5) == [{"n": 1}]
    assert subscriptions.take(ports, TENANT, "d", "s1", 5) == []
    body = ports.records.rows[key].body
    assert (body["mood"], body["ring"]["colour"], body["ring"]["next"]) == ("fine", "red", 1)


def test_a_session_of_bayeux_keeps_what_a_newer_release_knows_of_it() -> None:
    ports, caller = MemoryPorts(), callers.of_operator(TENANT)
    made, _ = bayeux_sessions.open_(ports, caller, "operations")
    (key,) = ports.records.rows
    ports.records.rows[key] = replace(ports.records.rows[key], body=newer(SESSION, ports.records.rows[key].body))
    bayeux_sessions.change(ports, caller, made, lambda one: replace(one, channels=frozenset({"1"})))
    assert ports.records.rows[key].body == {**newer(SESSION, SESSION.body(made)), "channels": ["1"]}


def test_an_upload_keeps_what_a_newer_release_knows_of_it() -> None:
    ports = MemoryPorts()
    made = DataMessage(TENANT, message_id(1, 1, "e"), "s", 1, ports.clock.now(), {}, metadata={"source": "s"})
    ports.messages.put(made, 60)
    content = attachments.Content("a", "text/plain", b"x")
    attachments.put_in_message(ports, made, content, lambda found, _: found, new=True)
    ((key, known),) = (
        (key, record) for key, record in ports.records.rows.items() if key[1] == attachments.UPLOADS.name
    )
    ports.records.rows[key] = replace(known, body=newer(attachments.UPLOAD, known.body))
    attachments.on_due(ports, Matter(key[1], TENANT, key[2], key[2]))
    after = ports.records.rows[key]
    assert (after.due or 0) > (known.due or 0)
    assert after.body == newer(attachments.UPLOAD, {**known.body, "due": after.due})


def test_an_entry_of_the_directory_keeps_what_is_unknown_and_so_does_what_it_says() -> None:
    ports, entries = MemoryPorts(), KINDS["store.directory.ENTRY"]
    model = models.Model(TENANT, "hardware-1", "Pump", "m")
    modelling.create(ports, model)
    found = registering.register(
        ports, {"hardware_key": "hardware-1", "mac": "1", "sn": "2", "firmware_version": "1.0.0"}
    )
    about = newer(ABOUT, ABOUT.body(found.identity.about))
    ports.directory.rows = {
        name: replace(aged(entries, row), attributes=newer(models.MODEL, row.attributes) if name[:1] == "m" else about)
        for name, row in ports.directory.rows.items()
    }
    marked = {name: marks(entries, row) for name, row in ports.directory.rows.items()}
    modelling.update(ports, TENANT, "hardware-1", lambda one: replace(one, name="Pipe"))
    identity = identities.current(ports, found.identity.id)
    assert identity is not None
    assert ports.directory.replace(identity.entry, identity.with_about(replace(identity.about, name="mine")))
    assert {name: marks(entries, row) for name, row in ports.directory.rows.items()} == marked
    assert [row.attributes["name"] for row in ports.directory.rows.values()] == ["Pipe", "mine"]


def test_counts_of_claims_and_numbers_of_spaces_keep_what_is_unknown() -> None:
    ports = MemoryPorts()
    with pytest.raises(owning.AlreadyClaimed):
        claiming.claim(ports, TENANT, Shown("1", "2"))
    groups.create(ports, TENANT, "a", "root", None)
    spaces.read(ports, TENANT)
    keys: dict[tuple[str, str, str], Kind[Any]] = {
        (TENANT, "xyte.claims", "one"): claiming.GUESSES,
        (TENANT, "xyte.spaces", "one"): spaces.NUMBERS,
    }
    for key, kind in keys.items():
        known = ports.records.rows[key]
        ports.records.rows[key] = replace(known, body=newer(kind, known.body))
    marked = {key: json.dumps(ports.records.rows[key].body).count(BEFORE) for key in keys}
    with pytest.raises(owning.AlreadyClaimed):
        claiming.claim(ports, TENANT, Shown("1", "3"))
    groups.create(ports, TENANT, "b", "root", None)
    assert spaces.read(ports, TENANT).numbers[next(iter(ports.groups.tree(TENANT).groups))] > 1
    assert {key: json.dumps(ports.records.rows[key].body).count(BEFORE) for key in keys} == marked
    assert len(ports.records.rows[TENANT, "xyte.claims", "one"].body["made"]) == 2
    assert ports.records.rows[TENANT, "xyte.spaces", "one"].body["last"] == 3


def test_a_demand_to_be_heard_keeps_what_a_newer_release_knows_of_it() -> None:
    rig = Rig()
    ports = rig.ports
    silences.demand(ports, TENANT, DEVICE, 600, "t", "x")
    key = (TENANT, silences.SILENCES.name, DEVICE)
    known = ports.records.rows[key]
    ports.records.rows[key] = replace(known, body=newer(silences.SILENCE, known.body))
    silences.on_due(ports, Matter(key[1], TENANT, DEVICE, DEVICE))
    silences.demand(ports, TENANT, DEVICE, 900, "t", "y")
    after = ports.records.rows[key].body
    assert after == {**newer(silences.SILENCE, known.body), "span": 900, "text": "y", "due": after["due"]}


def test_an_awaited_absence_keeps_what_is_unknown() -> None:
    rig = Rig()
    ports, line = rig.ports, Line(TENANT, DEVICE, "mqtt", "n", "x")
    mailbox = ports.mailboxes.rows[TENANT, DEVICE]
    assert asking.heard(ports, mailbox, line, 120) is not None
    key = (TENANT, asking.ABSENCES.name, DEVICE)
    known = ports.records.rows[key]
    ports.records.rows[key] = replace(known, body=newer(asking.ABSENCE, known.body))
    marked = json.dumps(ports.records.rows[key].body).count(BEFORE)
    ports.clock.advance(seconds=120)
    asking.on_due(ports, Matter(key[1], TENANT, DEVICE, DEVICE))
    assert ports.records.rows[key].due is None
    assert asking.heard(ports, ports.mailboxes.rows[TENANT, DEVICE], line, 60) is not None
    assert ports.records.rows[key].due == ports.clock.now() + 60_000
    assert json.dumps(ports.records.rows[key].body).count(BEFORE) == marked > 1


def test_every_kind_is_changed_here_or_never() -> None:
    changed = {case.name for case in CASES} | {
        "dialects.cumulocity.bayeux_sessions.SESSION",
        "dialects.ibm.applications.APPLICATION",
        "dialects.ibm.settings.EVENT_CACHE",
        "fleet.commands.campaigns.CAMPAIGN",
        "fleet.commands.campaigns.MEMBER",
        "fleet.presence.silences.SILENCE",
        "fleet.queues.subscriptions.SUBSCRIPTION",
        "fleet.resources.attachments.UPLOAD",
        "fleet.presence.asking.ABSENCE",
        "dialects.xyte.claiming.GUESSES",
        "dialects.xyte.dumps.DUMP",
        "dialects.xyte.identities.ABOUT",
        "dialects.xyte.licences.LICENCE",
        "dialects.xyte.models.MODEL",
        "dialects.xyte.spaces.NUMBERS",
        "store.directory.ENTRY",
    }
    assert changed | TWINS.keys() | NEVER_CHANGED.keys() == set(KINDS), "a new kind: add the use cases that change it"


def test_licences_and_dumps_keep_what_a_newer_release_knows_of_them() -> None:
    ports = Rig().ports
    shelf = licences.Shelf(ports, TENANT, DEVICE, 1)
    shelf.add(licences.Licence("1", {"seats": 5}, 1, 1))
    sent = dumps.send(ports, TENANT, DEVICE, "text/plain", "a", b"x")
    of: dict[str, Kind[Any]] = {"xyte.licence": licences.LICENCE, "xyte.dump": dumps.DUMP}
    before = {
        key: replace(row, body=newer(of[key[1].partition("/")[0]], row.body))
        for key, row in ports.records.rows.items()
        if key[1].startswith("xyte.")
    }
    ports.records.rows |= before
    shelf.report("1", licences.State.IN_USE, None)
    shelf.change("1", licences.Action.UPDATE, data={"seats": 6})
    dumps.append(ports, TENANT, DEVICE, sent.id, b"y")
    for key, row in before.items():
        changed = ports.records.rows[key].body
        assert changed != row.body
        assert {name for name in row.body if name not in changed} <= {"state"}
