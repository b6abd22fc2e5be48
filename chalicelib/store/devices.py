import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from operator import and_

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.errors import ClientTaken, DeviceDuplicate, GroupNotFound, InterfaceDuplicate, NumberTaken
from chalicelib.fleet.inventory.facets import MOST_COUNTED, Facet
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device, Interface
from chalicelib.fleet.ports import Page
from chalicelib.fleet.presence.claims import Change
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy.records import Share
from chalicelib.store import facets, mailboxes, managed_objects, usages
from chalicelib.store.claims import enter
from chalicelib.store.conditions import held
from chalicelib.store.configurations import ConfigurationItem
from chalicelib.store.facets import FacetItem
from chalicelib.store.filtering import in_a_document, looked_at
from chalicelib.store.groups import GroupItem, taking_devices
from chalicelib.store.managed_objects import MAIN, ObjectItem
from chalicelib.store.resources import DeviceResourcesItem
from chalicelib.store.tables import Defaults, Table, failed_conditions, key, table_name

DEVICE = Kind(Device, frozenset({"tenant", "id", "revision"}))
_WITH_A_DEVICE = 3
"""Mailbox, configuration and resources, deleted behind the device itself."""


class FleetIndex(GlobalSecondaryIndex["DeviceItem"]):
    """A tenant's devices in order of their ids."""

    class Meta:
        index_name = "fleet"
        projection = AllProjection()

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class DeviceItem(Table):
    class Meta(Defaults):
        table_name = table_name("devices")

    pk = UnicodeAttribute(hash_key=True)
    tenant = UnicodeAttribute()
    id = UnicodeAttribute()
    revision = NumberAttribute()
    doc = UnicodeAttribute()
    fleet = FleetIndex()


class OwnerItem(Table):
    """Which device has the interface (connector, node): unique in the tenant."""

    class Meta(Defaults):
        table_name = table_name("interfaces")

    pk = UnicodeAttribute(hash_key=True)
    device = UnicodeAttribute()


