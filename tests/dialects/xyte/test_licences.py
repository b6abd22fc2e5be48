"""Licences: given, changed and taken away by an organization, and reported on by its device (Get License)."""

from itertools import product
from typing import Any

import pytest

from chalicelib.dialects.xyte import licences
from tests.dialects.xyte.claimed import Owned, owning

LICENCES = "/core/v1/organization/devices/{}/licenses"


@pytest.fixture
def owned() -> Owned:
    return owning()


def give(owned: Owned, **about: Any) -> str:
    return str(owned.organization.made(LICENCES.format(owned.device.id), {"data": {"seats": 5}, **about})["id"])


def say(owned: Owned, licence: str, state: str, **about: Any) -> int:
    return owned.device.call("POST", "/licenses", {"id": licence, "state": state, **about}).status


def new(owned: Owned) -> bool:
    """What an answer to telemetry tells."""
    mailbox = owned.ports.mailboxes.get(owned.tenant, owned.urn)
    assert mailbox is not None
    return licences.wait(mailbox)


@pytest.mark.row("I5")
def test_a_device_finds_what_it_is_given_and_says_that_it_is_in_use(owned: Owned) -> None:
    assert (owned.device.call("GET", "/license").body, owned.device.call("GET", "/licenses").body) == ({}, [])
    assert not new(owned)
    licence = give(owned, signature="sig", expires_at="2030-01-01T00:00:00Z")
    assert new(owned)
    shown = owned.device.call("GET", "/license").body
    assert shown == {
        "id": licence,
        "device_id": owned.device.id,
        "data": {"seats": 5},
        "signature": "sig",
        "action": "add",
        "expires_at": "2030-01-01T00:00:00Z",
        "current_time": shown["current_time"],
        "add": True,
        "update": False,
        "remove": False,
    }
    assert say(owned, licence, "inuse") == 200
    assert not new(owned)
    assert owned.device.call("GET", "/license").body == {}
    (kept,) = owned.device.call("GET", "/licenses").body
    assert (kept["id"], kept["add"]) == (licence, False)


STATES = ("inuse", "removed", "error")
AFTER = {
    ("add", "waiting"): {"inuse", "error"},
    ("update", "waiting"): {"inuse", "error"},
    ("remove", "waiting"): {"removed", "error"},
    ("add", "inuse"): {"inuse", "error"},
    ("update", "inuse"): {"inuse", "error"},
    ("add", "error"): {"inuse", "error"},
    ("update", "error"): {"inuse", "error"},
    ("remove", "error"): {"removed", "error"},
    ("remove", "removed"): {"removed"},
}
"""What a device may say of a license by its action and how it stands."""


@pytest.mark.parametrize("action", ["add", "update", "remove"])
def test_whatever_a_device_says_in_whatever_order_the_table_says_what_becomes_of_it(action: str) -> None:
    owned = owning()
    for steps in product(STATES, repeat=3):
        licence, stands = give(owned), "waiting"
        if action != "add":
            give(owned, id=licence, action=action)
        for step in steps:
            allowed = step in AFTER[action, stands]
            assert say(owned, licence, step, error="why") == (200 if allowed else 422), steps
            stands = step if allowed else stands
            assert new(owned) is (stands == "waiting"), steps
        owned.device.call("GET", "/licenses")
        licences.Shelf(owned.ports, owned.tenant, owned.urn, 1).forget()
        owned.ports.clock.advance(seconds=31)


def test_the_owner_has_it_another_way_or_takes_it_away(owned: Owned) -> None:
    licence = give(owned)
    say(owned, licence, "inuse")
    assert give(owned, id=licence, action="update", data={"seats": 6}) == licence
    shown = owned.device.call("GET", "/license").body
    assert (shown["action"], shown["data"], shown["update"]) == ("update", {"seats": 6}, True)
    say(owned, licence, "inuse")
    give(owned, id=licence, action="remove")
    assert owned.device.call("GET", "/license").body["remove"] is True
    assert say(owned, licence, "removed") == 200
    assert owned.device.call("GET", "/licenses").body == []
    path = LICENCES.format(owned.device.id)
    assert owned.organization.call("POST", path, {"id": licence, "action": "update"}).status == 404
    assert owned.organization.call("GET", path).body == {"items": []}


