"""What a million of something costs, by prices.json: each price with its source and date."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.functions import named

_FILE = Path(__file__).resolve().parent.parent / "prices.json"
_MB_A_GB = 1024


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million by what is billed, and a month; milliseconds that a function computes or waits."""

    per_million: Mapping[str, float]
    months: Mapping[str, float]
    milliseconds: Mapping[str, float]

    def compute(self, invocations: Mapping[str, float], waits: Mapping[tuple[str, str], float]) -> float:
        """USD per million for Lambda's GB-seconds: `invocations` by function, `waits` by function and service."""
        total = 0.0
        for function, times in invocations.items():
            waited = sum(n * self.milliseconds[service] for (f, service), n in waits.items() if f == function)
            seconds = (times * self.milliseconds["own"] + waited) / 1000
            total += seconds * named(function).memory / _MB_A_GB * self.per_million["lambda_gb_second"]
        return total


def prices(path: Path = _FILE) -> Prices:
    """Also refuses a price that names no source or no date."""
    body = json.loads(path.read_text())
    for name, price in {**body["prices"], **body["months"]}.items():
        if not price["source"] or not price["read"]:
            raise ValueError(f"price {name} has no source or no date")
    return Prices(
        {name: float(price["per_million"]) for name, price in body["prices"].items()},
        {name: float(price["usd"]) for name, price in body["months"].items()},
        {name: float(wait["value"]) for name, wait in body["milliseconds"].items()},
    )


def invocations(calls: Mapping[str, float]) -> Counter[str]:
    found: Counter[str] = Counter()
    for what, times in calls.items():
        kind, _, function = what.partition(":")
        if kind == "lambda" and function[:1].islower():
            found[function] += int(times)
    return found
