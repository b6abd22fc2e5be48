"""What is read for half a unit, by functions that hear of it late in any case."""

from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.presence.claims import NOBODY, Claim, Fence
from chalicelib.store.cache import Cache, CachedClaims
from chalicelib.store.devices import DeviceTable
from chalicelib.store.tables import shared_connection
from tests.fakes import MemoryPorts, SetClock

CLAIM = Claim("c", "t", "live_objects", "device", "k", 1, device="d", connector="mqtt")
ON_ITS_WAY = Claim("c", NOBODY, "live_objects", "", None, 2, fence=Fence(2))


def claims(earlier: Claim | None, present: Claim | None) -> CachedClaims:
    made = MemoryPorts().claims
    made.rows, made.earlier = {"c": present} if present else {}, lambda _client: earlier
    return CachedClaims(Cache(SetClock()), made)


def test_a_claim_is_taken_as_a_replica_has_it() -> None:
    assert claims(CLAIM, ON_ITS_WAY).get("c") == CLAIM


def test_a_claim_that_no_replica_has_yet_is_found() -> None:
    assert claims(None, CLAIM).get("c") == CLAIM


def test_a_claim_on_its_way_is_read_as_it_is_now() -> None:
    """Its new holder may have connected this moment."""
    assert claims(ON_ITS_WAY, CLAIM).get("c") == CLAIM


def test_the_present_claim_is_never_that_of_a_replica() -> None:
    read = claims(CLAIM, ON_ITS_WAY)
    assert read.get("c") == CLAIM
    assert read.current("c") == ON_ITS_WAY


def test_a_device_that_no_replica_has_yet_is_found(dynamodb: object) -> None:
    assert dynamodb
    table = DeviceTable(shared_connection())
    table.create(Device("glances", "d", 1, 1))
    assert table.glance("glances", "d") == table.get("glances", "d")
    assert table.glance("glances", "e") is None
