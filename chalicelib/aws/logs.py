"""The log of a function: Powertools writes each line as JSON, under the trace that it belongs to.

Of the lines that tell what becomes of commands those of a share of all traces are kept, and of a trace all or none.
"""

import logging
import zlib

from chalicelib.fleet import traces

SETTING = "HOMEPORT_LOG_SAMPLE"
SHARE = 0.1
"""Of the traces, where `SETTING` says nothing: a command's record has its whole history without any line."""

_BUCKETS = 10_000


SERVICE = "homeport"
"""What Powertools calls us, and Chalice its own logger."""
_OURS = "chalicelib"


def start() -> None:
    """Called when a function is initialized: what it logs from now on is written by Powertools."""
    from aws_lambda_powertools.logging import Logger, utils

    logger = Logger(service=SERVICE, use_rfc3339=True)
    logger.registered_handler.addFilter(Traced())
    logging.getLogger(_OURS)
    utils.copy_config_to_registered_loggers(source_logger=logger, include={_OURS})


class Traced(logging.Filter):
    """Gives each line the present trace, unless it was logged under one of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        trace = traces.present()
        if trace is not None and not hasattr(record, "trace"):
            record.trace = trace
        return True


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
