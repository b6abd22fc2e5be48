import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from zlib import crc32

from pynamodb.attributes import BinaryAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.errors import ExternalIdDuplicate, TooLarge
from chalicelib.fleet.ids import sortable
from chalicelib.fleet.inventory.managed_objects import (
    ChildKind,
    ExternalId,
    Leaving,
    ManagedObject,
    ObjectFacet,
    facet_value,
    facets,
)
from chalicelib.fleet.ports import Page
from chalicelib.fleet.shapes import Kind
from chalicelib.store import external_ids, packing
from chalicelib.store.conditions import held
from chalicelib.store.external_ids import ExternalIdItem
from chalicelib.store.facets import FacetItem, beginning, entries, entry
from chalicelib.store.tables import (
    Defaults,
    Table,
    failed_conditions,
    key,
    shared_connection,
    table_name,
)

LARGE = 4_096
"""Characters of JSON from which on a fragment is an item of its own: writing another one does not pay for it."""
MAX_ITEM = 350_000
"""Bytes of an item's document."""
MOST_LARGE = 40
MAIN, _FRAGMENT, _NAME = "a", "b#", "i#"
_BEHIND_FRAGMENTS = "c"
SHARDS = 8
_LEFT = "!left"
"""Among the tenants in the index, with the number of a shard: those of all tenants that are leaving."""
_HIDDEN, _WITH_DATA = "yes", "data"
_WRITTEN_APART = frozenset({"parents", "lineage", "height", "joined", "alarms", "alarms_counted"})
OBJECT = Kind(ManagedObject, frozenset({"tenant", "id", "revision"}) | _WRITTEN_APART)


class PlaceIndex(GlobalSecondaryIndex["ObjectItem"]):
    """A tenant's objects in order of their numbers."""

    class Meta:
        index_name = "inventory"
        projection = KeysOnlyProjection()

    place = UnicodeAttribute(hash_key=True)
    number = UnicodeAttribute(range_key=True)


class ObjectItem(Table):
    """An object's own record first, then its large fragments, its children and parents, its external ids."""

    class Meta(Defaults):
        table_name = table_name("objects")

    pk = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    place = UnicodeAttribute(null=True)
    number = UnicodeAttribute(null=True)
    revision = NumberAttribute(null=True)
    parents = NumberAttribute(null=True)
    lineage = NumberAttribute(null=True)
    height = NumberAttribute(null=True)
    joined = NumberAttribute(null=True)
    alarms = JSONAttribute(null=True)
    alarms_counted = NumberAttribute(null=True)
    large = UnicodeSetAttribute(null=True)
    leaving = UnicodeAttribute(null=True)
    child = UnicodeAttribute(null=True)
    doc = BinaryAttribute(null=True, legacy_encoding=False)
    inventory = PlaceIndex()


