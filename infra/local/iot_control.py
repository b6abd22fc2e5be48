"""The one operation of IoT Core's control plane that the product calls: RegisterCACertificate (API reference of `iot`).

As there, a certificate that is known already is a conflict. What was registered is not kept from run to run: the stack
registers at its start what the tenants have.
"""

import hashlib
import json
import ssl
import uuid
from collections.abc import Callable, Iterable
from http.client import responses
from typing import Any

from infra.local.description import ACCOUNT, REGION
from infra.local.http_server import StartResponse

METHOD, PATH = "POST", "/cacertificate"


class IotControl:
    """A WSGI application; `trust` makes the broker accept what chains to a certificate."""

    def __init__(self, trust: Callable[[str], None]) -> None:
        self._trust = trust
        self._known: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        status, code, answer = self._register(environ["wsgi.input"].read())
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", str(uuid.uuid4()))]
        if code:
            headers.append(("x-amzn-errortype", code))
        start_response(f"{status} {responses[status]}", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _register(self, body: bytes) -> tuple[int, str | None, dict[str, str]]:
        try:
            pem = json.loads(body)["caCertificate"]
            identifier = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
            if identifier in self._known:
                return 409, "ResourceAlreadyExistsException", {"message": "the CA certificate is registered already"}
            self._trust(pem)
        except (ValueError, KeyError, TypeError, AttributeError, ssl.SSLError) as error:
            return 400, "CertificateValidationException", {"message": f"no certificate: {error}"}
        self._known.add(identifier)
        arn = f"arn:aws:iot:{REGION}:{ACCOUNT}:cacert/{identifier}"
        return 200, None, {"certificateArn": arn, "certificateId": identifier}
