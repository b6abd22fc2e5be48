"""The custom authorizer: its event, its answer and the checks AWS IoT Core makes ("Custom authentication")."""

import asyncio
import base64
import hashlib
import json
import logging
import re
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from .limits import Limits
from .policy import InvalidPolicy, Statement, read_documents

log = logging.getLogger(__name__)

Authorize = Callable[[dict[str, Any]], dict[str, Any]]
_PRINCIPAL: Final = re.compile(r"[a-zA-Z0-9]{1,128}")
_WHITE_SPACE: Final = re.compile(r"\s+")
_WORKERS: Final = 16
_CERTIFICATE_VARIABLES: Final = {
    "commonName": "CommonName",
    "organizationName": "Organization",
    "organizationalUnitName": "OrganizationalUnit",
    "countryName": "Country",
    "stateOrProvinceName": "State",
    "serialNumber": "SerialNumber",
}


class NotAuthenticated(Exception):
    """The authorizer said no; `connack_code` is its wish for lenient mode, None without one."""

    def __init__(self, connack_code: int | None) -> None:
        super().__init__("isAuthenticated is not true")
        self.connack_code = connack_code


class AuthorizerFailed(Exception):
    """The authorizer raised, took too long or gave an answer that AWS IoT Core would not take."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate that the TLS handshake accepted; AWS's certificateId is the SHA-256 of its DER form."""

    der: bytes
    subject: tuple[tuple[str, str], ...]

    @property
    def pem(self) -> str:
        return ssl.DER_cert_to_PEM_cert(self.der)

    @property
    def certificate_id(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def variables(self) -> dict[str, str]:
        """The policy variables `iot:Certificate.Subject.…`."""
        return {
            f"iot:Certificate.Subject.{_CERTIFICATE_VARIABLES[name]}": value
            for name, value in self.subject
            if name in _CERTIFICATE_VARIABLES
        }


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client presented, from the TLS handshake up to CONNECT."""

    connection_id: str
    client_id: str | None  # None when the client sent an empty one
    username: str | None
    password: bytes | None
    server_name: str | None = None
    tls: bool = True
    certificate: Certificate | None = None
    http_headers: dict[str, str] | None = None
    http_query: str = ""
    offered_id: str | None = None  # a client id that the answer may give the client; not on IoT Core
    address: str | None = None  # of the client; not on IoT Core

    def event(self) -> dict[str, Any]:
        """The event of a custom authorizer; with a certificate that of the type CUSTOM_AUTH_X509."""
        data: dict[str, Any] = {"mqtt": self._mqtt()}
        if self.http_headers is not None:
            data["http"] = {"headers": self.http_headers, "queryString": self.http_query}
        if self.tls:
            data["tls"] = self._tls()
        return {
            "signatureVerified": False,
            "protocols": [name for name in ("tls", "http", "mqtt") if name in data],
            "protocolData": data,
            "connectionMetadata": {"id": self.connection_id},
            **({} if self.offered_id is None else {"offeredClientId": self.offered_id}),
            **({} if self.address is None else {"clientAddress": self.address}),
        }

    def _mqtt(self) -> dict[str, str]:
        mqtt = {}
        if self.username is not None:
            mqtt["username"] = self.username
        if self.password is not None:
            mqtt["password"] = base64.b64encode(self.password).decode()
        if self.client_id is not None:
            mqtt["clientId"] = self.client_id
        return mqtt

    def _tls(self) -> dict[str, str]:
        tls = {} if self.server_name is None else {"serverName": self.server_name}
        if self.certificate is not None:
            tls["x509CertificatePem"] = self.certificate.pem
            tls["principalId"] = self.certificate.certificate_id
        return tls


@dataclass(frozen=True, slots=True)
class Grant:
    """What an accepted answer grants; times are in seconds.

    IoT Core knows neither `client_id`, which is to be used in place of what the client sent, nor `clean_session`, by
    which nothing is kept of the client before and after, nor `tenant`, whose clients share a turn.
    """

    principal: str
    statements: tuple[Statement, ...]
    disconnect_after: int
    refresh_after: int
    client_id: str | None = None
    clean_session: bool = False
    tenant: str | None = None


def read_answer(answer: Any, certificate: Certificate | None, limits: Limits) -> Grant:
    """Check an authorizer's answer as AWS does; raise `NotAuthenticated` or `AuthorizerFailed`."""
    if not isinstance(answer, dict):
        raise AuthorizerFailed("the answer is not an object")
    if answer.get("isAuthenticated") is not True:
        code = answer.get("connackCode")
        raise NotAuthenticated(code if isinstance(code, int) and 0 < code <= 0xFF else None)  # noqa: PLR2004
    principal = answer.get("principalId")
    if not isinstance(principal, str) or not _PRINCIPAL.fullmatch(principal):
        raise AuthorizerFailed(f"principalId {principal!r} is not 1 to 128 letters and digits")
    if certificate is not None and principal != certificate.certificate_id:
        raise AuthorizerFailed("principalId is not the id of the client's certificate")
    return Grant(
        principal,
        _statements(answer.get("policyDocuments", []), limits),
        _seconds(answer, "disconnectAfterInSeconds", limits),
        _seconds(answer, "refreshAfterInSeconds", limits),
        answer.get("clientId"),
        bool(answer.get("cleanSession")),
        answer.get("tenant"),
    )


def _statements(documents: Any, limits: Limits) -> tuple[Statement, ...]:
    if not isinstance(documents, list) or len(documents) > limits.policy_documents:
        raise AuthorizerFailed(f"policyDocuments is a list of at most {limits.policy_documents}")
    for document in documents:
        length = _characters(document)
        if length > limits.policy_characters:
            raise AuthorizerFailed(f"a policy document of {length} characters; {limits.policy_characters} are allowed")
    try:
        return read_documents(documents)
    except InvalidPolicy as error:
        raise AuthorizerFailed(str(error)) from None


def _characters(document: Any) -> int:
    """The length that counts for the quota: without white space."""
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return len(_WHITE_SPACE.sub("", text))


def _seconds(answer: dict[str, Any], key: str, limits: Limits) -> int:
    value = answer.get(key, limits.connection_seconds_max)
    if isinstance(value, bool) or not isinstance(value, int):
        raise AuthorizerFailed(f"{key} is a whole number")
    if not limits.connection_seconds_min <= value <= limits.connection_seconds_max:
        raise AuthorizerFailed(
            f"{key} is {limits.connection_seconds_min} to {limits.connection_seconds_max}, not {value}",
        )
    return value


@dataclass(slots=True)
class Authorizer:
    """Calls the authorizer function away from the loop; its time starts when a worker takes it up."""

    authorize: Authorize
    limits: Limits
    _pool: ThreadPoolExecutor = field(init=False)
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="iot-authorizer")
        self._free = asyncio.Semaphore(_WORKERS)

    async def grant(self, credentials: Credentials) -> Grant:
        """Raise `NotAuthenticated` or `AuthorizerFailed`."""
        limit = self.limits.authorizer_timeout
        try:
            await asyncio.wait_for(self._free.acquire(), limit)
        except TimeoutError:
            raise AuthorizerFailed(f"all {_WORKERS} workers were busy for {limit:g} s") from None
        call = asyncio.get_running_loop().run_in_executor(self._pool, self.authorize, credentials.event())
        # A call that ran out of time keeps its worker, and so its place, until the function returns.
        call.add_done_callback(self._release)
        done, _pending = await asyncio.wait((call,), timeout=limit)
        if not done:
            raise AuthorizerFailed(f"no answer within {limit:g} s")
        if (error := call.exception()) is not None:
            raise AuthorizerFailed(f"{type(error).__name__}: {error}") from error
        return read_answer(call.result(), credentials.certificate, self.limits)

    def _release(self, call: "asyncio.Future[dict[str, Any]]") -> None:
        self._free.release()
        if not call.cancelled() and (error := call.exception()) is not None:
            log.debug("the authorizer raised %r", error)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
