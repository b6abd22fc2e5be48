"""Devices that are registered by a file of CSV (reference, "Create a bulk device credentials request")."""

from typing import Any

import pytest

from chalicelib.dialects.cumulocity import device_users
from chalicelib.dialects.cumulocity.rest import bulk_registration
from chalicelib.fleet.access import attempts, stage_key
from tests.dialects.cumulocity.client import Client, Reply
from tests.dialects.cumulocity.forms import HEADERS, form
from tests.dialects.cumulocity.registering import REQUESTS
from tests.fakes import MemoryPorts

pytestmark = pytest.mark.row("A6", "G1")
PATH, OBJECTS = "/devicecontrol/bulkNewDeviceRequests", "/inventory/managedObjects"
PASSWORD = "AbcD1234!1234AbcD"
SAMPLE = f"""ID;CREDENTIALS;TYPE;NAME;ICCID;IDTYPE;PATH;SHELL
id_101;{PASSWORD};type_of_device;Device 101;111111111;;csv device/subgroup0;1
id_111;{PASSWORD};type_of_device;Device 111;333333333;c8y_Imei;csv device1/subgroup1;0

id_122;{PASSWORD};type_of_device;Device 122;;;csv device1/subgroup1;
"""


@pytest.fixture
def client() -> Client:
    return Client()


def sent(client: Client, text: str | bytes, **more: Any) -> Reply:
    raw = text if isinstance(text, bytes) else text.encode()
    return client.call("POST", PATH, raw=form(raw, name="devices.csv", kind="text/csv"), headers=HEADERS, **more)


def told(client: Client, text: str | bytes) -> list[int]:
    """How many rows there were, were made, failed, and succeeded."""
    reply = sent(client, text)
    assert reply.status == 201, reply.raw
    return [reply.body[f"numberOf{name}"] for name in ("All", "Created", "Failed", "Successful")]


def found(client: Client, value: str, type_: str = "c8y_Serial") -> Any:
    number = client.get(f"/identity/externalIds/{type_}/{value}").body["managedObject"]["id"]
    return client.get(f"{OBJECTS}/{number}", withParents="true").body


def own(client: Client, device: str, password: str = PASSWORD, address: str | None = None) -> Reply:
    """What the device itself lists."""
    named = {"X-Forwarded-For": address} if address else None
    return client.call("GET", OBJECTS, auth=(f"{client.tenant.id}/device_{device}", password), headers=named)


def test_the_manuals_file(client: Client) -> None:
    assert told(client, SAMPLE) == [3, 3, 0, 3]
    first, second = found(client, "id_101"), found(client, "id_111", "c8y_Imei")
    assert (first["name"], first["type"], first["owner"]) == ("Device 101", "type_of_device", "device_id_101")
    assert (first["c8y_Mobile"], first["c8y_SupportedOperations"]) == ({"iccid": "111111111"}, ["c8y_Command"])
    assert "c8y_SupportedOperations" not in second
    assert "c8y_Mobile" not in found(client, "id_122")
    above = [one["managedObject"]["name"] for one in second["assetParents"]["references"]]
    assert above == ["subgroup1", "csv device1"]
    tree = client.ports.groups.tree(client.tenant.id)
    assert len(tree.groups) == 4
    mine = own(client, "id_101").body["managedObjects"]
    assert [one["id"] for one in mine] == [first["id"]]


def test_the_same_again_changes_nothing_and_another_password_is_taken(client: Client) -> None:
    told(client, SAMPLE)
    before = dict(client.ports.objects.rows)
    assert told(client, SAMPLE) == [3, 0, 0, 3]
    assert client.ports.objects.rows == before
    assert told(client, "ID,CREDENTIALS\nid_101,another one 1\n") == [1, 0, 0, 1]
    assert own(client, "id_101").status == 401
    assert own(client, "id_101", "another one 1").status == 200