class ObjectRecords:
    """Objects themselves, by number and by facet."""

    def create(self, made: ManagedObject, named: Sequence[ExternalId] = ()) -> bool:
        main, *large = items(made)
        try:
            # Two objects of one number, or of one external id, at once: the transaction lets one of them in.
            with TransactWrite(connection=shared_connection()) as transaction:
                transaction.save(main, condition=ObjectItem.pk.does_not_exist())
                for external in named:
                    transaction.save(external_ids.item(external), condition=ExternalIdItem.pk.does_not_exist())
                for item in (*large, *entered(None, made), *(name_item(external) for external in named)):
                    transaction.save(item)
        except TransactWriteError as error:
            failed = failed_conditions(error)
            if not any(failed):
                raise
            if failed[0]:
                return False
            taken = next(n for n, is_taken in zip(named, failed[1:], strict=False) if is_taken)
            raise ExternalIdDuplicate(f"another object has the external id {taken.type} {taken.value[:64]}") from error
        return True

    def get(self, tenant: str, number: str) -> ManagedObject | None:
        found = ObjectItem.query(key(tenant, number), ObjectItem.part < _BEHIND_FRAGMENTS, consistent_read=True)
        items_ = list(found)
        there = bool(items_) and items_[0].part == MAIN and not items_[0].leaving
        return _load(tenant, items_[0], items_[1:]) if there else None

    def some(self, tenant: str, numbers: Sequence[str]) -> list[ManagedObject]:
        wanted = {key(tenant, number): number for number in numbers}
        mains = {i.pk: i for i in _batch([(pk, MAIN) for pk in wanted]) if not i.leaving and i.doc}
        parts = [(pk, _FRAGMENT + name) for pk, main in mains.items() for name in main.large or ()]
        large: dict[str, list[ObjectItem]] = {}
        for item in _batch(parts):
            large.setdefault(item.pk, []).append(item)
        return [_load(tenant, mains[pk], large.get(pk, ())) for pk in wanted if pk in mains]

    def replace(self, old: ManagedObject, new: ManagedObject) -> bool:
        main, *large = items(new)
        was, *parts = items(old)
        before = {item.part: bytes(item.doc) for item in parts}
        written = [item for item in large if before.pop(item.part, None) != bytes(item.doc)]
        came, gone = entered(old, new), entered(new, old)
        # Hierarchy and content are written side by side: each sets only what is its own.
        actions: list[Action] = [ObjectItem.doc.set(main.doc), ObjectItem.revision.set(old.revision + 1)]
        if main.large != was.large:
            actions.append(ObjectItem.large.set(main.large) if main.large else ObjectItem.large.remove())
        same = unchanged(old)
        if not (written or before or came or gone):
            return held(lambda: ObjectItem(main.pk, MAIN).update(actions=actions, condition=same))
        with_parts = [*(ObjectItem(main.pk, part) for part in before), *gone]
        try:
            with TransactWrite(connection=shared_connection()) as transaction:
                for item in with_parts:
                    transaction.delete(item)
                for item in (*written, *came):
                    transaction.save(item)
                transaction.update(ObjectItem(main.pk, MAIN), actions=actions, condition=same)
        except TransactWriteError as error:
            if any(failed_conditions(error)):
                return False
            raise
        return True

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[ManagedObject]:
        numbers = [_number(item.pk) for item in _placed(tenant, after, limit + 1, descending=descending)]
        return Page(self.some(tenant, numbers[:limit]), numbers[limit - 1] if len(numbers) > limit else None)

    def with_facet(
        self, tenant: str, facet: ObjectFacet, value: str, *, after: str | None, limit: int, descending: bool = False
    ) -> Page[ManagedObject]:
        bound = sortable(after) if after is not None else None
        found = entries(tenant, _facet(facet), facet_value(value), after=bound, limit=limit + 1, descending=descending)
        numbers = [number.lstrip("0") for number in found]
        return Page(self.some(tenant, numbers[:limit]), numbers[limit - 1] if len(numbers) > limit else None)

    def beginning(
        self, tenant: str, facet: ObjectFacet, prefix: str, *, after: str | None, limit: int
    ) -> Page[ManagedObject]:
        found = beginning(tenant, _facet(facet), facet_value(prefix), after=after, limit=limit + 1)
        numbers = [number.lstrip("0") for _, number in found[:limit]]
        return Page(self.some(tenant, numbers), found[limit - 1][0] if len(found) > limit else None)

    def leave(self, old: ManagedObject, cascade: frozenset[ChildKind] = frozenset(), *, data: bool = False) -> bool:
        item = ObjectItem(key(old.tenant, old.id), MAIN)
        actions = hidden(item.pk, cascade, data=data)
        # What was written since it was read is to be seen by whoever deletes it.
        return held(lambda: item.update(actions=actions, condition=unchanged(old)))

    def count_alarms(self, old: ManagedObject, alarms: Mapping[str, int]) -> bool:
        item = ObjectItem(key(old.tenant, old.id), MAIN)
        actions: list[Action] = [ObjectItem.alarms.set(dict(alarms)), ObjectItem.alarms_counted.add(1)]
        counted = ObjectItem.alarms_counted
        same = counted == old.alarms_counted if old.alarms_counted else counted.does_not_exist()
        # What is erased, or was counted once more since it was read, is not written.
        there = ObjectItem.revision.exists() & ObjectItem.leaving.does_not_exist()
        return held(lambda: item.update(actions=actions, condition=same & there))

    def leaving(self, tenant: str, number: str) -> Leaving | None:
        try:
            item = ObjectItem.get(key(tenant, number), MAIN, consistent_read=True)
        except ObjectItem.DoesNotExist:
            return None
        return _leaving(item) if item.leaving else None

    def left(self) -> Iterator[tuple[str, str]]:
        for shard in range(SHARDS):
            for item in ObjectItem.inventory.query(f"{_LEFT}{shard}"):
                tenant, _, number = item.pk.partition("#")
                yield tenant, number

    def erase(self, tenant: str, number: str) -> None:
        pk = key(tenant, number)
        # Its own record comes last: what is left behind by a crash is found by it.
        parts = list(ObjectItem.query(pk, ObjectItem.part < _BEHIND_FRAGMENTS, consistent_read=True))
        main = next((item for item in parts if item.part == MAIN), None)
        large = [item for item in parts if item.part != MAIN]
        for item in entered(None, _load(tenant, main, large)) if main is not None and main.doc else ():
            item.delete()
        for part in large:
            part.delete()
        if main is not None:
            main.delete()


