"""What devices report that nobody asked for, or that is nobody's to know."""

import json

import pytest

from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import Endpoint, content
from tests.dialects.lwm2m.test_reports import SENML_JSON, messages, rule

SECRET_KEY = "4f3c2b1a99887766"


@pytest.mark.parametrize("path", ["/0/0/5", "/21/0/2"])
def test_credentials_that_a_device_tells_go_nowhere(client: Client, device: str, endpoint: Endpoint, path: str) -> None:
    rule(client, "/")
    endpoint.register("</0/0>,</21/0>,</3/0>,</3303/0>")
    records = json.dumps([{"n": path, "vs": SECRET_KEY}, {"n": "/3303/0/5700", "v": 20}]).encode()
    assert endpoint.send("POST", ["dp"], records, format=SENML_JSON)["code"] == "2.04"
    client.call("POST", f"{device}/twin/operations", {"type": "READ", "paths": [path]})
    endpoint.answers[f"GET {path}"] = content(SECRET_KEY.encode(), 0)
    endpoint.work()
    assert [each["value"] for each in messages(client)] == [{"temperature": {"0": {"sensorValue": 20.0}}}]
    kept = [each.body for each in client.ports.records.rows.values()]
    assert SECRET_KEY not in json.dumps(kept)
    assert SECRET_KEY not in str(list(client.ports.audit.rows.values()))


def test_what_is_kept_is_of_objects_that_the_device_lists(client: Client, device: str, endpoint: Endpoint) -> None:
    rule(client, "/")
    endpoint.register("</3/0>,</3303>")
    records = [{"n": f"/{number}/0/1", "vs": "x"} for number in range(30_000, 30_200)]
    pack = json.dumps([*records, {"n": "/3303/0/5700", "v": 20}]).encode()
    before = len(client.ports.records.rows)
    assert endpoint.send("POST", ["dp"], pack, format=SENML_JSON)["code"] == "2.04"
    assert len(client.ports.records.rows) == before + 1
    (message,) = messages(client)
    assert len(message["value"]) == 201


@pytest.mark.parametrize("others", [3, 1000])
def test_a_device_that_lists_less_drops_what_it_had_and_touches_nothing_else(
    client: Client, device: str, endpoint: Endpoint, others: int
) -> None:
    endpoint.register(",".join(["</3/0>", "</3303/0>", *(f"</{4000 + n}/0>" for n in range(others))]))
    for path in ("/3/0/9", "/3303/0/5700", "/4001/0/1"):
        records = json.dumps([{"n": path, "v": 20}]).encode()
        assert endpoint.send("POST", ["dp"], records, format=SENML_JSON)["code"] == "2.04"
    deleted: list[str] = []
    delete = client.ports.records.delete

    def watched(tenant: str, kind: str, record: str) -> None:
        deleted.append(record)
        delete(tenant, kind, record)

    client.ports.records.delete = watched  # type: ignore[method-assign]
    assert endpoint.register("</3/0>") == "2.01"
    assert {"03303", "04001"} <= set(deleted)
    assert len(deleted) <= 10
    kept = [record for (_, kind, record) in client.ports.records.rows if kind.startswith("twin/values")]
    assert kept == ["00003"]
