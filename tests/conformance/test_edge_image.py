"""The image of the edge, built as the manual says, where a container engine answers that has its base image."""

import re
import shutil
import subprocess

import pytest

from tests.local.running import REPOSITORY

pytestmark = pytest.mark.conformance
CONTAINERFILE = "infra/edge/Containerfile"
_BUILT_WITHIN_S, _ANSWERS_WITHIN_S = 300, 10


def run(*command: str, within: float = _ANSWERS_WITHIN_S) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=within)


@pytest.fixture(scope="module")
def engine() -> str:
    (base,) = re.findall(r"^FROM (\S+)", (REPOSITORY / CONTAINERFILE).read_text(), re.MULTILINE)
    why = "no container engine is installed"
    for name in filter(shutil.which, ("podman", "docker")):
        answered = run(name, "image", "inspect", base)
        if answered.returncode == 0:
            return name
        why = f"{name}: {answered.stderr.strip()}"
    pytest.skip(why)


def test_the_image_is_built_and_says_what_it_needs(engine: str) -> None:
    tag = "homeport-edge:conformance"
    built = run(engine, "build", "-f", CONTAINERFILE, "-t", tag, ".", within=_BUILT_WITHIN_S)
    assert built.returncode == 0, built.stderr
    rights = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--network", "none")
    started = run(engine, "run", "--rm", *rights, tag)
    assert (started.returncode, "HOMEPORT_EDGE_FUNCTIONS" in started.stderr) == (2, True), started.stderr
