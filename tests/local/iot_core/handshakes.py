"""TLS handshakes without a network."""

import ssl
from pathlib import Path

from infra.local.iot_core.tls import MTLS_LABEL


def mutual_name(host: str) -> str:
    """The host name of a server on which clients have to show a certificate."""
    return f"{MTLS_LABEL}.{host}"


def is_accepted(server: ssl.SSLContext, identity: tuple[Path, Path]) -> bool:
    """Whether the server takes a client that shows this certificate, which comes with its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(*identity)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        context.wrap_bio(back, there, server_hostname=mutual_name("localhost")),
        server.wrap_bio(there, back, server_side=True),
    )
    finished: set[ssl.SSLObject] = set()
    while len(finished) < len(ends):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
            finished.add(end)
    return True
