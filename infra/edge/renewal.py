"""Certificates that change while the edge runs: a new CA of clients, a withdrawn one, a renewed server certificate."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int, int] | None, ...]


class Renewal:
    """Looks at files and calls `renew` when they have changed; `renew` raises OSError where it cannot use them."""

    def __init__(self, files: Iterable[Path], renew: Callable[[], None]) -> None:
        self._files = tuple(files)
        self._renew = renew
        self._seen = self._stamp()

    def look(self) -> bool:
        """Whether something changed and is in use now."""
        found = self._stamp()
        if found == self._seen:
            return False
        try:
            self._renew()
        except OSError as error:
            # Half written, or a certificate whose key follows in a moment: the next look tries again.
            log.warning("changed certificates cannot be used, the earlier ones stay: %s", error)
            return False
        # What was written while the files were read is seen by the next look.
        self._seen = found
        log.info("changed certificates are in use")
        return True

    def _stamp(self) -> Stamp:
        return tuple(_stamp(file) for file in self._files)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
