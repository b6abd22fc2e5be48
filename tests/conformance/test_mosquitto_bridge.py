"""thin-edge.io's bridge over TLS, with the CA in a file, to the stage's broker, which is as strict as IoT Core."""

import shutil
from pathlib import Path

import pytest

from tests.conformance.mosquitto_bridge import Tenant, bridged, is_checked_speaks_and_obeys
from tests.local.running import RunningStack

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.row("G7", "G8", "G9"),
    pytest.mark.skipif(shutil.which("mosquitto") is None, reason="mosquitto is not installed"),
]


def test_the_bridge_is_checked_speaks_and_obeys(running_stack: RunningStack, tmp_path: Path) -> None:
    tenant, serial = Tenant(running_stack), "tedge-bridge"
    address = f"localhost:{running_stack.mqtts}"
    with bridged(tmp_path, address, serial, (tenant.user, tenant.password), ca=running_stack.ca) as local:
        is_checked_speaks_and_obeys(tenant, local, serial)
