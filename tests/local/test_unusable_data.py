"""Data that cannot be used is told in one sentence, and nothing is overwritten."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.data_directory import DataError
from infra.local.journal import Journal
from infra.local.spool import Spool
from tests.local.running import ANY_PORTS, REPOSITORY, RunningStack


def complaint(data: Path, module: str = "infra.local", **variables: str) -> str:
    """What is written by a process that cannot start."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=REPOSITORY,
        env={**os.environ, **ANY_PORTS, "HOMEPORT_DATA": str(data), "HOMEPORT_HOSTS": "", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    with RunningStack(folder):
        pass
    return folder


@pytest.mark.parametrize("name", ["aws.sqlite3", "lambda.sqlite3", "ca.key", "ca.pem", "server.key", "server.pem"])
def test_a_damaged_file_is_named_and_left_alone(data: Path, name: str) -> None:
    file, content = data / name, b"\xff" * 100
    whole = file.read_bytes()
    try:
        file.write_bytes(content)
        assert str(file) in complaint(data)
        assert file.read_bytes() == content
    finally:
        file.write_bytes(whole)


def test_a_data_directory_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for folder in (file, file / "below", Path("/proc/homeport")):
        assert "set HOMEPORT_DATA" in complaint(folder)
    assert file.read_text() == "x"


def test_the_edge_says_what_it_cannot_use(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    variables = {
        "HOMEPORT_EDGE_FUNCTIONS": "homeport-prod-",
        "AWS_REGION": "eu-west-3",
        "HOMEPORT_EDGE_MQTTS_PORT": "0",
        "HOMEPORT_EDGE_CONTROL_PORT": "0",
        "HOMEPORT_EDGE_CERTIFICATE": str(file),
        "HOMEPORT_EDGE_KEY": str(file),
    }
    assert str(file) in complaint(file, "infra.edge", HOMEPORT_EDGE_DATA=str(file), **variables)
    folder = tmp_path / "edge"
    folder.mkdir()
    assert str(file) in complaint(folder, "infra.edge", HOMEPORT_EDGE_DATA=str(folder), **variables)
    (folder / "edge.sqlite3").write_bytes(b"\xff" * 100)
    assert "edge.sqlite3" in complaint(folder, "infra.edge", HOMEPORT_EDGE_DATA=str(folder), **variables)


def test_a_file_damaged_in_its_middle_is_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = Journal(path)
    journal.write([("kind", f"key-{number}", "x" * 1000) for number in range(200)])
    journal.close()
    pages = bytearray(path.read_bytes())
    pages[8192:12288] = b"\xff" * 4096
    path.write_bytes(pages)
    for kind in (Journal, Spool):
        with pytest.raises(DataError, match=r"journal\.sqlite3 is damaged"):
            kind(path)
