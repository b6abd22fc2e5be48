"""A fleet of several dialects in the console: devices that take commands, odd names, and what is changed of many."""

import json
from typing import Any

import pytest
import requests

from tests.clients import Rest, until
from tests.conformance.browser import Browser
from tests.conformance.console.fleet import DEVICES, register
from tests.local.running import RunningStack

pytestmark = pytest.mark.conformance

COMMAND = "Command what the device is to do, such as reboot"
MIDDLE = """new Promise(requestAnimationFrame).then(() => {
  const canvas = document.querySelector(".plot canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = [];
  for (let at = 0; at < data.length; at += 4) {
    const colours = data.slice(at, at + 3);
    if (data[at + 3] && Math.max(...colours) - Math.min(...colours) > 60) found.push((at / 4) % canvas.width);
  }
  return found.reduce((sum, x) => sum + x, 0) / found.length / canvas.width;
})"""
"""Where the points of a curve are on the average, from 0 at its left to 1 at its right."""


def say(rest: Rest, device: str, stream: str, **value: Any) -> None:
    rest.post(f"/api/v0/data/streams/{stream}", {"value": value, "metadata": {"source": device}})


def test_the_first_value_of_all_stands_in_the_middle_of_its_curve(signed_in: Browser, rest: Rest, urn: str) -> None:
    register(rest, urn)
    say(rest, urn, f"{urn}!first", temperature=21.5)
    signed_in.go(f"#/devices/{urn}")
    signed_in.see("Messages: 1")
    signed_in.do("there", selector=".plot canvas")
    assert 0.4 < signed_in.do("run", code=MIDDLE) < 0.6


def test_the_stream_that_is_looked_at_stays_when_another_one_speaks(signed_in: Browser, rest: Rest, urn: str) -> None:
    register(rest, urn)
    say(rest, urn, f"{urn}!first", temperature=21.5)
    signed_in.go(f"#/devices/{urn}")
    signed_in.see("temperature", within="label")
    say(rest, urn, f"{urn}!second", pressure=3)
    until(lambda: sum("!" in text for text in signed_in.texts("main option")) == 2)
    say(rest, urn, f"{urn}!first", temperature=22.5)
    signed_in.see("Messages: 2")
    assert signed_in.do("value", selector="main select") == f"{urn}!first"


def test_a_device_that_asks_for_its_commands_is_sent_one(signed_in: Browser, stack: RunningStack, rest: Rest) -> None:
    known = json.loads((stack.data / "credentials.json").read_text())["xyte"]
    body = {"hardware_key": known["hardwareKey"], "mac": "0A1B2C3D4E5F", "sn": "console-1", "firmware_version": "1.2.3"}
    made = requests.post(f"{stack.url}/v1/devices", json={**body, "name": "Display"}, timeout=60)
    assert made.status_code == 201, made.text
    display = made.json()
    urn = f"urn:lo:nsid:xyte:{display['id']}"
    signed_in.go(f"#/devices/{urn}/commands")
    signed_in.fill(COMMAND, "reboot")
    signed_in.click("button", "Send")
    signed_in.see("PENDING", within=".commands")
    url = f"{stack.url}/v1/devices/{display['id']}/command"
    asked = requests.get(url, headers={"Authorization": display["access_key"]}, timeout=60).json()
    assert (asked["name"], asked["status"]) == ("reboot", "pending")
    signed_in.see("PROCESSING", within=".commands")
    rest.ok("DELETE", f"{DEVICES}/{urn}")


def test_a_device_without_an_interface_is_sent_a_command_that_waits(signed_in: Browser, rest: Rest, urn: str) -> None:
    rest.post(DEVICES, {"id": urn})
    signed_in.go(f"#/devices/{urn}/commands")
    signed_in.fill(COMMAND, "c8y_Restart")
    signed_in.click("button", "Send")
    signed_in.see("PENDING", within=".commands")
    (kept,) = rest.get(f"{DEVICES}/{urn}/commands")
    assert kept["request"]["value"] == {"req": "c8y_Restart"}


def test_names_that_show_nothing_or_turn_the_line_are_read_all_the_same(
    signed_in: Browser, rest: Rest, urn: str
) -> None:
    for number, name in enumerate((" ", "\u3164", "\u202egnp.exe", "a\u0007b")):
        register(rest, f"{urn}:{number}", name=name)
    signed_in.go(f"#/devices?id={urn}:")
    signed_in.see("4 found")
    until(lambda: len(signed_in.texts("tbody a:not(.tag)")) == 4)
    assert signed_in.texts("tbody a:not(.tag)") == [f"{urn}:0", f"{urn}:1", "\\u202egnp.exe", "a\\u0007b"]


def test_many_are_asked_about_with_what_is_to_become_of_them(signed_in: Browser, rest: Rest, urn: str) -> None:
    for number in range(2):
        register(rest, f"{urn}:{number}")
    rest.post("/api/v1/deviceMgt/groups", {"pathNode": "moved", "parentId": "root"})
    signed_in.go(f"#/devices?id={urn}:")
    signed_in.see("2 found")
    signed_in.click("button", "Choose this page")
    signed_in.click("button", "Tags…")
    signed_in.click("button", "Continue")
    signed_in.see("which tag to add or to remove", within="dialog")
    signed_in.do("press", key="Escape")
    signed_in.click("button", "Move to a group…")
    for path, done in (("/nowhere", "0 of 2 done, 2 refused"), ("/moved", "2 of 2 done, 0 refused")):
        if path != "/nowhere":
            signed_in.click("button", "Move to a group…")
        signed_in.fill("Group", path, within="dialog")
        signed_in.do("press", key="Enter")
        signed_in.see(path, within="dialog code")
        until(lambda: signed_in.do("run", code="document.activeElement.innerText").startswith("Move 2 devices"))
        signed_in.accessible()
        signed_in.do("press", key="Tab")
        assert signed_in.do("focused") == "Yes, for 2 devices"
        signed_in.do("press", key="Enter")
        signed_in.see(done, within="dialog")
        until(lambda: signed_in.do("run", code="document.activeElement.role || ''") == "status")
        signed_in.do("press", key="Escape")
    assert [rest.get(f"{DEVICES}/{urn}:{n}")["group"]["path"] for n in range(2)] == ["/moved"] * 2


def test_what_was_not_touched_is_not_written(signed_in: Browser, rest: Rest, urn: str) -> None:
    register(rest, urn, name="Before", tags=["one, two"], properties={"note": "first\nsecond"})
    signed_in.go(f"#/devices/{urn}/properties")
    signed_in.fill("Name", "After")
    rest.ok("PATCH", f"{DEVICES}/{urn}", {"id": urn, "description": "told elsewhere"})
    signed_in.click("button", "Save")
    until(lambda: rest.get(f"{DEVICES}/{urn}")["name"] == "After")
    found = rest.get(f"{DEVICES}/{urn}")
    assert (found["tags"], found["properties"]) == (["one, two"], {"note": "first\nsecond"})
    assert found["description"] == "told elsewhere"
