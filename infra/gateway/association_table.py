"""Associations in a table of DynamoDB: whichever process takes over a node's number goes on with them."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from infra.gateway.dtls.states import GOOD_MS
from infra.gateway.membership import Membership

_AT_ONCE = 25
"""What BatchWriteItem takes."""
_CONNECTIONS = 8
_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_SLACK_S = 3600


class NotSavedError(Exception):
    """The table took a part of it only, again and again."""


class AssociationTable:
    """A store (see `keeping`) of one door of a node.

    What is saved is found by the node's number and the name of its counter of generations: an association never meets a
    counter that was made anew, and began again with numbers that were used.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        membership: Membership,
        door: str,
        *,
        now: Callable[[], int],
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client, self._table, self._membership, self._door = client, table, membership, door
        self._now, self._sleep = now, sleep

    @property
    def _owner(self) -> dict[str, str]:
        lease = self._membership.lease
        if lease is None:
            raise AssertionError("a node without a number has no associations")
        return {"S": f"{lease.number}/{self._door}/{lease.lineage}"}

    def next_generation(self) -> int:
        return self._membership.next_generation()

    def save(self, states: Mapping[str, bytes], gone: Collection[str]) -> None:
        """Raises LostError where the number is another's by now: what that one has saved since is newer."""
        self._membership.ensure()
        owner, ends = self._owner, {"N": str((self._now() + GOOD_MS) // 1000 + _SLACK_S)}
        wanted: list[dict[str, Any]] = [
            {"DeleteRequest": {"Key": {"owner": owner, "id": {"S": each}}}} for each in gone if each not in states
        ]
        wanted += [
            {"PutRequest": {"Item": {"owner": owner, "id": {"S": id_}, "sealed": {"B": sealed}, "ttl": ends}}}
            for id_, sealed in states.items()
        ]
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            list(pool.map(self._write, _parts(wanted)))

    def _write(self, wanted: list[dict[str, Any]]) -> None:
        left = wanted
        for pause in (0.0, *_PAUSES_S):
            if pause:
                self._sleep(pause)
            answer = self._client.batch_write_item(RequestItems={self._table: left})
            left = answer.get("UnprocessedItems", {}).get(self._table, [])
            if not left:
                return
        raise NotSavedError(f"{len(left)} of {len(wanted)} were not taken")

    def load(self) -> Iterable[tuple[str, bytes]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": self._owner},
        )
        return [(item["id"]["S"], bytes(item["sealed"]["B"])) for page in pages for item in page["Items"]]


def _parts(wanted: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    left = iter(wanted)
    while part := list(islice(left, _AT_ONCE)):
        yield part
