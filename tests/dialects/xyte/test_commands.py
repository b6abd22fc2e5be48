"""Commands of an organization and what its device does with them, in every order (Get Command, Update Command)."""

from itertools import product
from typing import Any

import pytest

from chalicelib.dialects.xyte import orders
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands.records import DEFAULT_EXPIRATION, DeliveryStatus, Status
from tests.dialects.xyte import client
from tests.dialects.xyte.claimed import Owned, owning
from tests.dialects.xyte.client import Client, Device

COMMANDS = "/core/v1/organization/devices/{}/commands"


@pytest.fixture
def owned() -> Owned:
    return owning()


def send(owned: Owned, name: str = "reboot", **about: Any) -> str:
    return str(owned.organization.made(COMMANDS.format(owned.device.id), {"name": name, **about})["id"])


def head(device: Device) -> Any:
    reply = device.call("GET", "/command")
    assert reply.status == 200
    return reply.body


def say(device: Device, command: str | None, status: str, **about: Any) -> int:
    return device.call("POST", "/command", {"id": command, "status": status, **about}).status


def stands(owned: Owned, command: str) -> tuple[str, Any]:
    items = owned.organization.call("GET", COMMANDS.format(owned.device.id), per_page=5).body["items"]
    return next((one["status"], one["message"]) for one in items if one["id"] == command)


def cancel(owned: Owned, command: str) -> int:
    return owned.organization.call("DELETE", f"{COMMANDS.format(owned.device.id)}/{command}").status


@pytest.mark.row("I3")
def test_a_device_is_shown_its_commands_one_after_the_other(owned: Owned) -> None:
    assert head(owned.device) == {}
    first = send(owned, extra_params={"delay": 5})
    second = send(owned, "dump", friendly_name="Dump")
    shown = {"status": "pending", "name": "reboot", "parameters": {"delay": 5}, "device_id": owned.device.id}
    assert head(owned.device) == head(owned.device) == {"id": first, **shown}
    reply = owned.device.call("POST", "/command", {"id": first, "status": "in_progress"})
    assert reply.body == {
        "success": True,
        "id": first,
        "status": "in_progress",
        "message": None,
        "device_id": owned.device.id,
    }
    assert head(owned.device)["status"] == "in_progress"
    done = owned.device.call("POST", "/command", {"id": first, "status": "done", "message": "great success!"})
    assert (done.status, done.body["message"]) == (200, "great success!")
    assert head(owned.device)["id"] == second
    assert say(owned.device, second, "failed", message="no disk") == 200
    assert head(owned.device) == {}
    assert [stands(owned, each) for each in (first, second)] == [("done", "great success!"), ("failed", "no disk")]


STEPS = ("get", "in_progress", "done", "failed", "cancel", "expire")
TABLE: dict[str, dict[str, tuple[str, int]]] = {
    "pending": {
        "get": ("pending", 200),
        "in_progress": ("in_progress", 200),
        "done": ("done", 200),
        "failed": ("failed", 200),
        "cancel": ("canceled", 200),
        "expire": ("failed", 0),
    },
    "in_progress": {
        "get": ("in_progress", 200),
        "in_progress": ("in_progress", 200),
        "done": ("done", 200),
        "failed": ("failed", 200),
        "cancel": ("in_progress", 422),
        "expire": ("failed", 0),
    },
    "done": {"in_progress": ("done", 422), "done": ("done", 200), "failed": ("done", 422), "cancel": ("done", 422)},
    "failed": {
        "in_progress": ("failed", 422),
        "done": ("failed", 422),
        "failed": ("failed", 200),
        "cancel": ("failed", 422),
    },
    "canceled": {
        "in_progress": ("canceled", 422),
        "done": ("canceled", 422),
        "failed": ("canceled", 422),
        "cancel": ("canceled", 200),
    },
}
"""What becomes of a command by each step (specification of the vendor's states), and what is answered."""