class DeviceTable:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def create(
        self,
        device: Device,
        share: Share | None = None,
        claims: Sequence[Change] = (),
        known_as: ManagedObject | None = None,
    ) -> None:
        added, _ = facets.changes(None, device)
        # Two registrations of one device, of one interface or of one client id, perhaps by two tenants, at once: the
        # transaction lets one of them in.
        before = 2 + len(claims) + len(device.interfaces) + len(added)
        number = before if known_as is not None else None
        meaning = _meaning(grouped=_joins(device), share=share, claims=len(claims), number=number)
        with meaning, TransactWrite(connection=self.connection) as transaction:
            _check_group(transaction, device)
            transaction.save(_item(device), condition=DeviceItem.pk.does_not_exist())
            enter(transaction, claims)
            # A device that is deleted and comes back has a mailbox of other revisions: whoever remembers the old one
            # cannot write over the new.
            transaction.save(mailboxes.item_of(Mailbox(device.tenant, device.id, revision=device.created)))
            for interface in device.interfaces:
                transaction.save(_owner(device, interface), condition=OwnerItem.pk.does_not_exist())
            for entry in added:
                transaction.save(entry)
            _number(transaction, known_as)
            usages.take(transaction, share)

    def get(self, tenant: str, device: str) -> Device | None:
        return _read(tenant, device, consistent=True)

    def glance(self, tenant: str, device: str) -> Device | None:
        """A moment late, for half a read unit."""
        return _read(tenant, device, consistent=False)

    def known(self, tenant: str, device: str) -> Device | None:
        try:
            return _load(DeviceItem.get(key(tenant, device)))
        except DeviceItem.DoesNotExist:
            return None

    def foresee(self, names: Sequence[tuple[str, str]]) -> None:
        """Each is read as it is when it is asked for."""

    def glances(self, names: Sequence[tuple[str, str]]) -> list[Device]:
        """Those that are there, a moment late, in no order."""
        return [_load(item) for item in DeviceItem.glances(key(*name) for name in names)]

    def some(self, tenant: str, devices: Sequence[str]) -> list[Device]:
        found = DeviceItem.batch_get([key(tenant, device) for device in devices], consistent_read=True)
        by_id = {item.id: _load(item) for item in found}
        return [by_id[device] for device in devices if device in by_id]

    def replace(
        self, old: Device, new: Device, claims: Sequence[Change] = (), known_as: ManagedObject | None = None
    ) -> bool:
        before, after = {i.key: i for i in old.interfaces}, {i.key: i for i in new.interfaces}
        added = [after[k] for k in after.keys() - before.keys()]
        removed = [before[k] for k in before.keys() - after.keys()]
        entered, left = facets.changes(old, new)
        item = _item(replace(new, revision=old.revision + 1))
        unchanged = DeviceItem.revision == old.revision
        if not (added or removed or entered or left or claims or known_as):
            return held(lambda: item.save(condition=unchanged))
        grouped = _joins(new) and new.group != old.group
        number = 1 + len(claims) + len(added) + len(entered) if known_as is not None else None
        try:
            # Another device may take the same interface at the same time: the device and its entries change together.
            with (
                _meaning(grouped=grouped, deleted=len(removed) + len(left), claims=len(claims), number=number),
                TransactWrite(connection=self.connection) as transaction,
            ):
                if grouped:
                    _check_group(transaction, new)
                transaction.save(item, condition=unchanged)
                enter(transaction, claims)
                for interface in added:
                    transaction.save(_owner(new, interface), condition=OwnerItem.pk.does_not_exist())
                for interface in removed:
                    transaction.delete(_owner(old, interface), condition=OwnerItem.device == old.id)
                _move(transaction, entered, left)
                _number(transaction, known_as)
        except DeviceDuplicate:
            return False
        return True

    def move_interface(self, source: Device, target: Device, interface: Interface) -> bool:
        giver = replace(source.without_interface(interface), revision=source.revision + 1)
        taker = replace(target.with_interface(interface), revision=target.revision + 1)
        try:
            # Either device may be written meanwhile, or the interface be moved elsewhere: all three or nothing.
            with TransactWrite(connection=self.connection) as transaction:
                transaction.save(_item(giver), condition=DeviceItem.revision == source.revision)
                transaction.save(_item(taker), condition=DeviceItem.revision == target.revision)
                transaction.save(_owner(target, interface), condition=OwnerItem.device == source.id)
                _move(transaction, *facets.changes(source, giver))
                _move(transaction, *facets.changes(target, taker))
        except TransactWriteError as error:
            if any(failed_conditions(error)):
                return False
            raise
        return True

    def delete(self, device: Device, share: Share | None = None, claims: Sequence[Change] = ()) -> bool:
        left = facets.changes(device, None)[1]
        try:
            # An interface added since the device was read would be left behind: look again.
            deleted = len(device.interfaces) + len(left) + _WITH_A_DEVICE
            with _meaning(claims=len(claims), others=deleted), TransactWrite(connection=self.connection) as transaction:
                transaction.delete(_item(device), condition=DeviceItem.revision == device.revision)
                transaction.delete(mailboxes.item_of(Mailbox(device.tenant, device.id)))
                transaction.delete(ConfigurationItem(key(device.tenant, device.id)))
                transaction.delete(DeviceResourcesItem(key(device.tenant, device.id)))
                for interface in device.interfaces:
                    transaction.delete(_owner(device, interface))
                _move(transaction, [], left)
                enter(transaction, claims)
                if device.number is not None:
                    known_as = ObjectItem(key(device.tenant, device.number), MAIN)
                    transaction.update(known_as, actions=managed_objects.hidden(known_as.pk))
                usages.give_back(transaction, share)
        except DeviceDuplicate:
            return False
        return True

    def owner(self, tenant: str, connector: str, node: str) -> str | None:
        try:
            return OwnerItem.get(key(tenant, connector, node), consistent_read=True).device
        except OwnerItem.DoesNotExist:
            return None

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[Device]:
        bound = _beyond(after, descending=descending)
        found = DeviceItem.fleet.query(tenant, bound, limit=limit + 1, scan_index_forward=not descending)
        devices = [_load(item) for item in found]
        return Page(devices[:limit], devices[limit - 1].id if len(devices) > limit else None)

    def saying(
        self,
        tenant: str,
        texts: Sequence[str],
        parts: Sequence[str],
        *,
        after: str | None,
        limit: int,
        descending: bool,
    ) -> Page[Device]:
        # An index's own keys may stand in no filter; the table's key ends with the id.
        said = [DeviceItem.doc.contains(in_a_document(text)) for text in texts]
        named = [DeviceItem.pk.contains(part) for part in parts]
        page = looked_at(
            DeviceItem,
            tenant,
            _beyond(after, descending=descending),
            reduce(and_, (*said, *named)),
            limit=limit,
            index=FleetIndex.Meta.index_name,
            forward=not descending,
        )
        return Page([_load(item) for item in page.items], None if page.cursor is None else page.cursor["id"]["S"])

    def nth(
        self,
        tenant: str,
        number: int,
        facet: tuple[Facet, str] | None = None,
        *,
        after: str | None,
        descending: bool = False,
    ) -> str | None:
        if facet is not None:
            ids = facets.page(tenant, *facet, after=after, limit=number, descending=descending)
        else:
            found = DeviceItem.fleet.query(
                tenant,
                _beyond(after, descending=descending),
                limit=number,
                scan_index_forward=not descending,
                attributes_to_get=["id"],
            )
            ids = [item.id for item in found]
        return ids[-1] if len(ids) == number else None

    def with_facet(
        self, tenant: str, facet: Facet, value: str, *, after: str | None, limit: int, descending: bool = False
    ) -> Page[Device]:
        ids = facets.page(tenant, facet, value, after=after, limit=limit + 1, descending=descending)
        return Page(self.some(tenant, ids[:limit]), ids[limit - 1] if len(ids) > limit else None)

    def grouped(self, tenant: str, group: str, *, after: str | None, limit: int) -> list[str]:
        return facets.page(tenant, Facet.GROUP, group, after=after, limit=limit)

    def values(self, tenant: str, facet: Facet, most: int) -> list[str]:
        return facets.values(tenant, facet, most)

    def count(self, tenant: str, facet: Facet = Facet.GROUP, value: str | None = None, most: int = MOST_COUNTED) -> int:
        return facets.count(tenant, facet, value, most)

    def census(self, tenant: str) -> int:
        return facets.count(tenant, Facet.GROUP, None, sys.maxsize, exact=True)


