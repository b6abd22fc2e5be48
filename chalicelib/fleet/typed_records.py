"""Records of one kind as values of one type, over the records that dialects and wings keep for themselves."""

from collections.abc import Callable, Iterator
from dataclasses import replace as replaced
from typing import Generic, TypeVar

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.documents import Record
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Kind

T = TypeVar("T")
_PAGE = 100


def _never(_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class TypedRecords(Generic[T]):
    """`name` is the records' kind, `shape` how a value becomes JSON, `due` when (ms) the sweep is to look at one.

    `expires` is when (s) one may be forgotten.
    """

    name: str
    shape: Kind[T]
    due: Callable[[T], int | None] = _never
    expires: Callable[[T], int | None] = _never

    def of(self, owner: str) -> "TypedRecords[T]":
        """Those that belong to one thing, a device for example."""
        return replaced(self, name=f"{self.name}/{owner}")

    def get(self, ports: Ports, tenant: str, record: str) -> T | None:
        found = ports.records.get(tenant, self.name, record)
        return None if found is None else self._read(found)

    def named(self, tenant: str, record: str) -> tuple[str, str, str]:
        """As the ports name it."""
        return tenant, self.name, record

    def value(self, record: Record) -> T:
        """What such a record says."""
        return self._read(record)

    def glance(self, ports: Ports, tenant: str, record: str) -> T | None:
        """As `get`, a moment late, for half of what it costs; who finds nothing, or something odd, asks again."""
        found = ports.records.glance(tenant, self.name, record)
        return None if found is None else self._read(found)

    def create(self, ports: Ports, tenant: str, record: str, value: T) -> bool:
        """False if there is one with this id."""
        return ports.records.create(self._written(tenant, record, value))

    def change(
        self,
        ports: Ports,
        tenant: str,
        record: str,
        change: Callable[[T], T],
        otherwise: Callable[[], T] | None = None,
        *,
        glancing: bool = False,
    ) -> T | None:
        """The value after `change`; what is not there is None, or begins as `otherwise`. Errors: Contended.

        Of two who make the same of it both take it for theirs: where one alone may go on, `change` writes a `new_draw`.
        Where it is `glancing`, what it changes first may be a moment old: for a `change` that always changes something,
        or leaves alone only what will not change any more. What is written is always made of what is there.
        """
        wanted: tuple[Record, T] | None = None

        def changed() -> T | Again | None:
            nonlocal wanted, glancing
            glanced, glancing = glancing, False
            found = (ports.records.glance if glanced else ports.records.get)(tenant, self.name, record)
            if found is None and otherwise is None:
                return AGAIN if glanced else None
            if wanted is not None and found is not None and found.body == wanted[0].body:
                # A write whose answer was lost on the way is repeated, and then it fails: it was ours all the same.
                return wanted[1]
            before = otherwise() if found is None and otherwise is not None else self._read(found)
            after = change(before)
            if found is not None and after == before:
                return after
            written = self._written(tenant, record, after)
            wanted = written, after
            # Another run may write it at the same time: whoever comes second begins with what the first has left.
            done = ports.records.create(written) if found is None else ports.records.replace(found, written)
            return after if done else AGAIN

        return insist(ports, f"{self.name} {record}", changed)

    def delete(self, ports: Ports, tenant: str, record: str) -> None:
        ports.records.delete(tenant, self.name, record)

    def first(self, ports: Ports, tenant: str, limit: int) -> list[T]:
        """In order of their ids."""
        return [self._read(each) for each in ports.records.page(tenant, self.name, after=None, limit=limit).items]

    def after(self, ports: Ports, tenant: str, record: str | None, limit: int) -> list[T]:
        return [self._read(each) for each in ports.records.page(tenant, self.name, after=record, limit=limit).items]

    def count(self, ports: Ports, tenant: str) -> int:
        return ports.records.count(tenant, self.name)

    def every(self, ports: Ports, tenant: str) -> Iterator[T]:
        yield from (value for _, value in self.items(ports, tenant))

    def items(self, ports: Ports, tenant: str) -> Iterator[tuple[str, T]]:
        """All with their ids, in order of those, however many."""
        last: str | None = None
        while True:
            page = ports.records.page(tenant, self.name, after=last, limit=_PAGE)
            yield from ((each.id, self._read(each)) for each in page.items)
            last = page.cursor
            if last is None:
                return

    def _read(self, record: Record | None) -> T:
        if record is None:
            raise AssertionError("nothing to read")
        return self.shape.read(record.body)

    def _written(self, tenant: str, record: str, value: T) -> Record:
        body = self.shape.body(value)
        return Record(tenant, self.name, record, body, expires=self.expires(value), due=self.due(value))
