"""`python -m bench.units`: prints the table, writes build/units.json; `--why` also lists every read and write."""

import argparse
import json
from pathlib import Path

from bench.units import monthly
from bench.units.measuring import Row, measure

_OUT = Path("build") / "units.json"
_COLUMNS = (
    ("Lambda", "lambda_invocations"),
    ("writes", "dynamodb_write_units"),
    ("reads", "dynamodb_read_units"),
    ("messages", "iot_messages"),
    ("rules", "rules"),
    ("direct", "direct_messages"),
    ("transitions", "sfn_transitions"),
    ("S3", "s3_requests"),
    ("SQS", "sqs_requests"),
    ("USD/million", "usd_per_million"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.units", description=__doc__)
    parser.add_argument("--why", action="store_true", help="list every read and write")
    parser.add_argument("--out", type=Path, default=_OUT)
    asked = parser.parse_args()
    rows = measure()
    print(table(rows))
    print(monthly.report({row.name: row.units for row in rows}))
    if asked.why:
        print("\n".join(why(row) for row in rows))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps({row.name: row.json() for row in rows}, indent=1) + "\n")


def table(rows: list[Row]) -> str:
    lines = [f"{'operation':20}" + "".join(f"{head:>12}" for head, _ in _COLUMNS) + "  functions"]
    for row in rows:
        body = row.json()
        functions = ", ".join(f"{n}x {name}" if n > 1 else name for name, n in row.memory.items())
        lines.append(f"{row.name:20}" + "".join(f"{_short(body[name]):>12}" for _, name in _COLUMNS) + f"  {functions}")
    return "\n".join(lines)


def why(row: Row) -> str:
    lines = [f"\n{row.name}"]
    lines += [f"  {use.writes:g} write units  {use.what} by {use.by}" for use in row.writes[:40]]
    lines += [f"  {use.reads:g} read units  {use.what} by {use.by}" for use in row.reads[:40]]
    return "\n".join(lines)


def _short(number: float) -> str:
    return f"{number:g}" if number == int(number) else f"{number:.4f}".rstrip("0")


if __name__ == "__main__":
    main()
