"""What the CoAP gateway costs whether or not a device speaks, and what that makes of a device's month."""

import json
from collections.abc import Mapping
from pathlib import Path

from bench.units import price
from infra.gateway.hints import WAIT_S
from infra.gateway.membership import RENEW_S

_FILE = Path(__file__).resolve().parent.parent / "prices.json"
HOURS = 730
"""A month."""
_SECONDS = HOURS * 3600
_DISK_GB = 8
_ALARMS, _METRICS = 5, 5
_MILLION = 1_000_000
REFRESHES_A_MONTH = 4 * 30
"""Each association is saved anew every six hours."""


def hourly() -> Mapping[str, float]:
    """USD an hour; refuses a price that names no source or no date."""
    listed = json.loads(_FILE.read_text())["hours"]
    for name, each in listed.items():
        if not each["source"] or not each["read"]:
            raise ValueError(f"price {name} has no source or no date")
    return {name: float(each["usd"]) for name, each in listed.items()}


def watching() -> float:
    """USD a month of its alarms and metrics."""
    listed = price.prices().months
    return _ALARMS * listed["alarm"] + _METRICS * listed["metric"]


def asking(nodes: int) -> float:
    """USD a month of what nodes ask of AWS while nothing happens: queue, lease, whether all is well."""
    listed = price.prices().per_million
    a_node = {
        "sqs_request": _SECONDS / WAIT_S,
        "dynamodb_write": _SECONDS / RENEW_S,
        "dynamodb_read": _SECONDS / RENEW_S * (nodes > 1),
        "lambda_request": _SECONDS / 60,
    }
    return nodes * sum(times * listed[what] for what, times in a_node.items()) / _MILLION


def on_instance() -> float:
    """USD a month for the instance, its address and its disk."""
    listed = hourly()
    return HOURS * (listed["t4g_nano"] + listed["public_ipv4"] + _DISK_GB * listed["gp3_gigabyte"])


def balanced(nodes: int) -> float:
    """USD a month for the balancer with two addresses, and tasks of a quarter of a processor with one each."""
    listed = hourly()
    task = listed["fargate_vcpu"] / 4 + listed["fargate_gigabyte"] / 2 + listed["public_ipv4"]
    balancer = listed["network_balancer"] + listed["balancer_capacity"] + 2 * listed["public_ipv4"]
    return HOURS * (balancer + nodes * task)


def device_month(devices: int, usd_per_million: float, minutes: int) -> float:
    """USD a month for one of so many devices behind an instance; each tells something every so many minutes."""
    fixed = (on_instance() + watching() + asking(1)) / devices
    kept = REFRESHES_A_MONTH * price.prices().per_million["dynamodb_write"] / _MILLION
    return fixed + kept + _SECONDS / 60 / minutes * usd_per_million / _MILLION
