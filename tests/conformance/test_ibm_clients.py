"""The published clients of IBM's platform, unmodified, against the stack at the edge: only host and CA are changed."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.environments import node_environment, python_environment, python_with_old_tls
from tests.ibm.clients import Organization
from tests.local.running import RunningStack

pytestmark = [pytest.mark.conformance, pytest.mark.row("H6", "J1")]

CLIENTS = Path(__file__).parent / "clients"
HOSTS = "*.messaging.internetofthings.ibmcloud.com *.internetofthings.ibmcloud.com internetofthings.ibmcloud.com"
_ENDS_WITHIN_S = 240


@pytest.fixture(scope="module")
def edge() -> Iterator[RunningStack]:
    with RunningStack(HOMEPORT_LENIENT="1", HOMEPORT_HOSTS=HOSTS, HOMEPORT_QUICKSTART_CLIENTS="10") as stack:
        yield stack
        print(stack.log)


@pytest.fixture
def organization(edge: RunningStack) -> Organization:
    return Organization(edge)


@pytest.fixture
def device() -> str:
    return f"d-{uuid.uuid4().hex[:8]}"


def run(edge: RunningStack, organization: Organization, program: list[str], device: str) -> Any:
    """What the program printed as its last line."""
    settings = {
        "org": organization.id,
        "key": organization.key,
        "token": organization.token,
        "device": device,
        "mqtts": edge.mqtts,
        "mqtt": edge.mqtt,
        "https": edge.https,
        "ca": str(edge.ca),
    }
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HOMEPORT_", "PYTHON"))},
        "HOMEPORT_CONFORMANCE": json.dumps(settings),
        "REQUESTS_CA_BUNDLE": str(edge.ca),
        "NODE_EXTRA_CA_CERTS": str(edge.ca),
    }
    # The clients write logs where they are started.
    done = subprocess.run(
        program,
        cwd=edge.data,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_ENDS_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])


def trusting(python: Path, package: str, ca: Path) -> Path:
    """The interpreter, once its client trusts our authority in place of the vendor's."""
    (folder,) = (python.parent.parent / "lib").glob(f"python*/site-packages/{package}")
    shutil.copy(ca, folder / "messaging.pem")
    return python


