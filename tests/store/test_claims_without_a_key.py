"""Claims of connections that came in without a key, as earlier releases wrote them."""

from dataclasses import replace

from chalicelib.fleet.ports import Ports
from chalicelib.store.claims import ClaimItem

WRITTEN = '{"v":1,"dialect":"ibm","mode":"device","key":"","created":1,"device":"d","connector":"mqtt"}'


def test_they_are_read_and_changed_as_ever(dynamodb: Ports) -> None:
    ClaimItem("d:acme01:t:d", tenant="acme01", doc=WRITTEN).save()
    held = dynamodb.claims.current("d:acme01:t:d")
    assert held is not None
    assert held.key is None
    assert dynamodb.claims.replace(held, replace(held, enabled=False))
