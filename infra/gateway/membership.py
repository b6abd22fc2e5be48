"""Which node has which number: a lease in a table, where nodes also find each other.

A number stands in every connection id of the node that has it, and belongs to its saved associations. So two processes
must never go on with one: each change of a lease is conditional on what was read, and whoever has lost it ends.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_log = logging.getLogger(__name__)

LEASE_MS = 30_000
RENEW_S = 10.0
_SURE_MS = LEASE_MS - 10_000
_REFUSED = "ConditionalCheckFailedException"


class LostError(Exception):
    """Another process has the number by now."""


@dataclass(frozen=True, slots=True)
class Lease:
    """`lineage` is a name of the counter of generations: a counter that was made anew has another one."""

    number: int
    lineage: str


@dataclass(frozen=True, slots=True)
class Node:
    """Another one: where it takes what is for its associations."""

    number: int
    address: str
    port: int


class Membership:
    """`holder` names this process, `machine` what no two processes that run at once have in common.

    From its predecessor on the same machine a process takes the number without waiting for the end of the lease.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        holder: str,
        *,
        machine: str,
        numbers: int,
        now: Callable[[], int],
        chance: Callable[[], str],
    ) -> None:
        self._client, self._table, self._holder, self._machine = client, table, holder, machine
        self._numbers, self._now, self._chance = numbers, now, chance
        self._where: tuple[str, int] = ("", 0)
        self._sure_until = 0
        self.lease: Lease | None = None

    def claim(self) -> Lease | None:
        """A number that nobody has; None while all are taken."""
        for number in range(self._numbers):
            lease = self._claimed(number)
            if lease is not None:
                self.lease = lease
                return lease
        return None

    def _claimed(self, number: int) -> Lease | None:
        found = self._client.get_item(TableName=self._table, Key=_key(number), ConsistentRead=True).get("Item")
        if found is None:
            lineage = self._chance()
            fresh = {
                **_key(number),
                "lineage": {"S": lineage},
                "generation": {"N": "0"},
                **self._held(),
            }
            # Of two processes that start at once one makes it.
            made = self._changed(
                lambda: self._client.put_item(
                    TableName=self._table, Item=fresh, ConditionExpression="attribute_not_exists(id)"
                )
            )
            return Lease(number, lineage) if made else None
        free = int(found["until"]["N"]) <= self._now() or found["machine"]["S"] == self._machine
        # Another one may have taken or renewed it since it was read.
        same = {":then": found["until"], ":whose": found["holder"]}
        if free and self._renewed(number, "#until = :then AND holder = :whose", same):
            return Lease(number, found["lineage"]["S"])
        return None

    def renew(self) -> None:
        """Raises LostError."""
        if self.lease is None or not self._renewed(self.lease.number, "holder = :mine", {}):
            raise LostError("another process has the number of this node")

    def ensure(self) -> None:
        """Ask only where the lease may be over: a process that was not held up has it. Raises LostError."""
        if self._now() >= self._sure_until:
            self.renew()

    def move(self, address: str, port: int) -> None:
        """Where others send what is for this node, from the next renewal on."""
        self._where = address, port

    def release(self) -> None:
        """Whoever comes next need not wait. Not before all is saved: its successor restores at once."""
        if self.lease is None:
            return
        number = self.lease.number
        self._changed(
            lambda: self._client.update_item(
                TableName=self._table,
                Key=_key(number),
                UpdateExpression="SET #until = :over",
                ConditionExpression="holder = :mine",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":over": {"N": "0"}, ":mine": {"S": self._holder}},
            )
        )

    def next_generation(self) -> int:
        """A number that was never given for this lineage; durable. Raises LostError."""
        if self.lease is None:
            raise LostError("this node has no number")
        number = self.lease.number
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(number),
                UpdateExpression="ADD generation :one",
                # The numbers of a generation are nonces: nobody takes one for a node that is another's by now.
                ConditionExpression="holder = :mine AND lineage = :lineage",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":mine": {"S": self._holder},
                    ":lineage": {"S": self.lease.lineage},
                },
                ReturnValues="UPDATED_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == _REFUSED:
                raise LostError("another process has the number of this node") from error
            raise
        return int(answer["Attributes"]["generation"]["N"])

    def others(self) -> dict[int, Node]:
        """Nodes that are there, but for this one."""
        found: dict[int, Node] = {}
        for item in self._client.scan(TableName=self._table, ConsistentRead=True)["Items"]:
            number, port = int(item["id"]["N"]), int(item["port"]["N"])
            mine = self.lease is not None and number == self.lease.number
            if not mine and port and int(item["until"]["N"]) > self._now():
                found[number] = Node(number, item["address"]["S"], port)
        return found

    def _held(self) -> dict[str, Any]:
        address, port = self._where
        return {
            "holder": {"S": self._holder},
            "machine": {"S": self._machine},
            "address": {"S": address},
            "port": {"N": str(port)},
            "until": {"N": str(self._now() + LEASE_MS)},
        }

    def _renewed(self, number: int, condition: str, values: Mapping[str, Any]) -> bool:
        held, sure = self._held(), self._now() + _SURE_MS
        renewed = self._changed(
            lambda: self._client.update_item(
                TableName=self._table,
                Key=_key(number),
                UpdateExpression=(
                    "SET holder = :mine, machine = :machine, address = :address, #port = :port, #until = :until"
                ),
                ConditionExpression=condition,
                ExpressionAttributeNames={"#until": "until", "#port": "port"},
                ExpressionAttributeValues={
                    ":mine": held["holder"],
                    ":machine": held["machine"],
                    ":address": held["address"],
                    ":port": held["port"],
                    ":until": held["until"],
                    **values,
                },
            )
        )
        self._sure_until = sure if renewed else 0
        return renewed

    def _changed(self, change: Callable[[], object]) -> bool:
        try:
            change()
        except ClientError as error:
            if error.response["Error"]["Code"] == _REFUSED:
                return False
            raise
        return True


def _key(number: int) -> dict[str, Any]:
    return {"id": {"N": str(number)}}


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
