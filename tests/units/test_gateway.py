"""What the CoAP gateway costs, as docs/price.md says it."""

import re
from pathlib import Path

import pytest

from bench.units import gateway

PRICE = (Path(__file__).parents[2] / "docs" / "price.md").read_text(encoding="utf-8")


def row(name: str) -> list[float]:
    (found,) = re.findall(rf"^\| {re.escape(name)} \| (.+) \|$", PRICE, re.MULTILINE)
    return [float(cell.strip(" *")) for cell in found.split("|")]


@pytest.mark.parametrize(
    ("name", "usd"),
    [
        ("instance or tasks, balancer, addresses, disk", (gateway.on_instance(), gateway.balanced(2))),
        ("alarms and metrics", (gateway.watching(), gateway.watching())),
        ("its lease, its queue, whether anybody answers", (gateway.asking(1), gateway.asking(2))),
        (
            "**together**",
            (
                gateway.on_instance() + gateway.watching() + gateway.asking(1),
                gateway.balanced(2) + gateway.watching() + gateway.asking(2),
            ),
        ),
    ],
)
def test_the_fixed_cost_is_what_is_said(name: str, usd: tuple[float, float]) -> None:
    assert row(name) == [round(each, 2) for each in usd]


def test_a_month_of_a_device_is_what_is_said() -> None:
    a_million = row("one in ten minutes of each of 10,000 devices, told together")[-1]
    said = float(re.findall(r"costs \*\*\$([0-9.]+) a month\*\*", PRICE)[0])
    assert said == round(gateway.device_month(10_000, a_million, 10), 4)
    assert said <= 0.01


def test_an_instance_for_a_fleet_of_one_costs_what_it_costs() -> None:
    alone = gateway.device_month(1, 3.21, 10)
    assert gateway.on_instance() < alone < gateway.on_instance() + 3
