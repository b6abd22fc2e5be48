"""What the product calls of IoT Core's control plane: the register of CA certificates (API reference of `iot`).

As there, a certificate that is known already is a conflict and only what is inactive can be deleted. What was
registered is not kept from run to run: the stack registers at its start what the tenants have. Clients' own
certificates are not registered here, as every one counts whose CA the broker knows.
"""

import hashlib
import json
import re
import ssl
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, Protocol
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.local.description import ACCOUNT, REGION
from infra.local.http_server import StartResponse

_ACTIVE = "ACTIVE"
_ONE = re.compile(r"/cacertificate/(?P<id>[0-9a-f]{64})")
_PATHS = re.compile(r"/cacertificate(/[^/]+)?|/tags|/untag")
Parameters = dict[str, Any]


class Broker(Protocol):
    """Which client certificates are accepted from now on."""

    def trust(self, pem: str) -> None: ...
    def distrust(self, pem: str) -> None: ...


@dataclass(frozen=True)
class _Naming:
    """What a certificate finds its issuer by (RFC 5280 4.1.2.4 and 4.2.1.1), as far as it is there, and the key."""

    subject: bytes
    key_id: bytes | None
    key: bytes
    genuine: bool
    """Whether the key id is made of the key (RFC 5280 4.2.1.2): nobody can have chosen it to be another's."""

    def confuses(self, other: "_Naming") -> bool:
        alike = self.subject == other.subject and (None in (self.key_id, other.key_id) or self.key_id == other.key_id)
        return alike and self.key != other.key

    def unmasks(self, other: "_Naming") -> bool:
        """Whether the other one bears a key id that is this one's by right."""
        return self.confuses(other) and self.key_id == other.key_id and self.genuine and not other.genuine


def _naming(pem: str) -> _Naming:
    """Errors: ValueError."""
    found = x509.load_pem_x509_certificate(pem.encode())
    try:
        key_id = found.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        key_id = None
    public = found.public_key()
    key = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    genuine = key_id == x509.SubjectKeyIdentifier.from_public_key(public).digest
    return _Naming(found.subject.public_bytes(), key_id, key, genuine)


@dataclass
class _Known:
    pem: str
    naming: _Naming
    status: str = _ACTIVE
    hidden: bool = False
    tags: dict[str, str] = field(default_factory=dict)


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str, **fields: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code
        self.body = {"message": message, **fields}


def takes(path: str) -> bool:
    """Whether a request with this path is for us."""
    return _PATHS.fullmatch(path) is not None


class IotControl:
    """A WSGI application."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._known: dict[str, _Known] = {}

    def register(self, pem: str, tags: Iterable[dict[str, str]] = ()) -> dict[str, str]:
        """The broker accepts what chains to it; its ARN and id."""
        try:
            identifier = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
            if identifier in self._known:
                known = {"resourceId": identifier, "resourceArn": _arn(identifier)}
                raise _Refused(409, "ResourceAlreadyExistsException", "it is registered already", **known)
            naming = _naming(pem)
            unmasked = self._told_apart(naming)
            self._broker.trust(pem)
        except (ValueError, TypeError, AttributeError, ssl.SSLError) as error:
            raise _Refused(400, "CertificateValidationException", f"no certificate: {error}") from error
        for other in unmasked:
            self._broker.distrust(other.pem)
            other.hidden = True
        self._known[identifier] = _Known(pem, naming, tags=_by_key(tags))
        return {"certificateArn": _arn(identifier), "certificateId": identifier}

    def _told_apart(self, naming: "_Naming") -> list[_Known]:
        """Those that only pretend to be the new one, which shuts them out.

        OpenSSL finds an issuer by name and key id alone: a second one would shut out the clients of the first. IoT Core
        compares keys, and takes up to ten of a name.
        """
        alike = [known for known in self._known.values() if naming.confuses(known.naming)]
        if not all(naming.unmasks(known.naming) for known in alike):
            raise _Refused(400, "InvalidRequestException", "a CA of this subject and key id has another key")
        return [known for known in alike if not known.hidden and known.status == _ACTIVE]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", str(uuid.uuid4()))]
        try:
            status, answer = 200, self._answer(environ)
        except _Refused as refused:
            status, answer = refused.status, refused.body
            headers.append(("x-amzn-errortype", refused.code))
        body = json.dumps(answer).encode()
        start_response(f"{status} {responses[status]}", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: dict[str, Any]) -> dict[str, Any]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        asked: Parameters = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        asked |= _json(environ["wsgi.input"].read())
        if one := _ONE.fullmatch(path):
            return self._one(method, one["id"], asked)
        answers: dict[tuple[str, str], Callable[[Parameters], dict[str, Any]]] = {
            ("POST", "/cacertificate"): lambda p: self.register(p.get("caCertificate", ""), p.get("tags", ())),
            ("POST", "/tags"): self._tag,
            ("POST", "/untag"): self._untag,
            ("GET", "/tags"): self._tags,
        }
        answer = answers.get((method, path))
        if answer is None:
            raise _Refused(400, "InvalidRequestException", f"{method} {path} is not served here")
        return answer(asked)

    def _one(self, method: str, identifier: str, asked: Parameters) -> dict[str, Any]:
        found = self._found(identifier)
        match method:
            case "PUT":
                self._update(found, asked.get("newStatus", found.status))
            case "DELETE":
                if found.status == _ACTIVE:
                    raise _Refused(406, "CertificateStateException", "it is active")
                del self._known[identifier]
            case _:
                described = {"certificateId": identifier, "certificateArn": _arn(identifier), "status": found.status}
                return {"certificateDescription": described}
        return {}

    def _update(self, found: _Known, status: str) -> None:
        if status != found.status and not found.hidden:
            (self._broker.trust if status == _ACTIVE else self._broker.distrust)(found.pem)
        found.status = status

    def _tag(self, asked: Parameters) -> dict[str, Any]:
        self._owner(asked).tags.update(_by_key(asked["tags"]))
        return {}

    def _untag(self, asked: Parameters) -> dict[str, Any]:
        for key in asked["tagKeys"]:
            self._owner(asked).tags.pop(key, None)
        return {}

    def _tags(self, asked: Parameters) -> dict[str, Any]:
        return {"tags": [{"Key": key, "Value": value} for key, value in self._owner(asked).tags.items()]}

    def _owner(self, asked: Parameters) -> _Known:
        return self._found(str(asked.get("resourceArn", "")).rpartition("/")[2])

    def _found(self, identifier: str) -> _Known:
        found = self._known.get(identifier)
        if found is None:
            raise _Refused(404, "ResourceNotFoundException", "no such CA certificate")
        return found


def _arn(identifier: str) -> str:
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:cacert/{identifier}"


def _by_key(tags: Iterable[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def _json(body: bytes) -> Parameters:
    try:
        found = json.loads(body or b"{}")
    except ValueError as error:
        raise _Refused(400, "InvalidRequestException", f"no JSON: {error}") from error
    return found if isinstance(found, dict) else {}
