"""`make bench`: what the platform does on this machine, as a table and in build/bench.json."""

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from bench import basic, broker, coaps, cold_start, console, local_stack, mqtt_operations, operations, waiting

OUTPUT = Path("build") / "bench.json"


def main() -> None:
    figures = {
        "stack": local_stack.run(),
        "basic": basic.run(),
        "cold_start": cold_start.run(),
        "broker": broker.run(),
        "coaps": coaps.run(),
        "operations": operations.run(),
        "over mqtt": mqtt_operations.run(),
        "console": console.run(),
        "waiting": waiting.run(),
    }
    machine = {
        "processors": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps({"machine": machine, **figures}, indent=2) + "\n", encoding="utf-8")
    print()
    for group, values in figures.items():
        for name, value in values.items():
            print(f"{group:<11} {name:<34} {value:>12,}")
    print(f"\nwritten to {OUTPUT}")


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m bench", description=f"{__doc__} It takes ten minutes.").parse_args()
    main()
