"""How the records of an association are protected, in both directions (RFC 5246, 6.2.3.3; RFC 9146, 4 and 5)."""

from cryptography.exceptions import InvalidTag

from infra.gateway.dtls.records import VERSION, WITH_CID, Record, numbered
from infra.gateway.dtls.suites import Secrets, keys

EXPLICIT_NONCE = 8
_WITH_CID = bytes((WITH_CID,))
_RECORD_WITH_CID = _WITH_CID + VERSION


class Protection:
    """Keys in use. `cid_in` is what the peer sends us, `cid_out` what we send it; empty where there is none."""

    __slots__ = (
        "_overhead",
        "_prefix_in",
        "_prefix_out",
        "_read",
        "_read_iv",
        "_write",
        "_write_iv",
        "cid_in",
        "cid_out",
    )

    def __init__(self, secrets: Secrets, *, server: bool, cid_in: bytes, cid_out: bytes) -> None:
        agreed, aead = keys(secrets), secrets.suite.aead
        client, served = (aead(agreed.client), agreed.client_iv), (aead(agreed.server), agreed.server_iv)
        (self._read, self._read_iv), (self._write, self._write_iv) = (client, served) if server else (served, client)
        self._overhead = EXPLICIT_NONCE + secrets.suite.tag
        self.cid_in, self.cid_out = cid_in, cid_out
        self._prefix_in, self._prefix_out = _CID_PREFIXES[len(cid_in)], _CID_PREFIXES[len(cid_out)]

    def seal(self, content_type: int, sequence: int, body: bytes) -> bytes:
        """A record of epoch 1 as it is sent. Never twice with the same `sequence`: it is the nonce."""
        number, cid = numbered(1, sequence), self.cid_out
        if not cid:
            return self.seal_plain(content_type, number, body)
        inner = body + content_type.to_bytes()
        header = self._prefix_out + number + cid + len(inner).to_bytes(2, "big")
        sealed = number + self._write.encrypt(self._write_iv + number, inner, header)
        return _RECORD_WITH_CID + number + cid + len(sealed).to_bytes(2, "big") + sealed

    def open(self, record: Record) -> tuple[int, bytes] | None:
        """Content type and content; None for what its sender did not protect with these keys.

        Where a connection id was agreed on, records without it are refused (RFC 9146, 3).
        """
        content_type, cid, body = record.content_type, record.cid, record.body
        length = len(body) - self._overhead
        if length < 0 or cid != self.cid_in or (content_type == WITH_CID) != bool(cid):
            return None
        if cid:
            header = self._prefix_in + record.number + cid + length.to_bytes(2, "big")
        else:
            header = _header(content_type, record.number, length)
        try:
            content = self._read.decrypt(self._read_iv + body[:EXPLICIT_NONCE], body[EXPLICIT_NONCE:], header)
        except InvalidTag:
            return None
        if not cid:
            return content_type, content
        content = content.rstrip(b"\0")
        return (content[-1], content[:-1]) if content else None

    # OpenSSL knows no connection ids: at its border records keep their numbers and change their form. The copies never
    # leave the process, and say the same under the same nonce.
    def seal_plain(self, content_type: int, number: bytes, body: bytes) -> bytes:
        """A record without a connection id that we send."""
        header = _header(content_type, number, len(body))
        sealed = number + self._write.encrypt(self._write_iv + number, body, header)
        return content_type.to_bytes() + VERSION + number + len(sealed).to_bytes(2, "big") + sealed

    def as_if_received_plain(self, content_type: int, number: bytes, body: bytes) -> bytes:
        """What the peer would have sent without a connection id."""
        header = _header(content_type, number, len(body))
        sealed = number + self._read.encrypt(self._read_iv + number, body, header)
        return content_type.to_bytes() + VERSION + number + len(sealed).to_bytes(2, "big") + sealed

    def open_own(self, record: Record) -> bytes:
        """The content of a record that OpenSSL made for us to send."""
        header = _header(record.content_type, record.number, len(record.body) - self._overhead)
        nonce = self._write_iv + record.body[:EXPLICIT_NONCE]
        return self._write.decrypt(nonce, record.body[EXPLICIT_NONCE:], header)


_CID_PREFIXES = {size: b"\xff" * 8 + _WITH_CID + bytes((size,)) + _WITH_CID + VERSION for size in range(256)}


def _header(content_type: int, number: bytes, length: int) -> bytes:
    return number + content_type.to_bytes() + VERSION + length.to_bytes(2, "big")
