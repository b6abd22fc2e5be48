"""The pictures of the README: of a fleet as `make demo` furnishes it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.demo.devices import LiveObjectsDevice
from infra.demo.furnishing import furnish
from infra.demo.platform import Platform
from infra.demo.tally import Tally
from tests.clients import Rest, until
from tests.conformance.browser import Browser
from tests.conformance.console.fleet import DEVICES
from tests.local.running import RunningStack

pytestmark = pytest.mark.conformance

ONLINE = 6
ALARMS = {"MAJOR", "MINOR", "WARNING"}


@contextmanager
def fleet(place: Platform, rest: Rest) -> Iterator[list[LiveObjectsDevice]]:
    tally = Tally()
    devices = [LiveObjectsDevice(place, tally, number, "live") for number in range(ONLINE)]
    try:
        for number, device in enumerate(devices):
            device.connect()
            device.dress(number)
            device.publish()
        until(lambda: tally["acknowledged"] == ONLINE)
        until(lambda: {"value": "ONLINE", "count": ONLINE} in rest.get(f"{DEVICES}Count", by="status")["counts"])
        yield devices
    finally:
        for device in devices:
            device.close()


def test_pictures_of_the_pages() -> None:
    """Into HOMEPORT_PICTURES, or a folder of what is built."""
    folder = Path(os.environ.get("HOMEPORT_PICTURES", "build/pictures")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with RunningStack() as other, Browser(other.url.replace("127.0.0.1", "localhost")) as browser:
        known = json.loads((other.data / "credentials.json").read_text())
        place = Platform(known["tenant"], known["apiKey"], known["http"], known["mqtts"], other.data / "ca.pem")
        standing = furnish(place)
        others = Rest(other)
        with fleet(place, others) as live:
            command = live[0].command()
            until(lambda: others.get(f"/api/v1/deviceMgt/commands/{command}")["status"] == "PROCESSED")
            for name, dark in (("light", False), ("dark", True)):
                browser.sign_in(other.api_key, dark=dark, width=1200, height=760)
                until(lambda: len(browser.texts(".counts li")) > ONLINE)
                browser.see("Nothing was refused.")
                browser.do("shot", path=str(folder / f"console-overview-{name}.png"))
            browser.sign_in(other.api_key, width=1200, height=760)
            browser.go(f"#/devices/{standing[0]}?range=week")
            until(lambda: browser.do("count", selector=".plot canvas") and browser.do("drawn") > 100)
            browser.do("shot", path=str(folder / "console-device.png"))
            browser.go(f"#/devices/{live[0].id}/commands")
            browser.see("PROCESSED", within=".commands")
            browser.do("shot", path=str(folder / "console-commands.png"))
            browser.go("#/alarms")
            until(lambda: len(browser.texts("tbody tr")) == len(ALARMS))
            assert {line.split()[1] for line in browser.texts("tbody tr td:first-child")} == ALARMS
            browser.content()
        others.close()