def test_every_example_of_the_manual_runs_with_the_client_of_its_time(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    # It takes no MQTT library but that of its time, whose TLS goes by a function that Python 3.12 has no more.
    made_from = python_with_old_tls()
    if made_from is None:
        pytest.skip("this client runs on Python up to 3.11 only, and there is none here")
    python = python_environment(
        "ibmiotf-0.1.4",
        "ibmiotf==0.1.4",
        "paho-mqtt==1.2",
        "iso8601==2.1.0",
        "pytz==2024.1",
        "requests==2.32.3",
        made_from=made_from,
        built_with=("wheel==0.45.1",),
    )
    program = [str(trusting(python, "ibmiotf", edge.ca)), str(CLIENTS / "ibmiotf_014.py")]
    results = run(edge, organization, program, device)
    client = f"d:{organization.id}:sample:{device}"
    assert results["registered"] == {"uuid": client, "type": "sample", "id": device, "metadata": {"room": 7}}
    assert device in results["listed"]
    assert results["updated"] == results["read"] == {"room": 8}
    assert results["connected"][:3] == ["Connect", client, "use-token-auth"]
    named = [f"sample:{device}", "sample", device]
    assert results["event"] == [*named, "status", "json", {"name": "foo", "cpu": 60, "mem": 50}]
    assert results["event at 2"] == [*named, "two", "json-iotf", {"cpu": 61}]
    assert results["event for it"] == [*named, "third", "json", {"cpu": 62}]
    assert results["command"] == ["reboot", "json", {"rebootDelay": 50}]
    assert results["history of device"] == ["status", "third", "two"]
    assert client in results["history of type"]
    assert "sample" in results["history"]
    assert results["deleted twice"] == f"Unable to delete device sample:{device}"


def test_the_last_python_client_runs_registry_messages_and_device_management(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    python = python_environment("wiotp-sdk-1.0.1", "wiotp-sdk==1.0.1", "paho-mqtt==1.6.1")
    results = run(edge, organization, [str(python), str(CLIENTS / "wiotp_sdk_101.py")], device)
    client = f"d:{organization.id}:t-{device}:{device}"
    assert results == {
        "service": ["us"],
        "type": "made",
        "type updated": "changed",
        "types": True,
        "device": [True, {"room": 7}, "m"],
        "there": [True, False],
        "listed": [device],
        "updated": {"room": 8},
        "no location": None,
        "location": 100,
        "not managed": None,
        "status": ["Connect", client],
        "event": [f"t-{device}", device, "temp", {"value": 21}],
        "command": ["blink", "json", {"times": 3}],
        "last": "temp",
        "last of all": ["temp"],
        "connections": True,
        "state": "connected",
        "managed": {"deviceActions": True, "firmwareActions": True},
        "error code": [5],
        "log": ["hot"],
        "action": [True, "reboot"],
        "rebooted": True,
        "deleted": [True],
        "gone": [False, False],
    }


def test_the_client_between_them_runs_rest_messages_and_http(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    python = python_environment("ibmiotf-0.4.0", "ibmiotf==0.4.0", "paho-mqtt==1.6.1")
    program = [str(trusting(python, "ibmiotf", edge.ca)), str(CLIENTS / "ibmiotf_040.py")]
    assert run(edge, organization, program, device) == {
        "organization": organization.id,
        "type": "sample4",
        "device": [f"d:{organization.id}:sample4:{device}", {"room": 7}],
        "bulk": [True],
        "listed": [device, f"{device}b"],
        "updated": {"room": 8},
        "location": 20,
        "error codes": [7],
        "cleared": True,
        "service": ["us"],
        "event": [device, "temp", {"value": 21}],
        "command": ["blink", {"times": 3}],
        "event over http": [device, "over-http", {"value": 22}],
        "last": ["over-http", "temp"],
        "connections": True,
        "removed": [True, True, True],
    }


def node(folder: Path, program: str) -> list[str]:
    """The command that runs a program with the packages of that folder."""
    return [
        "env",
        f"NODE_PATH={folder / 'node_modules'}",
        "node",
        "-r",
        str(CLIENTS / "ibm_redirect.cjs"),
        str(CLIENTS / program),
    ]


def test_the_first_node_client_runs_rest_and_messages(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    folder = node_environment("ibmiotf-node-0.1.1", "ibmiotf@0.1.1", "log4js@0.6.38")
    shutil.copy(edge.ca, folder / "node_modules" / "ibmiotf" / "lib" / "IoTFoundation.pem")
    assert run(edge, organization, node(folder, "ibmiotf_011.cjs"), device) == {
        "organization": organization.id,
        "registered": [f"d:{organization.id}:node:{device}", {"room": 7}],
        "read": {"room": 8},
        "listed": True,
        "types": True,
        "all": True,
        "event": ["node", device, "status", "json", {"d": {"cpu": 60}}],
        "command": ["reboot", "json", {"delay": 5}],
        "gone": True,
    }


def test_the_last_node_client_runs_registry_and_messages(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    folder = node_environment("wiotp-sdk-node-0.7.8", "@wiotp/sdk@0.7.8")
    assert run(edge, organization, node(folder, "wiotp_sdk_078.cjs"), device) == {
        "type": "nodejs",
        "device": [f"d:{organization.id}:nodejs:{device}", {"room": 7}],
        "read": {"model": "m"},
        "listed": [device],
        "location": 2,
        "event": ["nodejs", device, "status", "json", {"cpu": 60}],
        "command": ["reboot", "json", {"delay": 5}],
        "last": "json",
        "gone": True,
    }


@pytest.mark.row("H8")
def test_quickstart_takes_the_python_client_without_credentials(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    python = python_environment("ibmiotf-0.4.0", "ibmiotf==0.4.0", "paho-mqtt==1.6.1")
    results = run(edge, organization, [str(python), str(CLIENTS / "ibmiotf_040_quickstart.py")], device)
    client = f"d:quickstart:sample:{device}"
    assert results == {
        "every device": 0,
        "event": ["sample", device, "temp", {"value": 21}],
        "status": ["Connect", client],
        "gone": ["Disconnect", client],
    }
    assert organization.call("GET", f"/api/v0001/devices/sample/{device}").status_code == 404


def test_quickstart_takes_the_node_client_without_credentials(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    folder = node_environment("ibmiotf-node-0.2.41", "ibmiotf@0.2.41")
    assert run(edge, organization, node(folder, "ibmiotf_0241_quickstart.cjs"), device) == {
        "event": ["node", device, "status", "json", {"d": {"cpu": 60}}],
    }


def test_gateways_and_scalable_applications_of_the_last_python_client_run(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    python = python_environment("wiotp-sdk-1.0.1", "wiotp-sdk==1.0.1", "paho-mqtt==1.6.1")
    results = run(edge, organization, [str(python), str(CLIENTS / "wiotp_sdk_101_gateway.py")], device)
    assert results == {
        "class": "Gateway",
        "client": f"g:{organization.id}:g-{device}:{device}",
        "event": [f"t-{device}", "behind", "temp", {"value": 21}],
        "registered": ["behind"],
        "notification": ["unknown", 404],
        "command": [f"t-{device}", "behind", "blink", {"times": 3}],
        "own command": [f"g-{device}", device, "blink", {"times": 3}],
        "shared": list(range(12)),
        "managed": True,
        "dormant": False,
    }


def test_gateways_and_scalable_applications_of_the_python_client_between_run(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    python = python_environment("ibmiotf-0.4.0", "ibmiotf==0.4.0", "paho-mqtt==1.6.1")
    program = [str(trusting(python, "ibmiotf", edge.ca)), str(CLIENTS / "ibmiotf_040_gateway.py")]
    assert run(edge, organization, program, device) == {
        "class": "Gateway",
        "event": ["behind4", device, "temp"],
        "command": ["behind4", device, "blink", {"times": 3}],
        "read": device,
        "behind": [device],
    }


def test_gateways_and_scalable_applications_of_the_node_client_run(
    edge: RunningStack, organization: Organization, device: str
) -> None:
    folder = node_environment("ibmiotf-node-0.2.41", "ibmiotf@0.2.41")
    for bundled in folder.glob("node_modules/ibmiotf/dist/**/IoTFoundation.pem"):
        shutil.copy(edge.ca, bundled)
    assert run(edge, organization, node(folder, "ibmiotf_0241_gateway.cjs"), device) == {
        "event": ["behind-js", device, "status", "json", {"d": {"cpu": 60}}],
        "command": ["behind-js", device, "reboot", "json", {"delay": 5}],
        "shared": [f"shared-{n}" for n in range(8)],
    }
