"""`/api/v0/decoders`."""

from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from tests.dialects.live_objects.client import Client

pytestmark = pytest.mark.row("E2")
ROOT = "/api/v0/decoders"
BINARY = {"encoding": "my_encoding_v0", "format": "float sent_value;", "enabled": True, "model": "my_model_v0"}
CSV = {"encoding": "rows", "enabled": True, "columns": [{"name": "t", "jsonType": "NUMERIC"}]}


@pytest.fixture
def client() -> Client:
    return Client()


def created(client: Client, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = client.call("POST", f"{ROOT}/{kind}", body)
    assert reply.status == 201
    answer: dict[str, Any] = reply.body
    return answer


def test_a_decoder_is_answered_with_its_defaults(client: Client) -> None:
    answer = created(client, "binary", BINARY)
    assert answer == {
        **BINARY,
        "id": answer["id"],
        "type": "binary",
        "mathEvalEnabled": True,
        "tags": [],
        "updated": "2027-01-15T08:00:00.000Z",
    }
    assert client.get(f"{ROOT}/binary/{answer['id']}").body == answer


def test_options_of_a_csv_decoder_are_shown_with_their_defaults(client: Client) -> None:
    answer = created(client, "csv", {**CSV, "options": {"columnSeparator": ";"}})
    assert answer["options"] == {
        "columnSeparator": ";",
        "quoteChar": '"',
        "useEscapeChar": False,
        "escapeChar": "\\",
        "skipWhiteSpace": False,
        "lineFeedSeparator": "\n",
    }


def test_a_decoder_is_disabled_unless_the_body_says_otherwise(client: Client) -> None:
    assert created(client, "binary", {"encoding": "e", "format": "int x;"})["enabled"] is False


def test_lists_are_by_kind_and_by_tags(client: Client) -> None:
    created(client, "binary", {**BINARY, "tags": ["a", "b"]})
    created(client, "csv", {**CSV, "tags": ["b"]})
    assert [d["type"] for d in client.get(ROOT).body] == ["binary", "csv"]
    assert [d["encoding"] for d in client.get(f"{ROOT}/csv").body] == ["rows"]
    assert [d["type"] for d in client.get(ROOT, tags="a,b").body] == ["binary"]
    assert client.get(f"{ROOT}/public").body == []


def test_a_second_decoder_of_the_name_is_a_conflict(client: Client) -> None:
    created(client, "binary", BINARY)
    reply = client.call("POST", f"{ROOT}/csv", {**CSV, "encoding": BINARY["encoding"]})
    assert (reply.status, reply.code) == (409, "DECODER_DUPLICATE")


def test_an_update_replaces_what_the_decoder_says(client: Client) -> None:
    decoder = created(client, "binary", {**BINARY, "template": "{}"})
    reply = client.call("PUT", f"{ROOT}/binary/{decoder['id']}", {"encoding": "other", "format": "int x;"})
    assert reply.status == 200
    assert (reply.body["encoding"], reply.body["format"], reply.body["enabled"]) == ("other", "int x;", True)
    assert "template" not in reply.body


def test_a_decoder_is_switched_off_and_on(client: Client) -> None:
    path = f"{ROOT}/binary/{created(client, 'binary', BINARY)['id']}"
    for enabled in (False, True):
        assert client.call("PUT", f"{path}/enabled", enabled).status == 204
        assert client.get(path).body["enabled"] is enabled


def test_a_deleted_decoder_is_gone(client: Client) -> None:
    path = f"{ROOT}/binary/{created(client, 'binary', BINARY)['id']}"
    assert client.call("DELETE", path).status == 204
    for reply in (client.get(path), client.call("DELETE", path), client.call("PUT", path, BINARY)):
        assert (reply.status, reply.code) == (404, "DECODER_NOT_FOUND")


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("binary", {**BINARY, "format": "int a"}, "line 1, column 6"),
        ("binary", {**BINARY, "template": "{{#a}}"}, "never closed"),
        ("binary", {**BINARY, "type": "javascript"}, "JavaScript decoders are not supported"),
        ("binary", {**BINARY, "type": "csv"}, "type is binary here"),
        ("binary", {**BINARY, "encoding": "a b"}, "encoding has 1 to 255 characters"),
        ("binary", {"encoding": "e"}, "format is required"),
        ("csv", {**CSV, "columns": []}, "columns"),
        ("csv", {**CSV, "options": {"quoteChar": ","}}, "are the same"),
        ("csv", {**CSV, "columns": [{"name": "a", "jsonType": "DATE"}]}, "jsonType"),
    ],
)
def test_a_description_that_is_wrong_is_refused_with_its_place(
    client: Client, kind: str, body: dict[str, Any], message: str
) -> None:
    reply = client.call("POST", f"{ROOT}/{kind}", body)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert message in reply.body["message"]


def test_javascript_is_refused_by_name(client: Client) -> None:
    reply = client.call("POST", f"{ROOT}/javascript", {"encoding": "e", "script": "…"})
    assert reply.status == 400
    assert "JavaScript decoders are not supported" in reply.body["message"]


def test_a_binary_decoder_is_tried_out(client: Client) -> None:
    body = {
        "binaryPayloadStructure": "int pressure;",
        "binaryPayloadHexString": "0000002a",
        "template": '{"bar":{{#math}}{{pressure}}/10{{/math}}}',
    }
    assert client.call("POST", f"{ROOT}/binary/test", body).body == {
        "descriptionValid": True,
        "parsingOk": True,
        "templatingOK": True,
        "decodingResult": {"bar": 4.2},
    }


def test_a_csv_decoder_is_tried_out(client: Client) -> None:
    body = {"columns": CSV["columns"], "csvPayload": "1;2", "options": {"columnSeparator": ";"}}
    answer = client.call("POST", f"{ROOT}/csv/test", body).body
    assert (answer["descriptionValid"], answer["parsingOk"], answer["templatingOK"]) == (True, False, False)
    assert "2 values for 1 columns" in answer["decodingFailureReason"]


def test_a_trial_of_nothing_says_what_is_missing(client: Client) -> None:
    answer = client.call("POST", f"{ROOT}/binary/test", {}).body
    assert answer["descriptionValid"] is False
    assert answer["decodingFailureReason"]


def test_reading_and_writing_need_their_roles(client: Client) -> None:
    reader = client.key(Role.DATA_PROCESSING_R)
    assert client.call("GET", ROOT, key=reader).status == 200
    assert client.call("POST", f"{ROOT}/binary", BINARY, key=reader).status == 403
    assert client.call("GET", ROOT, key=client.key(Role.DATA_R)).status == 403


def test_data_posted_over_http_is_decoded(client: Client) -> None:
    created(client, "csv", CSV)
    body = {"value": {"payload": "21.5"}, "metadata": {"encoding": "rows"}}
    assert client.call("POST", "/api/v0/data/streams/s", body).status == 202
    assert client.get("/api/v0/data/streams/s").body[0]["value"] == {"payload": "21.5", "t": 21.5}
