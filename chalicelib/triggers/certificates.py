"""`$aws/events/certificates/registered/…`: a client has shown a certificate that IoT Core had not seen before.

IoT Core registers it, as its CA is registered with us, closes the connection, and lets the certificate wait to be
activated; it tells so again whenever the client shows it meanwhile (developer guide, "just-in-time registration").
"""

import logging
from typing import Any

from chalicelib.fleet.access import certificates
from chalicelib.fleet.ports import Ports

log = logging.getLogger(__name__)


def handle(ports: Ports, event: dict[str, Any]) -> None:
    certificate, authority = str(event["certificateId"]), str(event["caCertificateId"])
    activated = certificates.activate(ports, certificate, authority)
    log.info("certificate %s of CA %s: %s", certificate, authority, "activated" if activated else "left as it is")
