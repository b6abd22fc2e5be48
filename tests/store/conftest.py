import pytest

from chalicelib.fleet.ports import Ports
from tests.fakes import MemoryPorts


@pytest.fixture(params=["memory", "dynamodb"])
def ports(request: pytest.FixtureRequest) -> Ports:
    """One contract, two implementations: the fake that fast tests use keeps what the tables promise."""
    if request.param == "memory":
        return MemoryPorts()
    stores: Ports = request.getfixturevalue("dynamodb")
    return stores


@pytest.fixture
def tenant(ports: Ports) -> str:
    return ports.chance(3).hex()