def items(made: ManagedObject) -> list[ObjectItem]:
    """Its own record, and the fragments that are items of their own. Errors: TooLarge."""
    pk = key(made.tenant, made.id)
    texts = {name: json.dumps(value, separators=(",", ":")) for name, value in made.fragments.items()}
    long = sorted((name for name, text in texts.items() if len(text) >= LARGE), key=lambda name: -len(texts[name]))
    large = {name: ObjectItem(pk, _FRAGMENT + name, doc=_packed(texts[name])) for name in long[:MOST_LARGE]}
    small = {name: value for name, value in made.fragments.items() if name not in large}
    main = ObjectItem(
        pk,
        MAIN,
        place=made.tenant,
        number=sortable(made.id),
        revision=made.revision,
        parents=made.parents,
        lineage=made.lineage,
        height=made.height,
        joined=made.joined,
        large=frozenset(large) or None,
        doc=_packed(OBJECT.dump(replace(made, fragments=small))),
    )
    return [main, *large.values()]


def entered(old: ManagedObject | None, new: ManagedObject) -> list[FacetItem]:
    """The facets that `new` has and `old` does not."""
    more = facets(new) - (facets(old) if old is not None else frozenset())
    return [entry(new.tenant, _facet(facet), value, sortable(new.id)) for facet, value in sorted(more)]


def root_entry(found: ManagedObject) -> FacetItem:
    return entry(found.tenant, _facet(ObjectFacet.ROOT), "", sortable(found.id))


def unchanged(old: ManagedObject) -> Condition:
    same: Condition = (ObjectItem.revision == old.revision) & ObjectItem.leaving.does_not_exist()
    return same


def hidden(pk: str, cascade: frozenset[ChildKind] = frozenset(), *, data: bool = False) -> list[Action]:
    """How an object becomes one that is leaving; nobody who has read it before joins or writes it any more."""
    return [
        # A device that is deleted because its object leaves takes along what that was to take along.
        ObjectItem.leaving.set(ObjectItem.leaving | ",".join([_WITH_DATA if data else _HIDDEN, *sorted(cascade)])),
        ObjectItem.place.set(f"{_LEFT}{crc32(pk.encode()) % SHARDS}"),
        ObjectItem.lineage.add(1),
        ObjectItem.revision.add(1),
    ]


def name_item(external: ExternalId) -> ObjectItem:
    part = _NAME + external_ids.digest(external.type, external.value)
    return ObjectItem(
        key(external.tenant, external.object), part, doc=_packed(json.dumps([external.type, external.value]))
    )


def names(tenant: str, number: str) -> Iterator[ExternalId]:
    for item in ObjectItem.query(key(tenant, number), ObjectItem.part.startswith(_NAME), consistent_read=True):
        type_, value = json.loads(packing.unpack(bytes(item.doc)))
        yield ExternalId(tenant, type_, value, number)


def _load(tenant: str, main: ObjectItem, large: Sequence[ObjectItem]) -> ManagedObject:
    found = OBJECT.load(
        packing.unpack(bytes(main.doc)),
        tenant=tenant,
        id=_number(main.pk),
        revision=int(main.revision or 0),
        parents=int(main.parents or 0),
        lineage=int(main.lineage or 0),
        height=int(main.height or 0),
        joined=int(main.joined or 0),
        alarms=main.alarms or {},
        alarms_counted=int(main.alarms_counted or 0),
    )
    more = {item.part.removeprefix(_FRAGMENT): json.loads(packing.unpack(bytes(item.doc))) for item in large}
    return replace(found, fragments={**found.fragments, **more}) if more else found


def _leaving(item: ObjectItem) -> Leaving:
    tenant, _, number = item.pk.partition("#")
    how, *chosen = (item.leaving or "").split(",")
    kinds = frozenset(ChildKind(kind) for kind in chosen)
    was = _load(tenant, item, ()) if item.doc else None
    file = was.attachment.file if was is not None and was.attachment is not None else None
    return Leaving(tenant, number, was.device if was is not None else None, kinds, how == _WITH_DATA, file)


def _packed(text: str) -> bytes:
    """Errors: TooLarge."""
    packed = packing.pack(text)
    if len(packed) > MAX_ITEM:
        raise TooLarge(f"a fragment, or all small ones together, take more than {MAX_ITEM} bytes")
    return packed


def _placed(place: str, after: str | None, limit: int, *, descending: bool = False) -> list[ObjectItem]:
    bound: Condition | None = None
    if after is not None:
        beyond = sortable(after)
        bound = ObjectItem.number < beyond if descending else ObjectItem.number > beyond
    return list(ObjectItem.inventory.query(place, bound, limit=limit, scan_index_forward=not descending))


def _batch(keys: Sequence[tuple[str, str]]) -> Iterator[ObjectItem]:
    return iter(ObjectItem.batch_get(list(keys), consistent_read=True) if keys else ())


def _number(pk: str) -> str:
    return pk.rpartition("#")[2]


def _facet(facet: ObjectFacet) -> str:
    return f"object {facet}"
