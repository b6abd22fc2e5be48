"""`python -m tests.sim --seed N --commands M [--store memory|moto]`."""

import argparse
import sys
import time

from tests.sim.scheduler import Violation
from tests.sim.simulation import simulate, story


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", type=int, default=100_000)
    parser.add_argument("--store", choices=("memory", "moto"), default="memory")
    parser.add_argument("--lines", type=int, default=150, help="how much of the story of a failure to print")
    args = parser.parse_args()
    began = time.perf_counter()
    try:
        result = simulate(args.seed, args.commands)
    except Violation as violation:
        print(f"seed {args.seed}: {violation} (device {violation.device}, command {violation.command})")
        print(f"replay: python -m tests.sim --seed {args.seed} --commands {args.commands} --store {args.store}")
        for line in story(args.seed, args.commands, violation)[-args.lines :]:
            print(" ", line)
        return 1
    print(
        f"seed {args.seed}: {result.commands} commands, {result.steps} steps, {result.simulated_hours:.0f} h simulated"
    )
    print(f"  {result.counts}, {result.given_up} invocations given up, {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
