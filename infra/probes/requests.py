"""What API Gateway does with requests before our function sees them."""

import http.client
import json
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from infra.probes.questions import Answer, Asked

_WITHIN_S = 35
_DEVICES = "/api/v1/deviceMgt/devices"
_WRONG = json.dumps({"id": "no urn"}).encode()
_PAGE = "/console/"
_TOO_MUCH = 400
_RESOURCE_PATH = re.compile(r'"resourcePath"\s*:\s*"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    fields: Mapping[str, str]
    body: bytes

    @property
    def ours(self) -> bool:
        """Whether our router answered: API Gateway's own answers have no other field than `message`."""
        try:
            return len(json.loads(self.body)) > 1
        except (ValueError, TypeError):
            return False

    @property
    def refusal(self) -> str:
        """What an error says, without the id that each one has of its own."""
        try:
            told = json.loads(self.body)
        except ValueError:
            told = None
        said = " ".join(str(told[name]) for name in ("code", "message") if name in told) if told else ""
        return f"{self.status} {said}".strip()


@dataclass(frozen=True, slots=True)
class Api:
    """`url` is as `deploy` prints it, `ca` a file of certificates to trust, None for the system's."""

    url: str
    key: str
    ca: str | None = None

    def ask(self, method: str, path: str, body: bytes | Iterable[bytes] | None = None) -> Said:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        made: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                parts.hostname or "", port, timeout=_WITHIN_S, context=ssl.create_default_context(cafile=self.ca)
            )
            if secure
            else http.client.HTTPConnection(parts.hostname or "", port, timeout=_WITHIN_S)
        )
        chunked = body is not None and not isinstance(body, bytes)
        fields = {"X-API-Key": self.key, "Content-Type": "application/json"}
        fields |= {"Transfer-Encoding": "chunked"} if chunked else {}
        try:
            made.request(method, parts.path.rstrip("/") + path, body, fields, encode_chunked=chunked)
            answer = made.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Said(answer.status, told, answer.read())
        finally:
            made.close()


def ask(api: Api) -> list[Answer]:
    return [_slashes(api), _deep(api), _chunked(api), _semicolon(api), _head(api)]


def resource_path(gateway: Any, api: str) -> Answer:
    """`gateway` is a client of API Gateway, which hands over a request of its own making and tells what it was."""
    asked, below = Asked.RESOURCE_PATH, "/api/{proxy+}"
    try:
        pages = gateway.get_paginator("get_resources").paginate(restApiId=api)
        (resource,) = (each["id"] for page in pages for each in page["items"] if each.get("path") == below)
        told = gateway.test_invoke_method(
            restApiId=api, resourceId=resource, httpMethod="GET", pathWithQueryString="/api/probe/a/b"
        )
    except (ClientError, BotoCoreError, ValueError) as error:
        return Answer(asked, yes=None, found=f"{type(error).__name__}: {error}")
    found = _RESOURCE_PATH.search(str(told.get("log", "")))
    said = found.group(1) if found else ""
    return Answer(asked, said == below if said else None, said or "its log does not tell")


def _slashes(api: Api) -> Answer:
    said = api.ask("GET", f"/api//v1{_DEVICES.removeprefix('/api/v1')}")
    return Answer(Asked.SLASHES, said.ours, f"{said.status} {said.body[:80].decode(errors='replace')}")


def _deep(api: Api) -> Answer:
    said = api.ask("GET", "/api/v1/probe/a/b/c/d/e%2Ff")
    return Answer(Asked.DEEP, said.ours, f"{said.status} {said.body[:80].decode(errors='replace')}")


def _chunked(api: Api) -> Answer:
    """A body that our function refuses, in a text that tells what it read; half of it is refused in another one."""
    whole, parts = api.ask("POST", _DEVICES, _WRONG), api.ask("POST", _DEVICES, iter([_WRONG[:5], _WRONG[5:]]))
    half = api.ask("POST", _DEVICES, _WRONG[:5])
    same = parts.refusal == whole.refusal != half.refusal
    return Answer(Asked.CHUNKED, same, f"{parts.refusal} where a whole body gets {whole.refusal}")


def _semicolon(api: Api) -> Answer:
    """As one value `1;x` is no number."""
    said = api.ask("GET", f"{_DEVICES}?limit=1;x=y")
    return Answer(Asked.SEMICOLON, said.status < _TOO_MUCH, f"{said.status}")


def _head(api: Api) -> Answer:
    whole, head = api.ask("GET", _PAGE), api.ask("HEAD", _PAGE)
    length = head.fields.get("content-length", "none")
    return Answer(Asked.HEAD, length == str(len(whole.body)), f"HEAD says {length} of {len(whole.body)} bytes")
