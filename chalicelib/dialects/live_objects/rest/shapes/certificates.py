"""CA certificates (manual 6.3.4; OpenAPI "CA certificates")."""

from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.fleet.access.records import CaCertificate

NEW = {
    "type": "object",
    "required": ["certificate", "comment"],
    "properties": {
        "certificate": {"type": "string", "minLength": 1, "maxLength": 16_384},
        "comment": {"type": "string", "maxLength": 500},
    },
}


def render(certificate: CaCertificate) -> dict[str, Any]:
    return {
        "id": certificate.id,
        "certificate": certificate.pem,
        "comment": certificate.comment,
        "expires": times.render(certificate.expires),
    }
