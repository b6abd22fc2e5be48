"""The route wrapper with handlers of its own: what becomes of every kind of failure."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import PutError

from chalicelib.dialects.live_objects.errors import explain
from chalicelib.fleet import errors
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Headers, Query, Request
from chalicelib.web.routes import Api, Handler, Route
from chalicelib.web.serving import serve
from tests.fakes import MemoryPorts

KEY = callers.of_key(ApiKey("tenant", "id", frozenset(), 0))


def answered(handler: Handler) -> Answer:
    route = Route("GET", "/x", handler, "a test", success=201)
    return serve(Api("test", ("/x",), [route], lambda _ports, _request: KEY, explain), route, MemoryPorts(), Request())


def failing(error: Exception) -> Answer:
    def handler(ports: Ports, request: Request) -> Answer:
        raise error

    return answered(handler)


def throttled(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "slow down"}}, "PutItem")


def test_an_answer_without_status_gets_the_routes_own() -> None:
    assert answered(lambda _ports, _request: Answer({"a": 1})).status == 201
    assert answered(lambda _ports, _request: Answer(status=202)).status == 202


def test_a_handler_knows_who_calls() -> None:
    assert answered(lambda _ports, request: Answer(request.tenant)).body == "tenant"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Contended("busy"), 503, "GENERIC_SERVICE_UNAVAILABLE_ERROR"),
        (errors.TemporarilyUnavailable("busy"), 503, "GENERIC_SERVICE_UNAVAILABLE_ERROR"),
        (errors.TooLarge("big"), 413, "GENERIC_INVALID_PARAMETER_ERROR"),
        (errors.TenantDuplicate("taken"), 409, "GENERIC_CONFLICT_ERROR"),
        (throttled("ThrottlingException"), 503, "GENERIC_SERVICE_UNAVAILABLE_ERROR"),
        (
            PutError("put", throttled("ProvisionedThroughputExceededException")),
            503,
            "GENERIC_SERVICE_UNAVAILABLE_ERROR",
        ),
        (ReadTimeoutError(endpoint_url="http://x"), 503, "GENERIC_SERVICE_UNAVAILABLE_ERROR"),
        (throttled("AccessDeniedException"), 500, "GENERIC_INTERNAL_ERROR"),
        (KeyError("secret detail"), 500, "GENERIC_INTERNAL_ERROR"),
    ],
    ids=lambda value: getattr(type(value), "__name__", None),
)
def test_each_failure_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    answer = failing(error)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert "secret" not in answer.body["message"]


def test_what_nobody_foresaw_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    failing(KeyError("secret detail"))
    (record,) = caplog.records
    assert (record.levelname, vars(record)["where"]) == ("ERROR", "GET /x")
    assert record.exc_info
    assert "secret detail" in str(record.exc_info[1])


def test_what_the_caller_did_wrong_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    failing(errors.DeviceNotFound("no"))
    assert not caplog.records


def test_headers_are_read_in_any_case() -> None:
    headers = Headers({"Content-TYPE": "x"})
    assert headers["content-type"] == headers.get("CONTENT-type") == "x"
    assert list(headers) == ["content-type"]
    assert len(headers) == 1


def test_a_query_gives_the_last_value_or_every() -> None:
    query = Query({"a": ["1,2", "3"], "b": []})
    assert query["a"] == "3"
    assert query.every("a") == ["1", "2", "3"]
    assert query.every("b") == []
    assert "b" not in query
    assert len(query) == 1


def test_a_route_open_to_all_has_no_caller() -> None:
    with pytest.raises(RuntimeError):
        _ = Request().by
