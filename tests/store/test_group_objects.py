"""Groups of the fleet as managed objects, on the tables of DynamoDB."""

from dataclasses import replace

from chalicelib.fleet import ids
from chalicelib.fleet.access import tenants
from chalicelib.fleet.inventory import devices, group_objects, groups, hierarchy, numbering
from chalicelib.fleet.inventory.managed_objects import GROUP, ChildKind, ObjectFacet
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device
from chalicelib.fleet.ports import Ports
from tests.fakes import START
from tests.fakes.tables import ports_on


def test_they_follow_their_groups_and_are_found(dynamodb: Ports) -> None:
    ports = ports_on(dynamodb, seed=20_261_130)
    tenant = tenants.create(ports, "groups and objects")[0].id
    site = groups.create(ports, tenant, "Site", ROOT_GROUP, None)
    pump = Device(tenant, ids.device_id("ns", "pump"), START, START, name="pump", group=site.id)
    devices.register(ports, pump)
    numbering.enable(ports, tenant)
    floor = groups.create(ports, tenant, "Floor", site.id, None)
    devices.update(ports, tenant, pump.id, lambda one: replace(one, group=floor.id))
    groups.update(ports, tenant, floor.id, lambda one: replace(one, name="Roof", parent=ROOT_GROUP))
    tree = ports.groups.tree(tenant)
    roof = tree.get(floor.id).number or ""
    held = hierarchy.children(ports, tenant, roof, ChildKind.ASSET).items
    assert [one.device for one in held] == [pump.id]
    assert hierarchy.parents(ports, tenant, roof) == []
    found = ports.objects.with_facet(tenant, ObjectFacet.ORIGIN, GROUP, after=None, limit=10).items
    assert {one.name for one in found} == {"Site", "Roof"}
    groups.delete(ports, tenant, site.id)
    assert ports.objects.get(tenant, tree.get(site.id).number or "") is None
    assert ports.records.count(tenant, group_objects.KIND) == 0
