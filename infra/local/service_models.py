"""botocore's models of AWS services read once a process.

A session reads and parses them for itself, and PynamoDB opens a session for every table: without this the same half
megabyte of JSON is parsed a dozen times before the stack is ready, and kept as often.
"""

from typing import Any

from botocore.loaders import Loader

_read: dict[Any, Any] = {}
_of_loader = Loader.__init__


def share() -> None:
    """Let all loaders that are made from now on keep what they read in one place; botocore only ever reads it."""
    Loader.__init__ = _sharing


def _sharing(loader: Loader, *args: Any, **kwargs: Any) -> None:
    _of_loader(loader, *args, **kwargs)
    if not args and not kwargs:  # others look in places of their own
        loader._cache = _read
