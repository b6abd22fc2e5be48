import pytest

from tests.fakes import MemoryPorts
from tests.fleet.rig import Rig


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def online(rig: Rig) -> Rig:
    """The rig with its device connected and taking commands."""
    rig.connect()
    return rig