def test_whatever_comes_in_whatever_order_the_table_says_what_becomes_of_it() -> None:
    owned = owning()
    for steps in product(STEPS, repeat=3):
        command, expected = send(owned), "pending"
        for step in steps:
            expected, status = TABLE[expected].get(step, (expected, 200 if step == "get" else 0))
            assert _done(owned, command, step, final=expected not in ("pending", "in_progress")) == status, steps
            assert stands(owned, command)[0] == expected, steps
        _clear(owned, command)


def _done(owned: Owned, command: str, step: str, *, final: bool) -> int:
    if step == "expire":
        owned.ports.clock.advance(seconds=DEFAULT_EXPIRATION)
        return 0
    if step == "cancel":
        return cancel(owned, command)
    if step == "get":
        shown = head(owned.device)
        assert shown == {} if final else shown["id"] == command
        return 200
    return say(owned.device, command, step)


def _clear(owned: Owned, command: str) -> None:
    say(owned.device, command, "failed")
    assert head(owned.device) == {}
    # Its requests are counted by the half minute.
    owned.ports.clock.advance(seconds=31)


def test_error_is_how_older_devices_fail(owned: Owned) -> None:
    command = send(owned)
    assert say(owned.device, command, "error", message="broken") == 200
    assert stands(owned, command) == ("failed", "broken")


def test_one_that_nobody_took_for_a_week_is_over(owned: Owned) -> None:
    command = send(owned)
    owned.ports.clock.advance(seconds=DEFAULT_EXPIRATION - 1)
    assert head(owned.device)["id"] == command
    owned.ports.clock.advance(seconds=1)
    assert head(owned.device) == {}
    assert stands(owned, command) == ("failed", "expired")


def test_a_device_may_end_a_later_one_first(owned: Owned) -> None:
    first, second = send(owned), send(owned)
    assert say(owned.device, second, "done") == 200
    assert head(owned.device)["id"] == first
    assert stands(owned, second) == ("done", None)


def test_taking_is_known_to_the_fleet_as_sent_and_beginning_as_delivered(owned: Owned) -> None:
    command = orders.id_of(send(owned))
    assert command is not None

    def known() -> tuple[Status, DeliveryStatus | None]:
        found = owned.ports.commands.get(owned.organization.tenant.id, command)
        assert found is not None
        return found.status, found.delivery

    assert known() == (Status.PENDING, None)
    head(owned.device)
    assert known() == (Status.PROCESSING, DeliveryStatus.SENT)
    say(owned.device, orders.uuid_of(command), "in_progress")
    assert known() == (Status.PROCESSING, DeliveryStatus.DELIVERED)
    say(owned.device, orders.uuid_of(command), "done")
    assert known() == (Status.PROCESSED, DeliveryStatus.REPLIED)


@pytest.mark.parametrize(("version", "status"), [("1.0.0", 200), ("1.0.1", 422), ("1.0.7", 422)])
def test_before_they_had_to_be_named_the_head_is_meant(version: str, status: int) -> None:
    owned = owning(api_version=version)
    command = send(owned)
    assert owned.device.call("POST", "/command", {"status": "done"}).status == status
    assert stands(owned, command)[0] == ("done" if status == 200 else "pending")


def test_before_there_is_one_there_is_none_to_be_meant() -> None:
    owned = owning(api_version="1.0.0")
    assert owned.device.call("POST", "/command", {"status": "done"}).status == 404


@pytest.mark.parametrize(("version", "named"), [("1.0.6", False), ("1.0.7", True)])
def test_newer_models_are_told_which_device_it_is_for(version: str, *, named: bool) -> None:
    owned = owning(api_version=version)
    command = send(owned)
    assert ("device_id" in head(owned.device)) is named
    reply = owned.device.call("POST", "/command", {"id": command, "status": "done"})
    assert ("device_id" in reply.body) is named


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "00000000-0000-8000-8000-000000000000", "status": "done"}, 404),
        ({"id": "x", "status": "done"}, 404),
        ({"id": "", "status": "done"}, 404),
        ({"id": None, "status": "done"}, 422),
        ({"id": 7, "status": "done"}, 422),
        ({"status": "pending", "id": "x"}, 422),
        ({"id": "x"}, 422),
        ([], 422),
    ],
)
def test_what_is_no_report_is_told_so(owned: Owned, body: Any, status: int) -> None:
    reply = owned.device.call("POST", "/command", body)
    assert (reply.status, list(reply.body)) == (status, ["error"])


