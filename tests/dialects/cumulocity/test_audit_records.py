"""The audit log (reference, "Audits")."""

from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.tenancy import audit
from tests.dialects.cumulocity.client import Client

PATH = "/audit/auditRecords"
AT = "2013-07-19T09:07:22.598+02:00"


@pytest.fixture
def client() -> Client:
    return Client()


def record(source: Any = "251982", **changes: Any) -> dict[str, Any]:
    return {"activity": "made", "type": "Operation", "text": "made", "time": AT, "source": {"id": source}, **changes}


def listed(client: Client, **query: Any) -> list[str]:
    return [one["text"] for one in client.get(PATH, **{"pageSize": 100, **query}).body["auditRecords"]]


def test_what_a_client_reports_is_read_as_it_was_said(client: Client) -> None:
    made = client.made(PATH, record(severity="WARNING", changes=[{"attribute": "status"}]))
    found = client.get(f"{PATH}/{made['id']}").body
    assert found == made
    told = (found["activity"], found["type"], found["text"], found["severity"], found["time"])
    assert told == ("made", "Operation", "made", "WARNING", "2013-07-19T07:07:22.598Z")
    assert (found["source"], found["changes"]) == ({"id": "251982"}, [{"attribute": "status"}])
    assert found["id"].isdigit()
    assert found["self"].endswith(f"{PATH}/{found['id']}")


def test_what_was_refused_is_told_beside_it(client: Client) -> None:
    device = client.made("/inventory/managedObjects", {"name": "pump", "c8y_IsDevice": {}})["id"]
    urn = f"urn:lo:nsid:c8y:{device}"
    at = client.ports.clock.now()
    audit.refuse(client.ports, client.tenant.id, at=at, event="e", reason="no JSON", source={"device": urn})
    (one,) = client.get(PATH).body["auditRecords"]
    assert (one["text"], one["type"], one["activity"], one["severity"]) == ("no JSON", "SYSTEM", "Refused", "MAJOR")
    assert (one["source"]["id"], one["source"]["name"]) == (device, "pump")
    assert client.get(f"{PATH}/{one['id']}").body == one
    assert listed(client, source=device) == ["no JSON"]


def test_they_are_found_by_what_they_say(client: Client) -> None:
    for name in ("a", "b"):
        client.made(PATH, record(name, text=name, type=f"type {name}"))
    user = client.get(PATH).body["auditRecords"][0]["user"]
    assert listed(client) == ["b", "a"]
    assert listed(client, type="type a") == ["a"]
    assert listed(client, source="b") == ["b"]
    assert (listed(client, user=user), listed(client, user="nobody")) == (["b", "a"], [])
    assert listed(client, application="any") == []
    assert listed(client, dateTo="2013-07-20") == []
    assert listed(client, pageSize=1) == ["b"]


@pytest.mark.parametrize(
    "changes",
    [{"time": "x"}, {"source": True}, {"activity": 1}, {"severity": 1}, {"a.b": 1}],
)
def test_what_is_no_record_is_refused(client: Client, changes: dict[str, Any]) -> None:
    assert client.call("POST", PATH, record(**changes)).status == 422
    missing = client.call("POST", PATH, {"text": "x"})
    assert missing.message == "Following mandatory fields should be included: activity,source,time,type"
    assert listed(client) == []


def test_nobody_else_reads_them(client: Client) -> None:
    number = client.made(PATH, record())["id"]
    stranger = Client(client.ports, "stranger")
    assert (stranger.get(f"{PATH}/{number}").status, listed(stranger)) == (404, [])
    for other in ("x", "1", "9" * 40, "-1"):
        assert client.get(f"{PATH}/{other}").status == 404
    auth = client.credentials_with(Role.DATA_W)
    assert client.call("GET", PATH, auth=auth).status == 403
    assert client.call("POST", PATH, record(), auth=auth).status == 403
