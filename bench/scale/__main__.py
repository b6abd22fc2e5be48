"""`python -m bench.scale [--devices N]`: the first quota that breaks, for each event and kind of region."""

import argparse
from dataclasses import replace
from math import isinf

from bench.scale import events, model
from bench.scale.quotas import BIG, SMALL, Quotas


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--keys", action="store_true", help="also what each table, index and key of them takes")
    asked = parser.parse_args()
    devices = asked.devices
    raised = {"with connections raised": replace(BIG, connections=devices), "small region, raised": _raised(devices)}
    for name, quotas in {"big region": BIG, **raised}.items():
        print(f"\n{devices:,} devices, {name}")
        for verdict in verdicts(devices, quotas):
            print(f"  {verdict.event:30} {_time(verdict.seconds):>10}  {verdict.first}: {verdict.then}")
        print(
            f"  {'daily end of connections':30} {model.daily_return(devices, quotas):>9.1%}  of the CONNECTs a second"
        )

    if asked.keys:
        # It makes a cloud of its own, which changes the process.
        from bench.scale import keys

        print(events.table(keys.measured(), devices, replace(BIG, connections=devices)))


def verdicts(devices: int, quotas: Quotas) -> list[model.Verdict]:
    return [
        model.reconnect_storm(devices, quotas),
        model.command_to_everyone(devices, quotas),
        model.command_to_everyone(devices, quotas, applicative=True),
        model.hot_group(devices // 100, quotas),
    ]


def _raised(devices: int) -> Quotas:
    return replace(SMALL, connections=devices)


def _time(seconds: float) -> str:
    if isinf(seconds):
        return "never"
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s"


if __name__ == "__main__":
    main()
