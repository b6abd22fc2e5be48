"""S3 for those without AWS credentials: a presigned URL opens what it names, as long as it says, and nothing else does.

Signature Version 4 in the query (S3 API reference, "Authenticating Requests: Using Query Parameters").
"""

import base64
import hashlib
import hmac
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import responses
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local.http_server import StartResponse

_SIGNATURE = "X-Amz-Signature"
_WHEN = "%Y%m%dT%H%M%SZ"


@dataclass
class Denied(Exception):
    """What S3 answers instead: its status, code and message."""

    status: int
    code: str
    message: str


def ensure_allowed(environ: dict[str, Any], secrets: dict[str, str], now: Callable[[], datetime]) -> None:
    """Let a request without an Authorization header pass if its URL was signed for it. Errors: Denied.

    `secrets` are the secret access keys by access key id.
    """
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    if _SIGNATURE not in query:
        raise Denied(403, "AccessDenied", "Access Denied")
    try:
        key, _, region, *_ = query["X-Amz-Credential"].split("/")
        signed_at = datetime.strptime(query["X-Amz-Date"], _WHEN).replace(tzinfo=UTC)
        expires = signed_at + timedelta(seconds=int(query["X-Amz-Expires"]))
        names = query["X-Amz-SignedHeaders"].split(";")
    except (KeyError, ValueError):
        raise Denied(400, "AuthorizationQueryParametersError", "a query parameter is missing or malformed") from None
    if key not in secrets:
        raise Denied(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    signer = S3SigV4QueryAuth(Credentials(key, secrets[key]), "s3", region)
    if not hmac.compare_digest(query[_SIGNATURE], _signature(signer, environ, names, query["X-Amz-Date"])):
        raise Denied(403, "SignatureDoesNotMatch", "The request signature we calculated does not match yours.")
    if now() > expires:
        raise Denied(403, "AccessDenied", "Request has expired")
    _ensure_whole(environ)


def refuse(error: Denied, start_response: StartResponse) -> Iterable[bytes]:
    body = f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>".encode()
    headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start_response(f"{error.status} {responses[error.status]}", headers)
    return [body]


def _signature(signer: S3SigV4QueryAuth, environ: dict[str, Any], names: list[str], date: str) -> str:
    url = urlsplit(environ["REQUEST_URI"])
    query = "&".join(part for part in url.query.split("&") if not part.startswith(f"{_SIGNATURE}="))
    request = AWSRequest(
        environ["REQUEST_METHOD"],
        f"http://{environ.get('HTTP_HOST', '')}{url.path}?{query}",
        headers={name: _header(environ, name) for name in names},
    )
    request.context["timestamp"] = date
    canonical = signer.canonical_request(request)
    return str(signer.signature(signer.string_to_sign(request, canonical), request))


def _header(environ: dict[str, Any], name: str) -> str:
    variable = name.upper().replace("-", "_")
    return str(environ.get(f"HTTP_{variable}", environ.get(variable, "")))


def _ensure_whole(environ: dict[str, Any]) -> None:
    """A body that was damaged on its way, or is another than was announced, is not stored."""
    announced = environ.get("HTTP_CONTENT_MD5")
    if announced is None:
        return
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    if base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode() != announced:
        raise Denied(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
