"""Dumps: files that a device sends, at once or piece by piece (Send Dump, Append Dump File).

Each piece is an object by itself, so that appending writes nothing again; a dump is forgotten after thirty days.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Contended, LimitReached, NotFound, TooLarge
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Page, Ports
from chalicelib.fleet.shapes import Extensible, Kind

LARGEST = 20 * 1024 * 1024
"""Bytes of all pieces together."""
MOST_PIECES = 1_000
MOST = 100
"""Dumps of one device."""
KEPT = 30 * 86_400
"""Seconds; the bucket forgets what begins with PREFIX after the same time."""
PREFIX = "dumps/"
_NAME = 16
_KIND = "xyte.dump"


@dataclass(frozen=True, slots=True)
class Piece(Extensible):
    """`file` is the object's name."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Dump(Extensible):
    """`type` and `name` are its device's words. Times in ms."""

    id: str
    type: str
    name: str
    created: int
    pieces: tuple[Piece, ...] = ()

    @property
    def length(self) -> int:
        return sum(piece.size for piece in self.pieces)


DUMP = Kind(Dump)


def send(ports: Ports, tenant: str, device: str, type_: str, name: str, body: bytes) -> Dump:
    """Errors: LimitReached, TooLarge."""
    if ports.records.count(tenant, _kind(device)) >= MOST:
        raise LimitReached(f"a device has at most {MOST} dumps")
    now = ports.clock.now()
    _ensure_fits(len(body))
    piece = _put(ports, tenant, body)
    dump = Dump(str(uuid.UUID(bytes=ports.chance(16), version=4)), type_, name, now, (piece,))
    record = Record(tenant, _kind(device), dump.id, DUMP.body(dump), expires=now // 1000 + KEPT)
    ports.records.create(record)
    return dump


def append(ports: Ports, tenant: str, device: str, dump: str, body: bytes) -> Dump:
    """Errors: NotFound, TooLarge."""
    kind = _kind(device)
    present = ports.records.get(tenant, kind, dump)
    if present is None:
        raise NotFound("Dump not found")
    _ensure_fits(DUMP.read(present.body).length + len(body))
    piece = _put(ports, tenant, body)

    def appended(record: Record) -> Record:
        found = DUMP.read(record.body)
        _ensure_fits(found.length + len(body))
        if len(found.pieces) >= MOST_PIECES:
            raise TooLarge(f"a dump has at most {MOST_PIECES} pieces")
        return replace(record, body=DUMP.body(replace(found, pieces=(*found.pieces, piece))))

    def read() -> Record | None:
        return ports.records.get(tenant, kind, dump)

    try:
        # Two pieces at once: both are kept, one behind the other.
        after, _ = change_record(ports, f"dump {dump}", read, ports.records.replace, appended, present)
    except (TooLarge, Contended):
        ports.files.delete(piece.file)
        raise
    if after is None:
        ports.files.delete(piece.file)
        raise NotFound("Dump not found")
    return DUMP.read(after.body)


def find(ports: Ports, tenant: str, device: str, dump: str) -> Dump:
    """Errors: NotFound."""
    found = ports.records.get(tenant, _kind(device), dump)
    if found is None:
        raise NotFound("Dump not found")
    return DUMP.read(found.body)


def page(ports: Ports, tenant: str, device: str, after: str | None, limit: int) -> Page[Dump]:
    found = ports.records.page(tenant, _kind(device), after=after, limit=limit)
    return Page([DUMP.read(record.body) for record in found.items], found.cursor)


def urls(ports: Ports, dump: Dump, seconds: int) -> Sequence[str]:
    """Where its pieces are fetched, in order."""
    return [ports.files.download_url(piece.file, seconds) for piece in dump.pieces]


def forget(ports: Ports, tenant: str, device: str) -> None:
    """Its owner gives the device away."""
    while page := ports.records.page(tenant, _kind(device), after=None, limit=MOST).items:
        for record in page:
            for piece in DUMP.read(record.body).pieces:
                ports.files.delete(piece.file)
            ports.records.delete(tenant, record.kind, record.id)


def _put(ports: Ports, tenant: str, body: bytes) -> Piece:
    piece = Piece(f"{PREFIX}{tenant}/{ports.chance(_NAME).hex()}", len(body))
    ports.files.put(piece.file, body)
    return piece


def _ensure_fits(size: int) -> None:
    if size > LARGEST:
        raise TooLarge(f"a dump has at most {LARGEST} bytes")


def _kind(device: str) -> str:
    return f"{_KIND}/{device}"
