"""`make demo`: a hundred devices live for a while; then it is counted what was sent, stored, commanded and lost."""

import concurrent.futures
import contextlib
import os
import random
import sys
import threading
import time
from pathlib import Path

import click
import requests

from infra.demo.devices import SimulatedDevice
from infra.demo.dialects import DIALECTS
from infra.demo.furnishing import furnish
from infra.demo.platform import Platform, platform
from infra.demo.tally import Tally

_FINAL = frozenset({"PROCESSED", "ERROR", "CANCELED", "EXPIRED"})
_SETTLES_WITHIN_S = 120
_CONNECTING_AT_ONCE = 16


@click.command()
@click.option("--devices", default=100, show_default=True, type=click.IntRange(1, 2000))
@click.option("--seconds", type=click.IntRange(1, 3600), help="Default: 30; of lwm2m, whose devices sleep, 180.")
@click.option("--dialect", default="live_objects", show_default=True, type=click.Choice(sorted(DIALECTS)))
def main(devices: int, seconds: int | None, dialect: str) -> None:
    """Drive a simulated fleet; exit code 1 if anything acknowledged was lost or a command did not come to its end."""
    data = Path(os.environ.get("HOMEPORT_DATA", ".homeport"))
    with platform(data) as place:
        print(f"Look at it: http://localhost:{place.http}/console/ (`.venv/bin/homeport console` signs you in)")
        sys.exit(0 if _Demo(place, dialect, devices).run(seconds or DIALECTS[dialect].seconds) else 1)


class _Demo:
    def __init__(self, place: Platform, dialect: str, devices: int) -> None:
        self._place = place
        self._tally = Tally()
        run = format(int(time.time()), "x")
        self._fleet = [DIALECTS[dialect].device(place, self._tally, number, run) for number in range(devices)]
        self._commands: list[tuple[SimulatedDevice, str]] = []
        self._over = threading.Event()
        self._random = random.Random()  # noqa: S311 - which device drops is no secret

    def run(self, seconds: int) -> bool:
        shown = threading.Thread(target=self._show, daemon=True)
        shown.start()
        furnish(self._place)
        with concurrent.futures.ThreadPoolExecutor(_CONNECTING_AT_ONCE) as pool:
            list(pool.map(lambda device: device.connect(), self._fleet))
            list(pool.map(lambda n: self._fleet[n].dress(n), range(len(self._fleet))))
        operator = threading.Thread(target=self._operate, daemon=True)
        operator.start()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self._live()
        self._over.set()
        operator.join()
        unsettled = self._settle()
        lost = sum(device.lost() for device in self._fleet)
        for device in self._fleet:
            device.close()
        shown.join()
        self._summary(lost, unsettled)
        return lost == 0 and unsettled == 0

    def _live(self) -> None:
        """A tenth of a second in the life of the fleet."""
        for device in self._random.sample(self._fleet, max(1, len(self._fleet) // 10)):
            device.publish()
        if self._random.random() < 0.2:  # noqa: PLR2004 - about twice a second
            device = self._random.choice(self._fleet)
            device.drop()
            device.connect()
        time.sleep(0.1)

    def _operate(self) -> None:
        """What an operator does meanwhile: order commands and change configurations."""
        while not self._over.wait(0.2):
            device = self._random.choice(self._fleet)
            if not device.commandable:
                continue
            # The 11th waiting command of a device is refused, as it should be.
            with contextlib.suppress(requests.HTTPError):
                self._commands.append((device, device.command()))
                self._tally.add("commanded")
                device.configure(self._random.randrange(1000))

    def _settle(self) -> int:
        """Wait until every command has come to its end; how many have not."""
        open_ = list(self._commands)
        ends = time.monotonic() + _SETTLES_WITHIN_S
        while open_ and time.monotonic() < ends:
            still = []
            for device, command in open_:
                status = device.command_status(command)
                if status not in _FINAL:
                    still.append((device, command))
                else:
                    self._tally.add("processed" if status == "PROCESSED" else "failed")
            open_ = still
            time.sleep(0.5 if open_ else 0)
        # What was published last may be on its way into its table.
        time.sleep(1)
        return len(open_)

    def _show(self) -> None:
        live = sys.stdout.isatty()
        while not self._over.wait(0.5 if live else 5):
            print(f"\r{self._tally.line()}" if live else self._tally.line(), end="" if live else "\n", flush=True)
        print()

    def _summary(self, lost: int, unsettled: int) -> None:
        tally = self._tally
        print(f"{len(self._fleet)} devices, {tally['dropped']} times dropped and returned")
        print(f"  messages        {tally['sent']} sent, {tally['acknowledged']} acknowledged, {lost} of these lost")
        print(f"  commands        {tally['commanded']} given, {tally['processed']} processed, {tally['failed']} failed")
        print(f"  configurations  {tally['configured']} updates taken")
        if tally["woken"]:
            print(f"  sleeping        {tally['woken']} times woken, to take what waited")
        if unsettled:
            print(f"  {unsettled} commands did not come to their end")


if __name__ == "__main__":
    main()
