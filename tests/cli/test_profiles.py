"""Where commands work, and who may read that."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.client.problems import Misconfigured
from infra.client.profiles import chosen, file, read, write
from tests.cli.served import KEY, environment, program, served

OTHER = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path), "HOMEPORT_DATA": str(tmp_path / "none")}


def profiles(home: dict[str, str], **tables: dict[str, str]) -> Path:
    return write(home, tables)


def test_the_environment_comes_first_and_a_profile_that_is_asked_for_before_it(home: dict[str, str]) -> None:
    profiles(home, default={"url": "https://one.test", "key": KEY}, two={"url": "https://two.test:8443/", "key": OTHER})
    here = {**home, "HOMEPORT_URL": "http://here.test:8080", "HOMEPORT_KEY": "k"}
    assert chosen(home, None).url == "https://one.test"
    assert chosen(here, None).url == "http://here.test:8080"
    assert (chosen(here, "two").url, chosen(here, "two").key) == ("https://two.test:8443", OTHER)
    assert chosen({**here, "HOMEPORT_PROFILE": "two"}, None).url == "https://two.test:8443"


def test_without_either_it_is_the_stack_of_this_folder(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="make run"):
        chosen(home, None)
    (tmp_path / "none").mkdir()
    known = {"http": 18080, "apiKey": KEY, "mqtts": 18883}
    (tmp_path / "none" / "credentials.json").write_text(json.dumps(known))
    place = chosen(home, None)
    assert (place.url, place.key, place.mqtt) == ("http://localhost:18080", KEY, ("localhost", 18883))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_may_read_is_refused(home: dict[str, str], mode: int) -> None:
    profiles(home, default={"url": "https://one.test", "key": KEY}).chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        chosen(home, None)


def test_it_is_written_for_its_owner_alone(home: dict[str, str]) -> None:
    tables = {"a": {"url": "https://one.test", "key": 'quote" back\\slash é', "ca": "", "mqtt": "m.test:8883"}}
    path = write(home, tables)
    assert (path, path.stat().st_mode & 0o777) == (file(home), 0o600)
    assert read(home) == {"a": {name: value for name, value in tables["a"].items() if value}}


@pytest.mark.parametrize(
    "table",
    [
        {"url": "ftp://one.test", "key": KEY},
        {"url": "https://", "key": KEY},
        {"url": "https://user:word@one.test", "key": KEY},
        {"url": "https://one.test:x", "key": KEY},
        {"url": "https://one.test"},
        {"key": KEY},
        {"url": "https://one.test", "key": KEY, "mqtt": "host:port"},
    ],
)
def test_what_leads_nowhere_is_refused(home: dict[str, str], table: dict[str, str]) -> None:
    profiles(home, default=table)
    with pytest.raises(Misconfigured):
        chosen(home, None)


@pytest.mark.parametrize("content", ["[default", "default = 1", "[default]\nkey = 1", "[default]\npassword = 'x'"])
def test_a_file_that_makes_no_sense_is_refused(home: dict[str, str], content: str) -> None:
    profiles(home).write_text(content)
    with pytest.raises(Misconfigured):
        read(home)


def test_a_key_is_never_shown(home: dict[str, str]) -> None:
    profiles(home, default={"url": "https://one.test", "key": KEY})
    assert KEY not in repr(chosen(home, None))


def test_profiles_are_made_used_and_forgotten(home: dict[str, str]) -> None:
    def run(*arguments: str, stdin: str = "") -> Any:
        return program(arguments, environment(**home), stdin)

    with served() as api:
        api.answer("GET /api/v0/apiKeys/current_key", {"id": "k", "tenantId": "t12345", "roles": ["DEVICE_R"]})
        added = run("profile", "add", "lab", "--url", api.url, "--key-file", "-", stdin=f"{KEY}\n")
        assert (added.returncode, added.stdout, KEY in added.stderr) == (0, "", False)
        assert json.loads(run("profile", "ls", "-o", "json").stdout) == {"name": "lab", "url": api.url}
        assert "t12345" in run("--profile", "lab", "whoami").stdout
        assert api.headers[-1]["x-api-key"] == KEY
    assert run("profile", "rm", "lab").returncode == 0
    assert run("--profile", "lab", "whoami").returncode == 64


@pytest.mark.parametrize("key", [f"{KEY}\nx", f"{KEY} x", f"{KEY}\x7f", f"{KEY}é", f"{KEY}\udcff", f"{KEY}\0"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(home: dict[str, str], key: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        chosen({**home, "HOMEPORT_URL": "http://127.0.0.1:9", "HOMEPORT_KEY": key}, None)
    assert KEY[:8] not in str(refused.value)


def test_a_key_of_two_lines_makes_no_profile(home: dict[str, str]) -> None:
    arguments = ("profile", "add", "--url", "https://one.test", "--key-file", "-")
    refused = program(arguments, environment(**home), f"{KEY}\n{OTHER}\n")
    assert (refused.returncode, KEY in refused.stderr + refused.stdout) == (64, False)
    assert read(home) == {}


@pytest.mark.parametrize("name", ["a", "a.b", "a b", 'x"]\n[default', "é", "\U0001f600", "\x7f", "\x00", "\\"])
def test_whatever_stands_in_it_is_read_as_it_was_written(home: dict[str, str], name: str) -> None:
    tables = {name: {"url": "https://one.test", "key": KEY, "ca": f"/{name}/ca.pem"}, "other": {"key": OTHER}}
    write(home, tables)
    assert read(home) == tables


def test_what_no_file_can_hold_leaves_the_one_there_is(home: dict[str, str]) -> None:
    profiles(home, default={"url": "https://one.test", "key": KEY})
    with pytest.raises(Misconfigured, match="UTF-8"):
        write(home, {"default": {"url": "https://one.test", "key": KEY, "ca": "/\udcff"}})
    assert read(home) == {"default": {"url": "https://one.test", "key": KEY}}


def test_the_stack_of_this_folder_is_on_this_machine(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    known = {"http": "80@elsewhere.test", "apiKey": KEY, "mqtts": 18883}
    (tmp_path / "none" / "credentials.json").write_text(json.dumps(known))
    with pytest.raises(Misconfigured):
        chosen(home, None)
