"""Counts what AWS would bill, call by call, from inside botocore."""

import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bench.units import capacity, tables
from bench.units.capacity import Item

_CONDITION_FAILED = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})


@dataclass(frozen=True, slots=True)
class Use:
    """One billed thing: `what` names it, `by` the function that caused it."""

    what: str
    by: str
    reads: float = 0
    writes: float = 0
    size: int = 0
    """Bytes of what was put."""
    touched: tuple[tuple[str, str, float], ...] = ()
    """Of writes: table or index, its partition key there, and units."""


@dataclass(frozen=True, slots=True)
class _Write:
    """One item of a write, with what was there before it; `new` is None for a deletion.

    What an update makes of an item is known when it is done: `updated` is the item's key.
    """

    table: str
    old: Item | None
    new: Item | None
    updated: Item | None = None


@dataclass
class Meter:
    """Hangs on the events of every botocore session made after it; counts only while `measuring`.

    `calls` are billed things by name, `waits` how often a function waited for a service.
    """

    region: str
    uses: list[Use] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    waits: Counter[tuple[str, str]] = field(default_factory=Counter)
    function: str = ""
    _counting: bool = False

    def handlers(self) -> list[tuple[str, Any]]:
        """For botocore's own list, which sessions take over when they are made."""
        return [("before-parameter-build.dynamodb", self._before), ("after-call", self._after)]

    @contextmanager
    def measuring(self) -> Iterator[None]:
        self.uses.clear()
        self.calls.clear()
        self.waits.clear()
        self._counting = True
        try:
            yield
        finally:
            self._counting = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        before, self._counting = self._counting, False
        try:
            yield
        finally:
            self._counting = before

    @contextmanager
    def within(self, function: str) -> Iterator[None]:
        outer, self.function = self.function, function
        try:
            yield
        finally:
            self.function = outer

    def count(self, what: str, times: int = 1) -> None:
        """Something billed that is no call of ours, such as a message of a device."""
        if self._counting:
            self.calls[what] += times

    def reads(self) -> float:
        return sum(use.reads for use in self.uses)

    def writes(self) -> float:
        return sum(use.writes for use in self.uses)

    def _before(self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        """What is there before a write decides what it costs, so it is looked at now."""
        if self._counting:
            context["homeport"] = params, [*self._writes(model.name, params)]

    def _after(self, parsed: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if not self._counting:
            return
        service = model.service_model.service_name
        self.calls[f"{service}:{model.name}"] += 1
        self.waits[self.function, service] += 1
        if service != "dynamodb":
            self.uses.append(Use(f"{service} {model.name}", self.function))
            return
        params, writes = context.pop("homeport")
        failed = parsed.get("Error", {}).get("Code") in _CONDITION_FAILED
        factor = capacity.TRANSACTION if model.name == "TransactWriteItems" else 1
        for write in writes:
            self.uses.append(self._written(model.name, self._made(write), factor, failed=failed))
        self.uses += self._read(model.name, params, parsed)

    def _writes(self, operation: str, params: Mapping[str, Any]) -> Iterator[_Write]:
        match operation:
            case "PutItem":
                yield self._write(params["TableName"], params["Item"], params["Item"])
            case "DeleteItem":
                yield self._write(params["TableName"], params["Key"], None)
            case "TransactWriteItems":
                for part in params["TransactItems"]:
                    ((kind, request),) = part.items()
                    yield from self._writes(f"{kind}Item", request)
            case "UpdateItem":
                yield replace(self._write(params["TableName"], params["Key"], None), updated=params["Key"])
            case "ConditionCheckItem":
                yield _unchanged(self._write(params["TableName"], params["Key"], None))
            case "BatchWriteItem":
                for table, requests in params["RequestItems"].items():
                    for request in requests:
                        put = request.get("PutRequest", {}).get("Item")
                        yield self._write(table, put or request["DeleteRequest"]["Key"], put)

    def _write(self, table: str, holder: Mapping[str, Any], new: Item | None) -> _Write:
        return _Write(table, tables.present(self.region, table, holder), new)

    def _made(self, write: _Write) -> _Write:
        if write.updated is None:
            return write
        return replace(write, new=tables.present(self.region, write.table, write.updated))

    def _written(self, operation: str, write: _Write, factor: int, *, failed: bool) -> Use:
        keys, noun = tables.key_names(self.region, write.table), _noun(write.table)
        own = factor * capacity.write_units(write.old, None if failed else write.new)
        touched = [(noun, _partition(keys[0], write.new, write.old), float(own))]
        if not failed:
            for index in tables.indexes(self.region, write.table):
                if entered := capacity.index_units(index, keys, write.old, write.new):
                    name = index["KeySchema"][0]["AttributeName"]
                    of_index = f"{noun}/index/{index['IndexName']}"
                    touched.append((of_index, _partition(name, write.new, write.old), float(entered)))
        units = sum(each for _, _, each in touched)
        size = capacity.item_size(write.new) if write.new and not failed else 0
        return Use(f"{operation} {noun}", self.function, writes=units, size=size, touched=tuple(touched))

    def _read(self, operation: str, params: Mapping[str, Any], parsed: Mapping[str, Any]) -> Iterator[Use]:
        match operation:
            case "GetItem":
                found = [_plain(parsed["Item"])] if "Item" in parsed else []
                yield self._reading(operation, params["TableName"], found, params.get("ConsistentRead", False))
            case "BatchGetItem":
                for table, items in parsed["Responses"].items():
                    strong = params["RequestItems"][table].get("ConsistentRead", False)
                    for item in items:
                        yield self._reading(operation, table, [_plain(item)], strong)
                    # Looking for what is not there costs as much as finding it.
                    for _ in params["RequestItems"][table]["Keys"][len(items) :]:
                        yield self._reading(operation, table, [], strong)
            case "Query":
                yield self._reading(
                    f"Query {params.get('IndexName', '')}".strip(),
                    params["TableName"],
                    self._walked(params, parsed),
                    params.get("ConsistentRead", False),
                )
            case "Scan" | "TransactGetItems":
                raise NotImplementedError(f"{operation} is not counted yet")

    def _walked(self, params: Mapping[str, Any], parsed: Mapping[str, Any]) -> list[Item]:
        """What a query read: a filter or a count hides items from the answer, not from the bill."""
        if params.get("Select") != "COUNT" and parsed.get("ScannedCount") == parsed.get("Count"):
            return [_plain(item) for item in parsed.get("Items", ())]
        sample = tables.every(self.region, params["TableName"])[:1] or [{}]
        return sample * int(parsed.get("ScannedCount", 0))

    def _reading(self, operation: str, table: str, items: list[Item], consistent: bool) -> Use:  # noqa: FBT001
        units = capacity.read_units(items, consistent=consistent)
        return Use(f"{operation} {_noun(table)}", self.function, reads=units)


def _partition(name: str, *items: Item | None) -> str:
    """Its value in the first item that has it."""
    return next((str(next(iter(item[name].values()))) for item in items if item and name in item), "")


def _unchanged(write: _Write) -> _Write:
    return replace(write, new=write.old)


def _noun(table: str) -> str:
    return table.split("-", 2)[2]


def _plain(item: Item) -> Item:
    """Sessions of botocore hand binary values over decoded; PynamoDB's sessions leave them as text."""
    return {
        name: {"B": base64.b64decode(value["B"])} if isinstance(value.get("B"), str) else value
        for name, value in item.items()
    }
