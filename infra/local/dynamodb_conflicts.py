"""Writes that meet at one item: DynamoDB refuses the later one where one of them is a transaction.

By our lock alone it would only wait for its turn, and a product that cannot be refused here would be in production.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from moto.dynamodb.exceptions import DynamodbException, TransactionCanceledException
from moto.dynamodb.responses import DynamoHandler

from infra.local.dynamodb_items import Identity, identity_of, key_in

_TRANSACTION = "TransactWriteItems"
_METHODS = {
    _TRANSACTION: "transact_write_items",
    "PutItem": "put_item",
    "UpdateItem": "update_item",
    "DeleteItem": "delete_item",
}
_CONFLICT = "TransactionConflict"
_MESSAGE = "Transaction is ongoing for the item"
_TYPE = "com.amazonaws.dynamodb.v20120810#TransactionConflictException"


class Conflicts:
    """Which items are in transactions that have come and are not answered yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[Identity] = set()

    @contextmanager
    def entered(self, handler: DynamoHandler) -> Iterator[None]:
        """For as long as a call takes; one that meets a transaction will answer nothing but that."""
        action = handler._get_action()
        if action not in _METHODS:
            yield
            return
        wanted = [_identity(handler, target) for target in _targets(action, getattr(handler, "params", {}))]
        taken: set[Identity] = set()
        with self._lock:
            met = [identity in self._held for identity in wanted]
            if any(met):
                setattr(handler, _METHODS[action], _Refusal(action, met))
            elif action == _TRANSACTION:
                taken = {identity for identity in wanted if identity is not None}
                self._held |= taken
        try:
            yield
        finally:
            with self._lock:
                self._held -= taken


class _Refusal:
    def __init__(self, action: str, met: list[bool]) -> None:
        self._action = action
        self._met = met

    def __call__(self) -> NoReturn:
        if self._action == _TRANSACTION:
            reasons = [(_CONFLICT, _MESSAGE, None) if met else (None, None, None) for met in self._met]
            raise TransactionCanceledException(reasons)
        raise DynamodbException(_TYPE, _MESSAGE)


def _targets(action: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    if action == _TRANSACTION:
        return [next(iter(item.values())) for item in body.get("TransactItems", ())]
    return [body]


def _identity(handler: DynamoHandler, target: dict[str, Any]) -> Identity | None:
    """None where the request is so wrong that moto will say so."""
    table = handler.dynamodb_backend.tables.get(target.get("TableName", ""))
    key = key_in(table, target.get("Key") or target.get("Item") or {}) if table else None
    return identity_of(table, key) if table and key else None
