"""How `homeport` starts, refuses and ends, against a server that answers what it is told."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest

from chalicelib.web.describing import VERSION
from infra.client.installing import install
from infra.client.problems import Unusable
from infra.client.program import COMMANDS, main
from tests.cli.served import KEY, PROGRAM, Served, environment, homeport, program, served
from tests.clients import PATIENCE_S
from tests.local.running import REPOSITORY

FORBIDDEN = ("boto3", "botocore", "jsonschema", "cryptography", "chalice", "pynamodb", "moto", "chalicelib", "requests")
DEVICE = "urn:lo:nsid:demo:one"
DEVICES = "/api/v1/deviceMgt/devices"


@pytest.fixture
def api() -> Iterator[Served]:
    with served() as found:
        yield found


def device(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"urn:lo:nsid:demo:{number:05}", "group": {"id": "root", "path": "/"}, **fields}


def test_what_works_on_a_fleet_imports_nothing_of_an_operators(api: Served) -> None:
    api.answer(f"GET {DEVICES}", [device(1)])
    code = (
        "import sys; from infra.client.program import run; code = run(['devices', 'ls']);"
        f"print(code, sorted(m for m in sys.modules if m.split('.')[0] in {FORBIDDEN!r}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(HOMEPORT_URL=api.url, HOMEPORT_KEY=KEY),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ran.stdout.splitlines()[-1:], ran.stderr) == (["0 []"], "")


def commands(group: click.Command, *name: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield name, group
    if isinstance(group, click.Group):
        for one in group.list_commands(click.Context(group)):
            found = group.get_command(click.Context(group), one)
            assert found is not None
            yield from commands(found, *name, one)


REMOTE = [(name, found) for name, found in commands(main) if "operator" not in name]


@pytest.mark.parametrize(("name", "command"), REMOTE, ids=lambda value: " ".join(value) if type(value) is tuple else "")
def test_help_fits_on_a_screen_and_says_what_a_command_does(name: tuple[str, ...], command: click.Command) -> None:
    with click.Context(command, info_name=" ".join(("homeport", *name)), terminal_width=100) as ctx:
        text = command.get_help(ctx)
    assert len(text.splitlines()) <= 26
    assert command.help


def test_the_short_help_is_that_of_the_commands() -> None:
    for name, (_, _, said) in COMMANDS.items():
        found = main.get_command(click.Context(main), name)
        assert found is not None
        assert name == "operator" or isinstance(found, click.Group) is False or found.help == said


def test_the_key_goes_in_its_header_and_pages_follow_each_other(api: Served) -> None:
    first = [device(n) for n in range(1000)]
    api.answer(f"GET {DEVICES}", first, [device(1000)])
    ran = homeport("devices", "ls", "-o", "json", "--tag", "a", "--tag", "b", url=api.url)
    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 1001)
    assert [seen.partition("?")[2] for _, seen, _ in api.seen] == [
        "tags=a%2Cb&fields=id%2Cname%2Cgroup%2Ctags%2Cinterfaces&limit=1000",
        "tags=a%2Cb&fields=id%2Cname%2Cgroup%2Ctags%2Cinterfaces&limit=1000&bookmarkId=urn%3Alo%3Ansid%3Ademo%3A00999",
    ]
    assert {headers["x-api-key"] for headers in api.headers} == {KEY}


def test_a_refusal_is_one_line_with_the_apis_code(api: Served) -> None:
    api.answer(f"GET {DEVICES}/{DEVICE}", {"code": "DM_DEVICE_NOT_FOUND", "message": "no\x1b[2J device"}, status=404)
    ran = homeport("devices", "get", DEVICE, url=api.url)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "homeport: DM_DEVICE_NOT_FOUND: no\\x1b[2J device\n"


def test_the_key_goes_to_no_other_host(api: Served) -> None:
    with served() as other:
        api.answer(f"GET {DEVICES}/{DEVICE}", {"headers": {"Location": f"{other.url}/x"}}, status=302)
        ran = homeport("devices", "get", DEVICE, url=api.url)
        assert (ran.returncode, other.seen) == (1, [])


def test_where_nobody_listens_it_ends_with_4_and_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ran = homeport("devices", "ls", url=f"http://127.0.0.1:{free.getsockname()[1]}")
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (4, "", 1)


def test_what_is_no_homeport_is_said_to_be_none(api: Served) -> None:
    api.answer(f"GET {DEVICES}", b"<html>")
    ran = homeport("devices", "ls", url=api.url)
    assert (ran.returncode, len(ran.stderr.splitlines())) == (4, 1)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [("PROCESSED", None, 0), ("ERROR", "ACK_TIMEOUT", 1), ("CANCELED", None, 1), ("EXPIRED", None, 2)],
)
def test_a_command_that_is_waited_for_ends_with_what_became_of_it(
    api: Served, status: str, error: str | None, code: int
) -> None:
    made = {"id": "c1", "targetDeviceId": DEVICE, "request": {"connector": "mqtt", "value": {"req": "x"}}}
    made |= {"created": "2026-01-02T03:04:05.678Z", "status": "PENDING"}
    api.answer(f"POST {DEVICES}/{DEVICE}/commands", made, status=201)
    api.answer("GET /api/v1/deviceMgt/commands/c1", {**made, "status": status, "errorCode": error})
    ran = homeport("commands", "send", DEVICE, "--req", "x", "--arg", '{"a":1}', "--wait", "60", url=api.url)
    assert (ran.returncode, status in ran.stdout) == (code, True)
    assert (error or "") in ran.stderr
    assert api.seen[0][2]["request"] == {"connector": "mqtt", "value": {"req": "x", "arg": {"a": 1}}}


def test_a_command_that_takes_longer_than_it_is_waited_for_ends_with_3(api: Served) -> None:
    made = {"id": "c1", "targetDeviceId": DEVICE, "request": {"connector": "mqtt", "value": {"req": "x"}}}
    made |= {"created": "2026-01-02T03:04:05.678Z", "status": "PROCESSING"}
    api.answer(f"POST {DEVICES}/{DEVICE}/commands", made, status=201)
    api.answer("GET /api/v1/deviceMgt/commands/c1", made)
    ran = homeport("commands", "send", DEVICE, "--req", "x", "--wait", "0.1", url=api.url)
    assert (ran.returncode, "PROCESSING" in ran.stderr) == (3, True)


def test_what_cannot_be_understood_ends_with_64(api: Served) -> None:
    for arguments in (["nonsense"], ["devices", "get"], ["commands", "send", DEVICE, "--req", "x", "--arg", "[1]"]):
        assert homeport(*arguments, url=api.url).returncode == 64
    assert api.seen == []


def test_nothing_is_deleted_where_nobody_can_be_asked(api: Served) -> None:
    assert homeport("devices", "rm", DEVICE, url=api.url).returncode == 64
    assert api.seen == []
    api.answer(f"DELETE {DEVICES}/{DEVICE}", b"")
    ran = homeport("devices", "rm", DEVICE, "--yes", url=api.url)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_a_reader_who_stops_reading_is_left_in_peace(api: Served) -> None:
    api.answer(f"GET {DEVICES}", [device(n, name="x" * 200) for n in range(999)])
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*PROGRAM, "devices", "ls", "-o", "json"],
        env=environment(HOMEPORT_URL=api.url, HOMEPORT_KEY=KEY),
        cwd=REPOSITORY,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    os.close(reading)
    assert (process.communicate(timeout=PATIENCE_S)[1], process.returncode) == ("", 141)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("output", ["table", "json"])
def test_a_full_disk_is_said_in_one_line(api: Served, output: str) -> None:
    api.answer(f"GET {DEVICES}", [device(n, name="x" * 200) for n in range(99)])
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*PROGRAM, "devices", "ls", "-o", output],
            env=environment(HOMEPORT_URL=api.url, HOMEPORT_KEY=KEY),
            cwd=REPOSITORY,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    said = "homeport: the output cannot be written: No space left on device\n"
    assert (ran.returncode, ran.stderr) == (74, said)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("mo:0", ["mo:0"]),
        ("urn:lo:nsid:demo:0", ["urn:lo:nsid:demo:0", "demo:0"]),
        ("urn:lo:nsid:", ["urn:lo:nsid:", None]),
    ],
)
def test_the_beginning_of_an_id_finds_those_that_go_on(api: Served, asked: str, sent: list[str | None]) -> None:
    """The API has an id in full for that device alone."""
    api.answer(f"GET {DEVICES}", *[[] for _ in sent[1:]], [device(1)])
    ran = homeport("devices", "ls", "--id", asked, "-o", "json", url=api.url)
    assert json.loads(ran.stdout)["id"] == device(1)["id"]
    assert [parse_qs(urlsplit(path).query).get("id", [None])[0] for _, path, _ in api.seen] == sent


def test_it_says_its_version() -> None:
    ran = program(["--version"], environment())
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"homeport {VERSION}\n", "")


def test_ctrl_c_ends_what_follows_without_a_trace(api: Served) -> None:
    message = {"id": "1", "streamId": "s", "timestamp": "2026-01-02T03:04:05.678Z", "value": {"t": 1}}
    api.answer("GET /api/v0/data/streams/s", [message])
    with subprocess.Popen(
        [*PROGRAM, "data", "tail", "--stream", "s", "-f", "-o", "json"],
        env=environment(HOMEPORT_URL=api.url, HOMEPORT_KEY=KEY),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that a shell runs in the background ignore Ctrl-C, and so would the program.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing of it takes a lock
    ) as process:
        assert process.stdout is not None
        assert '"t":1' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            assert process.communicate(timeout=PATIENCE_S) == ("", "")
        finally:
            process.kill()
    assert process.returncode == 130


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_told_how_to_complete(shell: str) -> None:
    ran = program(["completion", shell], environment())
    assert (ran.returncode, "_HOMEPORT_COMPLETE" in ran.stdout) == (0, True)


@pytest.mark.parametrize(
    ("words", "completed"),
    [("homeport dev", "devices"), ("homeport devices cr", "create"), ("homeport op", "operator")],
)
def test_commands_are_completed(words: str, completed: str) -> None:
    asked = {"_HOMEPORT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    ran = program([], environment(**asked))
    assert (ran.stdout.strip(), ran.stderr) == (f"plain,{completed}", "")


def test_operators_have_their_verbs_below_it() -> None:
    ran = program(["operator", "tenant", "create", "--help"], environment())
    assert (ran.returncode, "homeport operator tenant create" in ran.stdout) == (0, True)


def test_the_installed_program_runs_from_anywhere(tmp_path: Path, api: Served) -> None:
    """Whatever lies in the folder that one happens to be in."""
    (tmp_path / "click.py").write_text("raise SystemExit('taken over')")
    (tmp_path / "a b").mkdir()
    python = tmp_path / "a b" / "python"
    python.symlink_to(sys.executable)
    script = install(python)
    # A link out of an environment does not find what is installed in it: this one runs the interpreter itself.
    script.write_text(script.read_text().replace(str(python), sys.executable))
    api.answer(f"GET {DEVICES}", [device(7)])
    ran = subprocess.run(
        [script, "devices", "ls", "-o", "json"],
        env=environment(HOMEPORT_URL=api.url, HOMEPORT_KEY=KEY, PYTHONPATH=str(tmp_path)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ran.returncode, "demo:00007" in ran.stdout) == (0, True), ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("devices", "get", "\udcff"),
        ("devices", "get", ""),
        ("devices", "rm", "--yes", ""),
        ("keys", "rm", "--yes", ""),
        ("devices", "ls", "--name", "\udcff"),
        ("data", "tail", "--stream", "\udcff"),
        ("fifo", "read", "\udcff"),
    ],
)
def test_names_that_nothing_can_have_are_asked_for_nowhere(arguments: tuple[str, ...]) -> None:
    place = {"HOMEPORT_URL": "http://nowhere.invalid", "HOMEPORT_KEY": KEY, "HOMEPORT_MQTT": "nowhere.invalid:1"}
    with pytest.raises(Unusable), main.make_context("homeport", list(arguments), obj=place) as context:
        main.invoke(context)