def _beyond(after: str | None, *, descending: bool) -> Condition | None:
    if after is None:
        return None
    return DeviceItem.id < after if descending else DeviceItem.id > after


@contextmanager
def _meaning(
    *,
    grouped: bool = False,
    deleted: int = 0,
    others: int = 0,
    claims: int = 0,
    share: Share | None = None,
    number: int | None = None,
) -> Iterator[None]:
    """Turns a canceled transaction into what it means.

    First in it is the group's check, where the device joins one; then `deleted` others and the device's own item,
    `others` and that many claims; last the count, where a `share` is taken. `number` is how many are written before
    the object that the device is.
    """
    try:
        yield
    except TransactWriteError as error:
        failed = failed_conditions(error)
        if not any(failed):
            raise
        if failed[grouped + deleted]:
            raise DeviceDuplicate("a device with this id exists already") from error
        if grouped and failed[0]:
            raise GroupNotFound("the group was deleted just now") from error
        first = grouped + deleted + 1 + others
        if any(failed[first : first + claims]):
            raise ClientTaken("whose a client id is has just changed") from error
        if number is not None and failed[grouped + deleted + number]:
            raise NumberTaken("another object was given this number at the same time") from error
        if share is None or any(failed[:-1]):
            raise InterfaceDuplicate("an interface with this connector and node exists already") from error
        usages.ensure_taken(error, share)


def _number(transaction: TransactWrite, known_as: ManagedObject | None) -> None:
    """The object that a device is, which had no number yet: two in one millisecond may draw the same."""
    if known_as is None:
        return
    main, *others = managed_objects.items(known_as)
    transaction.save(main, condition=ObjectItem.pk.does_not_exist())
    for item in (*others, *managed_objects.entered(None, known_as)):
        transaction.save(item)


def _joins(device: Device) -> bool:
    return device.group != ROOT_GROUP


def _check_group(transaction: TransactWrite, device: Device) -> None:
    """The group may be deleted at the same time: a device must not be left in one that is gone."""
    if _joins(device):
        transaction.condition_check(GroupItem, device.tenant, device.group, taking_devices())


def _move(transaction: TransactWrite, entered: list[FacetItem], left: list[FacetItem]) -> None:
    for entry in entered:
        transaction.save(entry)
    for entry in left:
        transaction.delete(entry)


def _item(device: Device) -> DeviceItem:
    return DeviceItem(
        key(device.tenant, device.id),
        tenant=device.tenant,
        id=device.id,
        revision=device.revision,
        doc=DEVICE.dump(device),
    )


def _read(tenant: str, device: str, *, consistent: bool) -> Device | None:
    try:
        return _load(DeviceItem.get(key(tenant, device), consistent_read=consistent))
    except DeviceItem.DoesNotExist:
        return None


def _load(item: DeviceItem) -> Device:
    return DEVICE.load(item.doc, tenant=item.tenant, id=item.id, revision=int(item.revision))


def _owner(device: Device, interface: Interface) -> OwnerItem:
    return OwnerItem(key(device.tenant, interface.connector, interface.node), device=device.id)
