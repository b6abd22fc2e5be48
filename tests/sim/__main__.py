"""`python -m tests.sim --seed N --commands M [--store memory|moto] [--queued]`: one run, and why it failed."""

import argparse
import sys
import time

from tests.sim.scheduler import Violation
from tests.sim.simulation import STORES, failure, simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", type=int, default=100_000)
    parser.add_argument("--store", choices=tuple(STORES), default="memory")
    parser.add_argument("--lines", type=int, default=150, help="how much of the story of a failure to print")
    parser.add_argument("--queued", action="store_true", help="deadlines are kept by a queue")
    args = parser.parse_args()
    began = time.perf_counter()
    try:
        result = simulate(args.seed, args.commands, store=args.store, queued=args.queued)
    except Violation:
        print(failure(args.seed, args.commands, args.store, args.queued, args.lines))
        return 1
    seconds = time.perf_counter() - began
    print(f"seed {args.seed}: {result.commands} commands, {result.steps} steps, {seconds:.0f} s")
    print(f"  {result.simulated_hours:.0f} h simulated, {result.given_up} invocations given up, {result.counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
