"""One endpoint for all of AWS: moto, our functions behind Lambda's Invoke, and the IoT stand-in's data plane.

`aws --endpoint-url http://127.0.0.1:4566 …` and every SDK with AWS_ENDPOINT_URL reach it. Who is meant follows from
the credential scope of the signature, as it does in moto.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http.client import responses
from typing import Any
from urllib.parse import unquote

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from infra.local import iot_control, presigned, s3
from infra.local.http_server import Application, StartResponse
from infra.local.lambda_runtime import FunctionError, LambdaRuntime, UnknownFunctionError

_INVOKE = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations/?")
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/(?P<service>[^/]+)/aws4_request")
_IOT = "iot"
_OWN_HOST = re.compile(r"(([a-z0-9-]+\.)*(localhost|amazonaws\.com)|127(\.\d{1,3}){3}|\[::1\])(:\d+)?", re.IGNORECASE)
"""Names under which this port is asked for: a page in a browser that has its own name lead here is not let in."""
_LAMBDA = "lambda"
_IOT_DATA = {"iotdata", "iotdevicegateway"}


class AwsEndpoint:
    """A WSGI application. Nothing that changes an object in S3 is answered before the change is kept."""

    def __init__(
        self,
        runtime: LambdaRuntime,
        iot_data: Application | None = None,
        *,
        secrets: dict[str, str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`secrets` are the secret access keys, by their ids, whose presigned URLs open objects."""
        self._runtime = runtime
        self._secrets = secrets
        self._now = now
        self._moto: Application = DomainDispatcherApplication(create_backend_app)
        self.iot_data = iot_data
        self.iot: Application | None = None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not _OWN_HOST.fullmatch(environ.get("HTTP_HOST", "localhost")):
            return _refuse(start_response, 403, "this port serves localhost alone")
        signed = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is not None and signed["service"] in _IOT_DATA and self.iot_data is not None:
            return self.iot_data(environ, start_response)
        if signed is not None and signed["service"] == _IOT and self.iot is not None and iot_control.takes(path):
            return self.iot(environ, start_response)
        invoked = _INVOKE.fullmatch(path)
        if invoked is not None and environ["REQUEST_METHOD"] == "POST":
            if signed is None or signed["service"] != _LAMBDA:
                return _refuse(start_response, 403, "Missing Authentication Token")
            return self._invoke(unquote(invoked["function"]), environ, start_response)
        if "HTTP_AUTHORIZATION" not in environ:
            try:
                presigned.ensure_allowed(environ, self._secrets, self._now)
            except presigned.Denied as denied:
                return presigned.refuse(denied, start_response)
        environ["RAW_URI"] = environ["REQUEST_URI"]  # where moto looks for the path as it was sent
        return _kept(self._moto, environ, start_response)

    def _invoke(self, function: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The Invoke operation of Lambda's API reference, types RequestResponse, Event and DryRun."""
        try:
            payload = environ["wsgi.input"].read().decode() or "null"
            json.loads(payload)
            answer = self._run(function, environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse"), payload)
        except UnknownFunctionError as error:
            answer = _error(404, "ResourceNotFoundException", str(error))
        except ValueError as error:
            answer = _error(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
        status, headers, body = answer
        start_response(
            f"{status} {responses[status]}",
            [
                *headers,
                ("Content-Type", "application/json"),
                ("x-amzn-RequestId", str(uuid.uuid4())),
                ("Content-Length", str(len(body))),
            ],
        )
        return [body]

    def _run(self, function: str, kind: str, payload: str) -> tuple[int, list[tuple[str, str]], bytes]:
        if kind == "DryRun":
            self._runtime.find(function)
            return 204, [], b""
        if kind == "Event":
            self._runtime.invoke_async_json(function, payload)
            return 202, [], b""
        executed = [("X-Amz-Executed-Version", "$LATEST")]
        try:
            return 200, executed, self._runtime.invoke_json(function, payload).encode()
        except FunctionError as error:
            return 200, [*executed, ("X-Amz-Function-Error", "Unhandled")], error.json()


def _refuse(start_response: StartResponse, status: int, message: str) -> Iterable[bytes]:
    """What whoever has signed nothing is told. A page in a browser may send a POST anywhere, but no such header."""
    body = json.dumps({"message": message}).encode()
    headers = [("x-amzn-errortype", "MissingAuthenticationTokenException"), ("Content-Type", "application/json")]
    start_response(f"{status} {responses[status]}", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _error(status: int, code: str, message: str) -> tuple[int, list[tuple[str, str]], bytes]:
    return status, [("x-amzn-errortype", code)], json.dumps({"Type": "User", "Message": message}).encode()


def _kept(application: Application, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Let moto answer, write what it changed, and only then let the answer out."""
    started: list[Callable[[], Any]] = []

    def hold(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [lambda: start_response(status, headers, exc_info)]
        return _no_write

    answer = application(environ, hold)
    try:
        body = b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        s3.settle()
    started[0]()
    return [body]


def _no_write(_data: bytes) -> object:
    raise NotImplementedError("moto answers with what it returns, never by calling write")