def test_further_columns_are_external_ids_and_properties(client: Client) -> None:
    head = "id\tcredentials\tcom_cumulocity_model_Agent.active\tcolour\texternal-c8y_Imei\n"
    assert told(client, f"\ufeff{head}d1\t{PASSWORD}\ttrue\t{{}}\t77\r\n") == [1, 1, 0, 1]
    shown = found(client, "77", "c8y_Imei")
    assert (shown["com_cumulocity_model_Agent"], shown["colour"]) == ({"active": "true"}, "{}")
    assert found(client, "d1")["id"] == shown["id"]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("ID,CREDENTIALS", "bad,short"),
        ("ID,CREDENTIALS", "bad,"),
        ("ID,CREDENTIALS", f",{PASSWORD}"),
        ("ID,CREDENTIALS", f"a:b,{PASSWORD}"),
        ("ID,CREDENTIALS", f"{'x' * 1001},{PASSWORD}"),
        ("ID,AUTH_TYPE", "bad,CERTIFICATES"),
        ("ID,CREDENTIALS,a,a.b", f"bad,{PASSWORD},1,2"),
        ("ID,CREDENTIALS,$a", f"bad,{PASSWORD},1"),
        ("ID,CREDENTIALS,IDTYPE", f"bad,{PASSWORD},homeport_Urn"),
        ("ID,CREDENTIALS,external-c8y_Serial", f"bad,{PASSWORD},taken"),
        ("ID,CREDENTIALS,PATH", f"bad,{PASSWORD},{'x' * 65}"),
    ],
)
def test_what_cannot_be_is_told_and_all_else_is_made(client: Client, head: str, row: str) -> None:
    told(client, f"ID,CREDENTIALS\ntaken,{PASSWORD}\n")
    body = sent(client, f"{head}\n{row}\ngood,{PASSWORD}\n").body
    rows = body["failedCreationList"]
    failed = [one for one in rows if one["deviceId"] != "good"]
    assert [one["bulkNewDeviceStatus"] for one in failed] == ["FAILED"]
    assert failed[0]["failureReason"]
    assert "line=2" in failed[0]["line"]
    assert PASSWORD not in str(body)
    assert own(client, "bad").status == 401


@pytest.mark.parametrize("text", ["", "\n\n", "NAME;TYPE\na;b\n", "\x00", b"\xff\xfe"])
def test_a_file_without_columns_is_refused(client: Client, text: str | bytes) -> None:
    reply = sent(client, text)
    assert (reply.status, reply.error) == (422, "undefined/validationError")


def test_without_credentials_each_waits_to_be_accepted(client: Client) -> None:
    assert told(client, "ID;PATH\nd1;Site\nd2;\n") == [2, 2, 0, 2]
    waiting = {one["id"]: one for one in client.get(REQUESTS).body["newDeviceRequests"]}
    assert {one["status"] for one in waiting.values()} == {"WAITING_FOR_CONNECTION"}
    assert client.get(f"{OBJECTS}/{waiting['d1']['groupId']}").body["name"] == "Site"
    assert "groupId" not in waiting["d2"]
    assert told(client, "ID;PATH\nd1;Site\n") == [1, 0, 1, 0]


def test_what_takes_too_long_goes_on_with_the_same_file(client: Client) -> None:
    rows = "".join(f"d{n},{PASSWORD}\n" for n in range(3))
    ports, make = client.ports, client.ports.objects.create

    def slow(*given: Any) -> bool:
        ports.clock.advance(ms=bulk_registration.WITHIN)
        return make(*given)

    ports.objects.create = slow  # type: ignore[method-assign,assignment]
    assert [told(client, f"ID,CREDENTIALS\n{rows}") for _ in range(3)] == [[3, 1, 2, 1], [3, 1, 1, 2], [3, 1, 0, 3]]


def test_too_many_rows_are_refused_before_any_is_made(client: Client) -> None:
    reply = sent(client, "ID,CREDENTIALS\n" + f"d,{PASSWORD}\n" * (bulk_registration.MOST + 1))
    assert (reply.status, client.ports.objects.rows) == (422, {})


def test_only_who_may_write_and_no_device(client: Client) -> None:
    told(client, SAMPLE)
    assert sent(client, SAMPLE, auth=client.credentials_with()).status == 403
    assert sent(client, SAMPLE, auth=(f"{client.tenant.id}/device_id_101", PASSWORD)).status == 403


def test_guesses_at_a_password_that_somebody_chose_are_counted(client: Client) -> None:
    told(client, SAMPLE)
    statuses = [own(client, "id_101", f"guess number {n}").status for n in range(attempts.GUESSES + 1)]
    assert set(statuses[:-1]) == {401}
    assert statuses[-1] == 429


def test_a_password_outlasts_the_stage_key_that_it_was_kept_under() -> None:
    ports = MemoryPorts()
    name = device_users.name_of("pump")

    def comes(tenant: str) -> bool:
        ports.clock.advance(seconds=600)
        return device_users.authenticate(ports, tenant, name, PASSWORD, lambda _: None) is not None

    assert device_users.choose(ports, "t1", name, PASSWORD, 1)
    for _ in range(3):
        ports.stage_key.key = stage_key.rotated(ports.stage_key.key, ports.clock.now(), ports.chance(stage_key.LENGTH))
        ports.clock.advance(seconds=3_600)
        assert comes("t1")
