"""The figures of README and docs/price.md are those that are counted today."""

import json
import re
from pathlib import Path

import pytest

from bench.units import monthly
from bench.units.used import Units as Used
from infra.stage import Stage
from tests.units.conftest import Units

ROOT = Path(__file__).parents[2]
README, PRICE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/price.md"))
PROD = Stage("prod")
NONE = "\N{EN DASH}"
COLUMNS = (
    "lambda_invocations",
    "dynamodb_write_units",
    "dynamodb_read_units",
    "iot_messages",
    "rules",
    "direct_messages",
    "sfn_transitions",
    "usd_per_million",
)
OPERATIONS = {
    "a message of 1 KB, one a second": "telemetry",
    "a message of 1 KB, one every five minutes": "telemetry_usual",
    "command, no acknowledgement, device there": "command_none",
    "command, network acknowledgement": "command_network",
    "command, answered by the device": "command_applicative",
    "command, answered at the second attempt": "command_retried",
    "command, answered, deadlines in a queue": "command_applicative_queue",
    "command to an absent device, expires, deadlines in a queue": "command_expired_queue",
    "command to an absent device, expires": "command_expired",
    "configuration set, sent and confirmed": "config_roundtrip",
    "read a device": "device_get",
    "a page of 20 devices": "device_list_page",
    "connect, one SUBSCRIBE, disconnect": "connect_disconnect",
    "register a device with an interface": "device_register",
    "the same under a limit of devices": "device_register_limited",
    "a device of Xyte tells, and is told what waits": "xyte_telemetry",
    "the same of a device that nobody has claimed": "xyte_telemetry_unclaimed",
    "a device of Xyte registers": "xyte_register",
    "it is claimed": "xyte_claim",
}
MESSAGES = {
    "one every five minutes, a device among others": "telemetry_usual",
    "the same by Basic Ingest": "telemetry_basic_ingest",
    "one a minute": "telemetry_minute",
    "one an hour": "telemetry_hour",
    "one a second": "telemetry",
    "one every five minutes, the only device there is": "telemetry_alone",
    "the same, each to an instance of the function that knows nothing yet": "telemetry_elsewhere",
}
LWM2M = {
    "a notification that becomes a message, by itself": "lwm2m_notification",
    "one in ten minutes of each of 10,000 devices, told together": "lwm2m_notification_usual",
    "a registration": "lwm2m_register",
    "an update of one": "lwm2m_update",
}


def table(head: str) -> dict[str, list[str]]:
    """The cells of each row of the table that begins so, by its first cell."""
    lines = PRICE.partition(f"\n| {head}")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip(" *") for cell in line.strip("|").split(" | ")] for line in lines]
    return {name.strip("| *"): cells for name, *cells in rows}


def numbers(cells: list[str]) -> list[float]:
    return [0.0 if cell == NONE else float(cell.strip("| *")) for cell in cells]


@pytest.mark.parametrize(
    ("head", "named", "columns"),
    [
        ("operation | Lambda | writes | reads | messages", OPERATIONS, COLUMNS),
        ("a million messages | writes", MESSAGES, ("dynamodb_write_units", "dynamodb_read_units", "usd_per_million")),
        ("operation | Lambda | writes | reads | USD", LWM2M, (*COLUMNS[:3], "usd_per_million")),
    ],
    ids=["operations", "messages", "lwm2m"],
)
def test_a_table_of_operations_says_what_is_counted(
    units: Units, head: str, named: dict[str, str], columns: tuple[str, ...]
) -> None:
    said = {name: numbers(cells) for name, cells in table(head).items()}
    counted = {name: [round(units[operation][each], 2) for each in columns] for name, operation in named.items()}
    assert said == {name: pytest.approx(cells, abs=0.0051) for name, cells in counted.items()}


