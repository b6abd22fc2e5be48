"""Where the stage key is, against moto's Parameter Store and in a file."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from chalicelib.aws.stage_key import CachedStageKey, StageKeyFile, StageKeyStore
from chalicelib.fleet.access import stage_key
from chalicelib.fleet.access.stage_key import MAX_AGE
from tests.fakes import SetClock

ONE, OTHER = (stage_key.dump(stage_key.first(digit * 32)) for digit in (b"1", b"2"))
Store = StageKeyFile | StageKeyStore


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield botocore.session.get_session().create_client("ssm", region_name="ap-south-1")


@pytest.fixture(params=["parameter", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        return StageKeyFile(tmp_path / "stage.key")
    client = request.getfixturevalue("ssm")
    return StageKeyStore(lambda: client, "homeport-trial-stage-key")


def test_a_stage_has_one_key(store: Store) -> None:
    assert store.create(ONE)
    assert not store.create(OTHER)
    assert store.read() == ONE


def test_a_key_is_replaced_and_deleted(store: Store) -> None:
    store.create(ONE)
    store.replace(OTHER)
    assert store.read() == OTHER
    assert store.delete()
    assert not store.delete()
    assert store.create(ONE)


def test_the_parameter_is_encrypted(ssm: Any) -> None:
    StageKeyStore(lambda: ssm, "homeport-trial-stage-key").create(ONE)
    (found,) = ssm.describe_parameters()["Parameters"]
    assert (found["Type"], found.get("Tier", "Standard")) == ("SecureString", "Standard")
    assert ssm.get_parameter(Name="homeport-trial-stage-key")["Parameter"]["Value"] != ONE


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "stage.key"
    store = StageKeyFile(path)
    store.create(ONE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.replace(OTHER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["stage.key"]
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        store.read()


@pytest.mark.parametrize("text", ["", "x", "{}", '{"generations": []}', '{"generations": [{"number": 1, "since": 0}]}'])
def test_what_is_no_key_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match="stage key"):
        stage_key.load(text)


def test_a_short_generation_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        stage_key.load('{"generations": [{"number": 1, "since": 0, "key": "c2hvcnQ="}]}')


def test_an_instance_reads_it_again_in_time_to_know_a_new_generation() -> None:
    clock, reads, texts = SetClock(), [0], [ONE]

    def read() -> str:
        reads[0] += 1
        return texts[0]

    cached = CachedStageKey(read, clock)
    assert cached.current() == stage_key.load(ONE)
    texts[0] = stage_key.dump(stage_key.rotated(stage_key.load(ONE), clock.now(), b"3" * 32))
    clock.advance(ms=MAX_AGE - 1)
    assert cached.current().newest.number == 1
    assert reads == [1]
    clock.advance(ms=1)
    known = cached.current()
    assert (known.newest.number, known.writing(clock.now()).number, reads) == (2, 1, [2])


def test_an_instance_goes_on_with_what_it_knows() -> None:
    clock, failing = SetClock(), [False]

    def read() -> str:
        if failing[0]:
            raise ConnectionError
        return ONE

    cached = CachedStageKey(read, clock)
    cached.current()
    failing[0] = True
    clock.advance(ms=MAX_AGE)
    assert cached.current() == stage_key.load(ONE)
    failing[0] = False
    clock.advance(ms=MAX_AGE)
    assert cached.current() == stage_key.load(ONE)


def test_an_instance_that_knows_none_says_so_each_time() -> None:
    def read() -> str:
        raise ConnectionError

    cached = CachedStageKey(read, SetClock())
    for _ in range(2):
        with pytest.raises(ConnectionError):
            cached.current()
