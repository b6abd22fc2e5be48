"""Which log lines are kept: those of a share of all traces, and of a trace all or none."""

import logging
import zlib

SETTING = "HOMEPORT_LOG_SAMPLE"
SHARE = 0.1
"""Of the traces, where `SETTING` says nothing: a command's record has its whole history without any line."""

_BUCKETS = 10_000


class Sampled(logging.Filter):
    """Passes `share` (0 to 1) of the traces; lines without a `trace`, and warnings, always."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def filter(self, record: logging.LogRecord) -> bool:
        trace = getattr(record, "trace", None)
        if trace is None or record.levelno >= logging.WARNING:
            return True
        # A checksum and not chance, so that all functions that a command passes through agree.
        return zlib.crc32(str(trace).encode()) % _BUCKETS < self._share * _BUCKETS


def share(text: str | None) -> float:
    """What the setting says, from 0 to 1. Errors: ValueError."""
    value = float(text) if text else SHARE
    if not 0 <= value <= 1:
        raise ValueError(f"{SETTING} is a share from 0 to 1, not {text}")
    return value