def test_what_went_wrong_is_kept_and_waits_no_more(owned: Owned) -> None:
    licence, other = give(owned), give(owned)
    assert say(owned, licence, "error", error="no room") == 200
    assert new(owned)
    assert owned.device.call("GET", "/license").body["id"] == other
    say(owned, other, "inuse")
    assert not new(owned)
    (first, _) = owned.organization.call("GET", LICENCES.format(owned.device.id)).body["items"]
    assert (first["state"], first["error"]) == ("error", "no room")


def test_another_word_is_refused_as_the_vendor_does(owned: Owned) -> None:
    licence = give(owned)
    reply = owned.device.call("POST", "/licenses", {"id": licence, "state": "used"})
    assert (reply.status, reply.body) == (403, {"error": "Only allowed to set: inuse/removed/error"})


@pytest.mark.parametrize(
    ("body", "status"),
    [({"id": "none", "state": "inuse"}, 404), ({"state": "inuse"}, 422), ({"id": 1, "state": "inuse"}, 422)],
)
def test_what_is_no_report_is_told_so(owned: Owned, body: Any, status: int) -> None:
    assert owned.device.call("POST", "/licenses", body).status == status


def test_a_mark_that_a_crash_has_left_goes_when_the_device_has_looked(owned: Owned) -> None:
    licence = give(owned)
    # It is known to be there.
    owned.device.call("GET", "/licenses")
    replace = owned.ports.mailboxes.replace
    owned.ports.mailboxes.replace = lambda *_: False  # type: ignore[method-assign]
    say(owned, licence, "inuse")
    owned.ports.mailboxes.replace = replace  # type: ignore[method-assign]
    assert new(owned)
    owned.device.call("GET", "/licenses")
    assert not new(owned)


def test_others_find_nothing_and_give_nothing(owned: Owned) -> None:
    licence = give(owned)
    stranger = owning(ports=owned.ports, name="strangers", mac="00:00:00:00:00:03", sn="SN-3")
    assert say(stranger, licence, "inuse") == 404
    path = LICENCES.format(owned.device.id)
    assert stranger.organization.call("POST", path, {"data": 1}).status == 422
    assert stranger.organization.call("POST", path, {"data": {}}).status == 404
    assert stranger.organization.call("GET", path).status == 404
    unclaimed = owned.organization.register(owned.model, mac="00:00:00:00:00:09", sn="SN-9")
    assert unclaimed.call("GET", "/licenses").body == []
    assert unclaimed.call("POST", "/licenses", {"id": licence, "state": "inuse"}).status == 404
    assert owned.organization.call("POST", LICENCES.format(unclaimed.id), {"data": {}}).status == 404


def test_so_many_and_no_more(owned: Owned) -> None:
    for _ in range(licences.MOST):
        give(owned)
    assert owned.organization.call("POST", LICENCES.format(owned.device.id), {"data": {}}).status == 422


def test_who_has_the_device_next_finds_none_and_neither_does_who_has_it_again(owned: Owned) -> None:
    licence = give(owned)
    devices = "/core/v1/organization/devices"
    for _ in range(2):
        assert owned.organization.call("DELETE", f"{devices}/{owned.device.id}").status == 200
        assert owned.device.call("GET", "/licenses").body == []
        proof = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1"}
        assert owned.organization.call("POST", f"{devices}/claim", proof).status == 200
        assert owned.device.call("GET", "/licenses").body == []
        assert say(owned, licence, "inuse") == 404
    assert not any(kind.startswith("xyte.licence") for _, kind, _ in owned.ports.records.rows)
