"""Under which names quotas and retention are kept: releases before knew some by the words of one vendor's API."""

from collections.abc import Mapping
from typing import TypeVar

from chalicelib.fleet.tenancy.records import Kept, Stored

T = TypeVar("T")

_KEPT_AS: Mapping[str, str] = {
    Stored.KEYS: "apiKeys",
    Stored.POLICIES: "actionPolicies",
    Stored.QUEUES: "fifos",
    Kept.AUDIT: "auditLog",
    Kept.QUEUED: "fifoMessages",
}
_CALLED = {old: str(new) for new, old in _KEPT_AS.items()}


def kept_as(name: str) -> str:
    return _KEPT_AS.get(name, name)


def all_kept_as(values: Mapping[str, T]) -> dict[str, T]:
    return {kept_as(name): value for name, value in values.items()}


def called(name: str) -> str:
    return _CALLED.get(name, name)


def all_called(values: Mapping[str, T]) -> dict[str, T]:
    return {called(name): value for name, value in values.items()}