def test_another_device_s_command_is_not_found(owned: Owned) -> None:
    other = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    command = send(owned)
    assert say(other.device, command, "done") == 404
    stranger = owning(ports=owned.ports, name="strangers", mac="00:00:00:00:00:03", sn="SN-3")
    assert say(stranger.device, command, "done") == 404
    path = COMMANDS.format(owned.device.id)
    assert stranger.organization.call("GET", path).status == 404
    assert stranger.organization.call("POST", path, {"name": "x"}).status == 404
    assert cancel(stranger, command) == 404
    assert stranger.organization.call("DELETE", f"{path}/{command}").status == 404
    assert stands(owned, command)[0] == "pending"


def test_what_is_for_nobody_s_device_is_nothing(owned: Owned) -> None:
    unclaimed = owned.organization.register(owned.model, mac="00:00:00:00:00:09", sn="SN-9")
    assert head(unclaimed) == {}
    assert unclaimed.call("GET", "/command/pending_commands").body == []
    assert say(unclaimed, send(owned), "done") == 404
    assert owned.organization.call("POST", COMMANDS.format(unclaimed.id), {"name": "x"}).status == 404


def test_ten_wait_and_no_more(owned: Owned) -> None:
    sent = [send(owned) for _ in range(10)]
    path = COMMANDS.format(owned.device.id)
    refused = owned.organization.call("POST", path, {"name": "eleventh"})
    assert (refused.status, list(refused.body)) == (422, ["error"])
    cancel(owned, sent[3])
    assert owned.organization.call("POST", path, {"name": "eleventh"}).status == 201


def test_pages_go_from_the_newest_to_the_oldest(owned: Owned) -> None:
    sent = [send(owned) for _ in range(5)]
    path, page, found = COMMANDS.format(owned.device.id), None, []
    while True:
        body = owned.organization.call("GET", path, per_page=2, page=page or "1").body
        found += [one["id"] for one in body["items"]]
        page = body["next_page"]
        if page is None:
            break
    assert found == sent[::-1]
    assert owned.organization.call("GET", path, page="nonsense").status == 422


def test_a_model_without_commands_takes_none() -> None:
    owned = owning(commands=False)
    assert owned.organization.call("POST", COMMANDS.format(owned.device.id), {"name": "x"}).status == 422


def test_what_a_key_without_the_role_sends_is_refused(owned: Owned) -> None:
    reader = owned.organization.key_with(Role.DEVICE_R)
    path = COMMANDS.format(owned.device.id)
    assert client.send(owned.ports, "POST", path, {"name": "x"}, key=reader).status == 403
    assert client.send(owned.ports, "GET", path, key=reader).status == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": 1}, {"name": "x", "extra_params": []}, {"name": "x", "file_id": "unknown"}],
)
def test_what_is_no_command_is_told_so(owned: Owned, body: Any) -> None:
    reply = owned.organization.call("POST", COMMANDS.format(owned.device.id), body)
    assert (reply.status, list(reply.body)) == (422, ["error"])


def test_names_of_commands_lead_back_and_nobody_makes_one_up() -> None:
    ports = Client().ports
    for _ in range(50):
        command = ports.new_id(ports.clock.now())
        uuid = orders.uuid_of(command)
        assert (orders.id_of(uuid), orders.id_of(uuid.upper()), len(uuid)) == (command, command, 36)
        made_up = uuid[:-1] + ("0" if uuid[-1] != "0" else "1")
        assert orders.id_of(made_up) is None