def test_what_a_year_of_messages_costs_is_what_is_said(units: Units) -> None:
    said = {name: numbers(cells) for name, cells in table("kept for a year, a million messages").items()}
    counted = {}
    for what, operation in (("1 KB", "telemetry_usual"), ("300 bytes", "telemetry_small")):
        row = Used(**units[operation])
        for name, infrequent in (("infrequent access", True), ("standard class", False)):
            stored, backup = monthly.storage(row.stored_bytes, monthly.KEPT, infrequent=infrequent)
            dearer = monthly.dearer_writes() if infrequent else 0
            whole = row.usd_per_million + dearer + stored + backup
            counted[f"{what}, {name}"] = [round(each, 2) for each in (round(row.stored_bytes), stored, backup, whole)]
    assert {name.removesuffix(" (the default)"): cells for name, cells in said.items()} == {
        # Names that are drawn anew deflate to a byte more or less.
        name: [pytest.approx(cells[0], abs=1.01), *(pytest.approx(each, abs=0.021) for each in cells[1:])]
        for name, cells in counted.items()
    }


def months(units: Units) -> list[float]:
    """Of an empty stage for trials and one for production, and of a thousand devices, first month and twelfth."""
    small, minute = (Used(**units[name]) for name in ("telemetry_small", "idle_minute"))
    empty = [monthly.idle(stage, minute) for stage in (Stage("dev"), PROD)]
    full = [monthly.fleet(PROD, 1_000, small, minute, months=month) for month in (1, 12)]
    return [round(sum(line.usd for line in lines), 2) for lines in (*empty, *full)]


def test_months_cost_what_is_said(units: Units) -> None:
    said = table("USD | dev, empty | prod, empty")
    assert numbers(said["a month, all told"]) == pytest.approx(months(units), abs=0.011)
    parts = [numbers(cells[-2:]) for name, cells in said.items() if name.startswith(("IoT", "Lambda", "Dynamo", "KMS"))]
    of_the_stage = numbers(said["the stage itself"][-2:])
    whole = [sum(column) for column in zip(*parts, of_the_stage, strict=True)]
    assert whole == pytest.approx(months(units)[2:], abs=0.02)


def test_the_headlines_are_what_is_counted(units: Units) -> None:
    _, _, first, twelfth = months(units)
    small = Used(**units["telemetry_small"])
    kept = sum(monthly.storage(small.stored_bytes, monthly.KEPT, infrequent=True))
    usual, second = (units[name]["usd_per_million"] for name in ("telemetry_usual", "telemetry"))
    for text in (README, PRICE):
        words = " ".join(text.split())
        assert f"about ${first:.0f} in their first month" in words
        said = re.search(r"cost \**\$([0-9.]+) to send\** and (?:another )?\**\$([0-9.]+) ", words)
        assert said is not None
        assert [float(each) for each in said.groups()] == [usual, pytest.approx(kept, abs=0.011)]
        assert f"${second:.2f} " in words
    assert f"${twelfth:.0f} in the twelfth" in " ".join(PRICE.split())
    commands = [units[name]["usd_per_million"] for name in ("command_none", "command_applicative")]
    assert f"A million commands cost ${commands[0]:.2f} to ${commands[1]:.2f}." in " ".join(README.split())


def test_every_price_stands_in_the_table_with_who_read_it_and_when() -> None:
    said, body = table("what | USD | by | read"), json.loads((ROOT / "bench" / "prices.json").read_text())
    listed = [price for part in ("prices", "months", "hours") for price in body[part].values()]
    assert said.keys() == {price["what"] for price in listed}
    for price in listed:
        usd, by, read = said[price["what"]]
        assert float(usd.split()[0]) == price.get("per_million", price.get("usd"))
        unknown = price["read"] == "unknown"
        assert (by.startswith("unknown"), price["source"].startswith("unknown")) == (unknown, unknown)
        assert unknown or (by, read.strip(" |")) == (price["source"], price["read"])
    assert "memory" not in json.dumps([price["source"] + price["read"] for price in listed])
