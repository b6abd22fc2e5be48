"""`homeport bootstrap import`: CSV files of LwM2M bootstrap entries, good, odd, and once more (manual 7.7.4)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.client.api import Api, Place
from infra.client.bootstrap import Import
from infra.client.bootstrap_file import Unreadable, read
from infra.client.problems import Refused
from tests.cli.served import KEY, Served, environment, homeport, program, served
from tests.clients import Rest
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("F8")
ENTRIES, CONFIGS = "/api/v1/bootstrap/lwm2m/entries", "/api/v1/bootstrap/lwm2m/configs"
SECURITY = "runServers.security.pskInfo"
HEAD = (
    "endpointName,pskInfo.identity,pskInfo.secret,bootstrapConfigId,"
    f"runServers.id,{SECURITY}.identity,{SECURITY}.secret"
)
SECRET, RUN_SECRET = "a secret, of one", "0011223344556677"
CONFIG: dict[str, Any] = {
    "name": "imported",
    "runServers": [
        {
            "id": "ours",
            "useLiveObjects": True,
            "lwm2mDefinition": {"security": {"shortServerId": 7}, "server": {"shortServerId": 7, "lifetime": 900}},
        }
    ],
}


def bodies(text: str) -> list[Any]:
    rows = list(read(text.encode()))
    assert [row.fault for row in rows] == [None] * len(rows)
    return [row.body for row in rows]


FULL = {
    "endpointName": "one",
    "security": {"mode": "PSK", "pskInfo": {"identity": "id", "secret": SECRET}},
    "definition": {
        "bootstrapConfigId": "c1",
        "runServers": [{"id": "ours", "security": {"pskInfo": {"identity": "run", "secret": RUN_SECRET}}}],
    },
}


@pytest.mark.parametrize(
    "text",
    [
        f'{HEAD}\none,id,"{SECRET}",c1,ours,run,{RUN_SECRET}\n',
        f'\ufeff{HEAD}\r\n\r\n one , id ,"{SECRET}",c1,ours,run,{RUN_SECRET}\r\n,,,,,,\r\n',
        f"field;{HEAD.replace(',', ';')};\nentry1;one;id;{SECRET};c1;ours;run;{RUN_SECRET};",
        f"{HEAD.replace(',', chr(9))}\none\tid\t{SECRET}\tc1\tours\trun\t{RUN_SECRET}",
    ],
)
def test_a_row_is_a_body(text: str) -> None:
    assert bodies(text) == [FULL]


def test_what_is_empty_is_left_out() -> None:
    plain = {"endpointName": "a", "security": {"mode": "PSK", "pskInfo": {"identity": "i", "secret": "s"}}}
    assert bodies("endpointName,pskInfo.identity,pskInfo.secret\na,i,s") == [plain]
    assert bodies(f"{HEAD}\na,i,s,,,,\nb,j,t,c,ours,,") == [
        plain,
        {
            "endpointName": "b",
            "security": {"mode": "PSK", "pskInfo": {"identity": "j", "secret": "t"}},
            "definition": {"bootstrapConfigId": "c", "runServers": [{"id": "ours"}]},
        },
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,,s,,,,", "pskInfo.identity: empty"),
        ("a,i", "pskInfo.secret: empty"),
        (",i,s,,,,", "endpointName: empty"),
        ("a,i,s,,,run,", "runServers.id: empty"),
        ("a,i,s,,,,,more", "8 cells"),
        ('"3,56938E+14",i,s,,,,', "endpointName: a spreadsheet"),
        ("good,j,t,,,,", "line 2 has this endpoint name too"),
        ('a,"i,s', "line 3"),
    ],
)
def test_a_row_that_is_no_entry_says_why_and_others_stand(row: str, said: str) -> None:
    good, bad = list(read(f"{HEAD}\ngood,i,s,,,,\n{row}".encode()))
    assert (good.fault, bad.number) == (None, 3)
    assert said in str(bad.fault)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column endpointName"),
        (b"a,b,c\n1,2,3", "no column endpointName"),
        (f"{HEAD},secretKey\n".encode(), "secretKey"),
        (f"{HEAD},endpointName\n".encode(), "twice"),
        (f"{HEAD}\n".encode() + b"a\xff,i,s", "not UTF-8"),
        ('endpointName,"pskInfo'.encode("utf-16"), "not UTF-8"),
        (b'endpointName,"pskInfo.identity', "line 1"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        list(read(content))


@pytest.fixture
def api() -> Iterator[Served]:
    with served() as found:
        yield found


def imported(api: Served, text: str) -> tuple[Import, list[Any], list[float]]:
    slept: list[float] = []
    importing = Import(Api(Place(api.url, KEY)), 0.25, slept.append)
    return importing, list(importing.of(read(text.encode()))), slept


def test_rows_keep_their_rate_and_wait_when_told(api: Served) -> None:
    api.answers[f"POST {ENTRIES}"] = [(429, {"code": "X", "message": "slower"})] * 2 + [(201, {})]
    importing, found, slept = imported(api, f"{HEAD}\na,i,s,,,,\nb,j,s,,,,")
    assert [(each["row"], each["outcome"]) for each in found] == [(2, "created"), (3, "created")]
    assert slept == [0.25, 1.0, 2.0, 0.25]
    assert importing.stopped is None


@pytest.mark.parametrize("status", [401, 403, 500])
def test_what_no_row_can_help_stops_it(api: Served, status: int) -> None:
    api.answer(f"POST {ENTRIES}", {"code": "NO", "message": "not you"}, status=status)
    importing, found, _ = imported(api, f"{HEAD}\na,i,s,,,,\nb,j,s,,,,")
    assert len(api.seen) == 1
    assert isinstance(importing.stopped, Refused)
    assert [each["outcome"] for each in found] == ([] if status == 500 else ["refused"])


def test_secrets_are_asked_for_only_where_there_are_any(api: Served) -> None:
    api.answer(f"POST {ENTRIES}", {"code": "DUPLICATE", "message": "there"}, status=409)
    shown = {**FULL, "security": {"mode": "PSK", "pskInfo": {"identity": "id"}}}
    api.answer(f"GET {ENTRIES}/one", shown)
    plain = {"endpointName": "two", "security": {"mode": "PSK", "pskInfo": {"identity": "id2"}}, "definition": {}}
    api.answer(f"GET {ENTRIES}/two", plain)
    _, found, _ = imported(api, f'{HEAD}\none,id,"{SECRET}",c1,ours,run,{RUN_SECRET}\ntwo,id2,s,,,,')
    assert [each["outcome"] for each in found] == ["skipped", "skipped"]
    assert [path for method, path, _ in api.seen if method == "GET"] == [
        f"{ENTRIES}/one?showSecuritySecrets=true",
        f"{ENTRIES}/two",
    ]


def test_a_file_that_is_none_makes_no_sense_as_a_command(api: Served) -> None:
    ran = homeport("bootstrap", "import", "-", url=api.url, stdin="nothing,of,this\n")
    assert (ran.returncode, api.seen) == (64, [])
    assert "no column endpointName" in ran.stderr


def test_it_is_imported_reported_and_imported_once_more(stack: RunningStack, tmp_path: Path) -> None:
    rest = Rest(stack)
    config = rest.post(CONFIGS, CONFIG)["id"]
    rows = [
        HEAD,
        f"csv-1,csv-id-1,csv secret 1,{config},ours,csv-run-1,{RUN_SECRET}",
        "csv-2,csv-id-2,csv secret 2,,,,",
        "csv-3,csv-id-1,csv secret 3,,,,",
        "csv-4,csv-id-4,csv secret 4,000000000000000000000000,,,",
        "csv/5,csv-id-5,csv secret 5,,,,",
        "csv-6,,csv secret 6,,,,",
    ]
    file = tmp_path / "entries.csv"
    file.write_text("\n".join(rows), encoding="utf-8")

    def run(*more: str) -> tuple[int, str, str]:
        variables = environment(HOMEPORT_DATA=str(stack.data))
        ran = program(["bootstrap", "import", str(file), "--rate", "1000", *more], variables)
        return ran.returncode, ran.stdout, ran.stderr

    code, printed, said = run("-o", "json")
    found = [json.loads(line) for line in printed.splitlines()]
    assert [(each["row"], each["outcome"]) for each in found] == [
        (2, "created"),
        (3, "created"),
        (4, "refused"),
        (5, "refused"),
        (6, "refused"),
        (7, "refused"),
    ]
    assert all("secret" not in each.get("reason", "").replace("pskInfo.secret", "") for each in found)
    assert (code, "2 created, 0 there already, 4 refused" in said) == (1, True)
    made = rest.get(f"{ENTRIES}/csv-1")["definition"]
    assert (made["bootstrapConfigId"], made["runServers"][0]["security"]["pskInfo"]["identity"]) == (
        config,
        "csv-run-1",
    )
    code, printed, said = run()
    assert (code, "0 created, 2 there already, 4 refused" in said) == (1, True)
    assert [line.split()[1] for line in printed.splitlines()] == ["ENDPOINT", "csv-3", "csv-4", "csv/5", "csv-6"]
    file.write_text(
        "\n".join([HEAD, f"csv-1,csv-id-1,csv secret 1,{config},ours,csv-run-1,{RUN_SECRET}99"]), encoding="utf-8"
    )
    code, printed, _ = run()
    assert (code, "BOOTSTRAP_ENTRY_DUPLICATE" in printed) == (1, True)
    rest.close()
