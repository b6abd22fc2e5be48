"""What all wings share: the clock, the connection, caches, and what things of this stage are called."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib.aws import fence

if TYPE_CHECKING:
    from pynamodb.connection import Connection

    from chalicelib.fleet.ports import Clock
    from chalicelib.store.cache import Cache
    from chalicelib.store.objects import Objects


def clock() -> "Clock":
    """That of the ports, which everything goes by."""
    from chalicelib import wiring

    return wiring.ports().clock


def function_name(function: str) -> str:
    """Chalice names a function after application, stage and handler."""
    return f"{application()}-{function}"


def application() -> str:
    """What everything of this stage is called in front."""
    return f"{os.environ.get('HOMEPORT_APP', 'homeport')}-{os.environ.get('HOMEPORT_STAGE', 'local')}"


def new_cache(max_age: int | None = None) -> "Cache[Any]":
    """`max_age` in ms; a minute where none is given."""
    from chalicelib.store.cache import MAX_AGE, Cache

    return Cache(clock(), max_age or MAX_AGE)


@cache
def cached(what: str) -> "Cache[Any]":
    """One cache a name, whoever asks."""
    return new_cache(fence.claims_kept() if what == "claims" else None)


def connection() -> "Connection":
    from chalicelib.store.tables import shared_connection

    return shared_connection()


@cache
def bucket() -> "Objects":
    """Where files are kept, and messages that are too long for a table."""
    from chalicelib.aws.clients import client
    from chalicelib.store.objects import Objects

    return Objects(os.environ.get("HOMEPORT_BUCKET", ""), lambda: client("s3"))
