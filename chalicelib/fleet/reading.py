"""The last net around what reads a client's bytes: whatever is in them, nobody but their sender hears of it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.fleet.errors import FleetError, Invalid

log = logging.getLogger(__name__)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Around code that reads and does not touch the world: what it did not foresee of its input is Invalid.

    The same input would fail again, so it must not be tried again; the log keeps the trace, as the mistake is ours.
    """
    try:
        yield
    except FleetError:
        raise
    except Exception as error:
        log.exception("%s could not be read", what)
        raise Invalid(f"{what} cannot be read", what) from error
