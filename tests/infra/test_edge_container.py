"""The edge as its container runs it: the files, the user, the environment and the rights in AWS that it has there."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from infra.description import CERTIFICATES_FILTER, rules
from tests.clients import PATIENCE_S, Rest, until
from tests.infra.containers import container_rights, copied, entry_point
from tests.infra.edge_process import ContainedEdge
from tests.infra.edges import bare_key, connect
from tests.infra.elsewhere import Refusal, elsewhere
from tests.local.running import REPOSITORY, RunningStack, unused

EDGE = REPOSITORY / "infra" / "edge"
CONTAINERFILE = EDGE / "Containerfile"
NOBODY = 65534


def allowed() -> set[str]:
    """The functions that it may invoke, as the manual says."""
    manual = (REPOSITORY / "docs" / "edge.md").read_text()
    (said,) = re.findall(
        r"credentials need `lambda:InvokeFunction` on the stage's (.+?) functions, and no more", manual
    )
    return set(re.findall(r"`(\w+)`", said))


def test_the_manual_names_the_functions_that_it_asks() -> None:
    # What registers certificates is IoT Core alone.
    heard = {rule.function for rule in rules() if CERTIFICATES_FILTER not in rule.sql}
    assert allowed() == {"authorizer", *heard}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what its Containerfile copies, and nothing else of the project."""
    root = tmp_path / "image"
    for name in copied(CONTAINERFILE):
        # With what Python has compiled, as it may write nothing there.
        shutil.copytree(REPOSITORY / name, root / name)
    return root


@pytest.fixture
def volume(stack: RunningStack, tmp_path: Path) -> Iterator[Path]:
    """Its data, with the certificate, as the user of the container owns them."""
    folder = tmp_path / "volume"
    folder.mkdir()
    for kind in ("pem", "key"):
        shutil.copy(next(stack.data.glob(f"server*.{kind}")), folder / f"tls.{kind}")
    yield folder
    if os.geteuid() == 0:
        _give(folder, os.geteuid())


def _give(folder: Path, user: int) -> None:
    for each in (folder, *folder.iterdir()):
        os.chown(each, user, user)


def _rights(volume: Path) -> tuple[str, ...]:
    if os.geteuid() == 0:
        _give(volume, NOBODY)
        rights = container_rights("infra.edge.__main__", volume)
        if str(NOBODY) in rights:
            return rights
        _give(volume, os.geteuid())
    return container_rights("infra.edge.__main__", volume)


def test_it_serves_with_the_rights_of_its_container_and_asks_for_no_more(
    stack: RunningStack, image: Path, volume: Path
) -> None:
    asked: list[str] = []
    may = {f"/2015-03-31/functions/homeport-local-{name}/invocations" for name in allowed()}

    def guard(path: str, _body: bytes) -> Refusal | None:
        asked.append(path)
        return None if path in may else Refusal(403, "AccessDeniedException")

    urn, port, rest = "urn:lo:nsid:edge:contained", unused(), Rest(stack)
    python, *entry = entry_point(CONTAINERFILE)
    assert python == "python"
    with elsewhere(stack.aws, guard) as aws, closing(rest):
        edge = ContainedEdge(
            stack,
            volume,
            aws,
            command=[*_rights(volume), sys.executable, *entry],
            cwd=image,
            variables={
                "HOMEPORT_EDGE_CERTIFICATE": volume / "tls.pem",
                "HOMEPORT_EDGE_KEY": volume / "tls.key",
                "HOMEPORT_EDGE_MQTT_PORT": port,
                "HOMEPORT_EDGE_API": stack.url,
            },
        )
        with edge:
            client, codes = connect(port, urn, bare_key(stack), MQTTProtocolVersion.MQTTv31)
            assert codes == [0]
            client.publish("dev/data", json.dumps({"v": {"n": 1}}), 2).wait_for_publish(PATIENCE_S)
            until(lambda: _status(rest, urn) == "ONLINE")
            assert edge.end(signal.SIGTERM) == 0
            client.loop_stop()
            edge.start()
            until(lambda: _status(rest, urn) == "OFFLINE")
            until(lambda: len(rest.get(f"/api/v0/data/streams/{urn}")) == 1)
            assert "Traceback" not in edge.log, edge.log
    assert set(asked) == may


def _status(rest: Rest, urn: str) -> str | None:
    found = rest.call("GET", f"/api/v1/deviceMgt/devices/{urn}/interfaces").json()
    return next((str(each["status"]) for each in found), None) if isinstance(found, list) else None


_WITHOUT = """
import sys

class Missing:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing)
import infra.edge.__main__
from infra.edge.__main__ import _lambda
_lambda("eu-west-3")()
"""


def test_it_needs_nothing_that_its_image_does_not_install(image: Path) -> None:
    installed = _installed(REPOSITORY / "requirements.txt", EDGE / "requirements-edge.txt")
    given = metadata.packages_distributions().items()
    missing = [name for name, of in given if not {_plain(each) for each in of} & installed]
    assert {"moto", "boto3"} <= set(missing)
    done = subprocess.run([sys.executable, "-c", _WITHOUT, *missing], cwd=image, capture_output=True, text=True)  # noqa: PLW1510
    assert done.returncode == 0, done.stderr


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(*requirements: Path) -> set[str]:
    """By pip, from these files: what is named there and whatever that needs."""
    lines = [line for file in requirements for line in file.read_text().splitlines() if not line.startswith("#")]
    found, waiting = set[str](), [_named(line) for line in lines if line.strip()]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        waiting += [_named(need) for need in needs if "extra ==" not in need]
    return found


def _named(requirement: str) -> str:
    named = re.match(r"[\w.-]+", requirement)
    assert named is not None, requirement
    return _plain(named[0])
