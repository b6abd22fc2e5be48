"""Records that one dialect keeps beside the fleet's own: documents by kind and id, opaque to everybody else."""

from typing import Any

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible


@dataclass(frozen=True, slots=True)
class Record(Extensible):
    """`kind` begins with the name of the dialect; `body` is JSON. `expires` (s) is when it may be forgotten.

    From `due` (ms) on the sweep finds it, and hands it to who keeps its kind.
    """

    tenant: str
    kind: str
    id: str
    body: Any
    revision: int = 0
    expires: int | None = None
    due: int | None = None
