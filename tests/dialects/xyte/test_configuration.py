"""The configuration as a device of each version asks for it and sends it back (Get Config, Set Config)."""

from typing import Any

import pytest

from chalicelib.fleet.configuration import fetching, synchronizing
from chalicelib.fleet.configuration.records import SyncStatus
from tests.dialects.xyte.claimed import Owned, owning
from tests.dialects.xyte.client import Client

OLD, SCOPED, NEW = "1.0.4", "1.0.5", "1.0.7"


def want(owned: Owned, **content: Any) -> int:
    return fetching.want(owned.ports, owned.tenant, owned.urn, content).version


def told(owned: Owned) -> int:
    """The version that an answer to telemetry tells."""
    mailbox = owned.ports.mailboxes.get(owned.tenant, owned.urn)
    assert mailbox is not None
    return mailbox.version(fetching.OF)


def get(owned: Owned) -> Any:
    reply = owned.device.call("GET", "/config")
    assert reply.status == 200
    return reply.body


def post(owned: Owned, body: Any) -> Any:
    reply = owned.device.call("POST", "/config", body)
    assert reply.status == 200, reply.raw
    return reply.body


def test_where_there_is_none_it_is_version_0_and_empty() -> None:
    assert get(owning(api_version=OLD)) == {"version": 0, "last_updated": None}
    assert get(owning(api_version=SCOPED)) == {"name": "Pump", "version": 0, "last_updated": None, "config": {}}


@pytest.mark.row("I5")
def test_older_models_have_its_fields_beside_the_version_and_newer_ones_in_one_field() -> None:
    old, scoped, new = (owning(api_version=version) for version in (OLD, SCOPED, NEW))
    for each in (old, scoped, new):
        want(each, input="hdmi", deep={"a": [1]})
    shown = get(old)
    assert shown == {"input": "hdmi", "deep": {"a": [1]}, "version": 1, "last_updated": shown["last_updated"]}
    assert get(scoped)["config"] == {"input": "hdmi", "deep": {"a": [1]}}
    assert "device_id" not in get(scoped)
    assert get(new)["device_id"] == new.device.id


@pytest.mark.parametrize("version", [OLD, SCOPED, NEW])
def test_an_agent_that_posts_back_whatever_it_fetches_does_so_once(version: str) -> None:
    owned = owning(api_version=version)
    want(owned, input="hdmi", level=3, ratio=0.5, nothing=None)
    known, rounds = 0, 0
    for _ in range(5):
        if told(owned) != known:
            rounds += 1
            known = post(owned, get(owned))["version"]
    assert (known, rounds) == (1, 1)
    want(owned, input="vga")
    for _ in range(5):
        if told(owned) != known:
            rounds += 1
            known = post(owned, get(owned))["version"]
    assert (known, rounds) == (2, 2)
    assert synchronizing.get(owned.ports, owned.tenant, owned.urn).parameters["input"].status is SyncStatus.OK


@pytest.mark.parametrize(
    ("version", "body"), [(OLD, {"input": "vga"}), (NEW, {"input": "vga"}), (NEW, {"config": {"input": "vga"}})]
)
def test_what_a_device_changes_by_itself_is_the_next_version(version: str, body: Any) -> None:
    owned = owning(api_version=version)
    want(owned, input="hdmi")
    assert post(owned, {**body, "version": 1})["version"] == told(owned) == 2
    assert fetching.get(owned.ports, owned.tenant, owned.urn).content == {"input": "vga"}
    assert post(owned, {**body, "version": 1})["version"] == told(owned) == 2


def test_what_was_set_since_is_not_written_over() -> None:
    owned = owning(api_version=OLD)
    want(owned, input="hdmi")
    want(owned, input="vga")
    assert owned.device.call("POST", "/config", {"input": "dvi", "version": 1}).status == 422
    assert fetching.get(owned.ports, owned.tenant, owned.urn).content == {"input": "vga"}


def test_a_field_called_config_of_an_older_model_is_a_field() -> None:
    owned = owning(api_version=OLD)
    post(owned, {"config": {"a": 1}})
    assert fetching.get(owned.ports, owned.tenant, owned.urn).content == {"config": {"a": 1}}


@pytest.mark.parametrize(
    ("body", "status"),
    [([], 422), ("x", 422), ({"version": "1"}, 422), ({"version": True}, 422), ({"a": "x" * 66_000}, 413)],
)
def test_what_is_no_configuration_is_told_so(body: Any, status: int) -> None:
    reply = owning(api_version=OLD).device.call("POST", "/config", body)
    assert (reply.status, list(reply.body)) == (status, ["error"])


def test_a_device_of_nobody_has_none_and_keeps_none() -> None:
    owned = owning(api_version=OLD)
    unclaimed = owned.organization.register(owned.model, mac="00:00:00:00:00:09", sn="SN-9")
    assert unclaimed.call("GET", "/config").body["version"] == 0
    assert unclaimed.call("POST", "/config", {"a": 1}).body == {"version": 0, "last_updated": None}


def test_versions_go_on_under_another_owner_who_sees_nothing_of_the_one_before() -> None:
    owned = owning(api_version=OLD)
    want(owned, secret="s")
    want(owned, secret="t")
    other = Client(owned.ports, "other")
    devices = "/core/v1/organization/devices"
    assert owned.organization.call("DELETE", f"{devices}/{owned.device.id}").status == 200
    assert get(owned) == {"version": 0, "last_updated": None}
    assert other.call("POST", f"{devices}/claim", {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1"}).status == 200
    theirs = Owned(other, owned.device, owned.model)
    assert get(theirs) == {"version": 2, "last_updated": None}
    assert want(theirs, input="vga") == told(theirs) == 3


@pytest.mark.parametrize("name", ["version", "last_updated"])
def test_a_field_that_older_devices_would_not_see_is_refused(name: str) -> None:
    owned = owning(api_version=OLD)
    path = f"/core/v1/organization/devices/{owned.device.id}"
    assert owned.organization.call("PATCH", path, {"configuration": {name: 7, "a": 1}}).status == 422
    assert get(owned) == {"version": 0, "last_updated": None}
    newer = owning(api_version=SCOPED)
    path = f"/core/v1/organization/devices/{newer.device.id}"
    assert newer.organization.call("PATCH", path, {"configuration": {name: 7}}).status == 200
    told = get(newer)
    assert (told["version"], told["config"]) == (1, {name: 7})
    assert newer.device.call("POST", "/config", told).body["version"] == 1
