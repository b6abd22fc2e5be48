"""What people do every day, in the console, in a real browser."""

import base64
import hashlib
from collections.abc import Callable

import pytest

from chalicelib.console import prices
from tests.clients import MqttClient, Rest, until
from tests.conformance.browser import Browser
from tests.conformance.console.fleet import DEVICES, register

pytestmark = [pytest.mark.conformance, pytest.mark.row("J6")]


# Is everything well?
def test_the_overview_says_how_many_devices_are_in_which_state(
    signed_in: Browser, rest: Rest, urn: str, device: MqttClient
) -> None:
    register(rest, f"{urn}:silent", tags=["overview"], group={"path": "/"})
    signed_in.do("reload")
    until(lambda: "ONLINE" in " ".join(signed_in.texts(".counts li")))
    signed_in.see("overview", within=".counts")
    signed_in.see("mqtt", within=".counts")
    signed_in.accessible()
    signed_in.click("link", "overview")
    signed_in.see(f"{urn}:silent")
    signed_in.see("1 found")


def test_the_overview_has_a_map_of_those_that_have_a_location(
    signed_in: Browser, rest: Rest, urn: str, device: MqttClient
) -> None:
    places = {f"{urn}:a": (48.9, 2.3), f"{urn}:b": (48.91, 2.31), f"{urn}:far": (-33.9, 18.4)}
    for each, (lat, lon) in places.items():
        register(rest, each, staticLocation={"lat": lat, "lon": lon})
    rest.ok("PATCH", f"{DEVICES}/{urn}", {"id": urn, "staticLocation": {"lat": 60.2, "lon": 24.9}})
    before = len(signed_in.do("requests"))
    signed_in.unfold("Map")
    signed_in.do("there", selector="svg.map .mark")
    asked = [each for each in signed_in.do("requests")[before:] if each == f"GET {DEVICES}"]
    assert len(asked) == 2, "nothing is asked for before it is opened"
    kinds = "[...document.querySelectorAll('.mark')].map((one) => one.lastChild.tagName).sort().join()"
    until(lambda: signed_in.do("run", code=kinds) == "circle,rect,rect")
    signed_in.accessible()
    signed_in.do("run", code="document.querySelector('.mark.away').dispatchEvent(new Event('click', {bubbles: true}))")
    until(lambda: len(signed_in.texts("details tbody tr")) in {1, 2})
    signed_in.click("button", "Show all")
    until(lambda: len(signed_in.texts("details tbody tr")) == 4)
    assert signed_in.do("wide") <= 0
    signed_in.click("link", f"{urn}:far")
    signed_in.see("-33.9, 18.4")


def test_the_overview_says_what_is_told_to_nobody(signed_in: Browser, rest: Rest, urn: str) -> None:
    register(rest, urn)
    rest.post("/api/v0/topics/fifo", {"name": "small", "maxLengthBytes": 1_000_000})
    diagnostics = "/api/v1/event2action/diagnostics/actionPolicies"
    failed = {"reason": "<b>refused", "time": "2026-01-02T03:04:05Z"}
    action = {"actionId": "a1", "suspended": True, "lastSuspension": failed}
    signed_in.see("No action is suspended")
    signed_in.do("instead", path=diagnostics, body=[{"actionPolicyId": "p1", "actions": [action]}])
    (fifo,) = [one for one in rest.get("/api/v0/topics/fifo", size=200)["data"] if one["name"] == "small"]
    full = {"data": [{**fifo, "messageBytes": 950_000}]}
    signed_in.do("instead", path="/api/v0/topics/fifo", body=full)
    signed_in.do("reload")
    signed_in.see("<b>refused", within="tbody")
    signed_in.see("950,000 of 1,000,000 bytes", within="tbody")
    signed_in.accessible()
    signed_in.click("link", "small")
    signed_in.see("FIFOs and policies", within="h1")


# Find one device.
def test_a_device_is_found_and_the_address_says_how(signed_in: Browser, rest: Rest, urn: str) -> None:
    register(rest, urn, name="Pompe Nord", tags=["north"], properties={"serial": "SN-77"})
    register(rest, f"{urn}:other")
    signed_in.go("#/devices")
    for label, value in (("Id contains", urn[-6:]), ("Name contains", "ompe"), ("Tag", "north")):
        signed_in.fill(label, value)
    signed_in.fill("Property name=value", "serial=SN-77")
    signed_in.click("button", "Search")
    signed_in.see("1 found")
    signed_in.see("Pompe Nord")
    address = signed_in.do("address")
    assert "tag=north" in address
    signed_in.do("reload")
    signed_in.see("1 found")
    assert signed_in.do("value", selector="input[name=tag]") == "north"
    signed_in.accessible()
    signed_in.click("link", "Clear")
    signed_in.see(f"{urn}:other")


def test_a_long_list_is_read_page_by_page_and_back(signed_in: Browser, rest: Rest) -> None:
    ids = [f"urn:lo:nsid:paged:{number:03}" for number in range(120)]
    for each in ids:
        rest.post(DEVICES, {"id": each, "tags": ["paged"]})
    signed_in.go("#/devices?tag=paged")
    signed_in.see("120 found")

    def shown(first: str, last: str) -> Callable[[], bool]:
        def check() -> bool:
            links = signed_in.texts("tbody tr td:nth-child(2) a")
            return bool(links) and (links[0], links[-1]) == (first, last)

        return check

    until(shown(ids[0], ids[49]))
    signed_in.click("link", "Next →")
    until(shown(ids[50], ids[99]))
    signed_in.click("link", "Next →")
    until(shown(ids[100], ids[119]))
    signed_in.click("link", "← Previous")
    until(shown(ids[50], ids[99]))
    signed_in.click("link", "← Previous")
    until(shown(ids[0], ids[49]))
    assert signed_in.do("count", selector="a[rel=prev]") == 0


# Why is it silent?
def test_a_silent_device_says_what_was_refused_and_when_it_was_there(
    signed_in: Browser, urn: str, device: MqttClient, rest: Rest
) -> None:
    device.publish("dev/data", "no json")
    until(lambda: rest.get("/api/v0/auditlog/messages", **{"source.deviceId": urn}))
    device.close()
    signed_in.go(f"#/devices/{urn}/log")
    signed_in.see("error", within="tbody")
    signed_in.accessible()
    signed_in.click("button", "Trace for 15 minutes")
    signed_in.see("is traced here")
    signed_in.click("button", "Stop tracing")
    signed_in.see("are not traced")
    signed_in.click("link", "Interfaces and activity")
    signed_in.see("Last disconnected")
    signed_in.see("127.0.0.1")
    signed_in.accessible()


# Its last values, and a curve.
def test_values_are_a_curve_and_new_ones_come_by_themselves(signed_in: Browser, urn: str, device: MqttClient) -> None:
    for number in range(5):
        device.publish("dev/data", {"s": "measured", "v": {"temperature": 20 + number, "gps": {"lat": number}}})
    signed_in.go(f"#/devices/{urn}")
    signed_in.see("Messages: 5")
    until(lambda: signed_in.do("drawn") > 100)
    signed_in.see("gps.lat")
    signed_in.accessible()
    device.publish("dev/data", {"s": "measured", "v": {"temperature": 99.5, "note": "=1+1"}})
    signed_in.see("Messages: 6")
    signed_in.see("99.5", within="tbody tr:first-child")
    lines = signed_in.do("download", kind="button", name="Save as CSV").splitlines()
    assert lines[0] == "timestamp,stream,model,gps.lat,temperature,value"
    assert len(lines) == 7


# Send a command, and see it arrive.
def test_a_command_is_followed_to_the_devices_own_answer(signed_in: Browser, urn: str, device: MqttClient) -> None:
    signed_in.go(f"#/devices/{urn}/commands")
    signed_in.fill("Command what the device is to do, such as reboot", "blink")
    signed_in.fill("Arguments an object in JSON", '{"times": 3}')
    signed_in.click("button", "Send")
    signed_in.see("PROCESSED", within=".commands")
    signed_in.see('{"did":"blink"}')
    assert [" ".join(step.split()) for step in signed_in.texts(".steps li.done")] == [
        "✓ PENDING done",
        "✓ SENT done",
        "✓ DELIVERED done",
        "✓ REPLIED done",
    ]
    signed_in.accessible()


def test_a_command_is_no_success_before_the_device_said_so(signed_in: Browser, rest: Rest, urn: str) -> None:
    register(rest, urn)
    signed_in.go(f"#/devices/{urn}/commands")
    signed_in.fill("Command what the device is to do, such as reboot", "blink")
    signed_in.click("button", "Send")
    signed_in.see("PENDING", within=".commands")
    assert signed_in.do("count", selector=".steps li.done") == 0
    assert "PROCESSED" not in " ".join(signed_in.texts("main"))
    signed_in.fill("Arguments an object in JSON", "[1]")
    signed_in.fill("Command what the device is to do, such as reboot", "other")
    signed_in.click("button", "Send")
    signed_in.see("in braces")
    signed_in.click("button", "Cancel the command")
    signed_in.click("button", "Cancel the command", within="dialog")
    signed_in.see("CANCELED", within=".commands")


# Change the configuration, of one and of many.
def test_a_configuration_is_asked_for_and_taken(signed_in: Browser, urn: str, device: MqttClient) -> None:
    signed_in.go(f"#/devices/{urn}/configuration")
    signed_in.unfold("Set a parameter")
    signed_in.fill("Parameter", "interval")
    signed_in.fill("Value", "sixty")
    signed_in.click("button", "Ask the device")
    signed_in.see("is to be a number")
    signed_in.fill("Value", "60")
    signed_in.click("button", "Ask the device")
    signed_in.see("interval", within="tbody")
    signed_in.see("OK", within="tbody")
    signed_in.accessible()


def test_many_are_worked_on_after_their_number_was_said(signed_in: Browser, rest: Rest, urn: str) -> None:
    for number in range(3):
        register(rest, f"{urn}:{number}", tags=["bulk"])
    signed_in.go("#/devices?tag=bulk")
    signed_in.see("3 found")
    signed_in.click("button", "Choose this page")
    signed_in.click("button", "Tags…")
    signed_in.fill("Add the tag", "seen", within="dialog")
    signed_in.click("button", "Continue")
    signed_in.see("Change the tags of 3 devices?")
    signed_in.accessible()
    signed_in.click("button", "Yes, for 3 devices")
    signed_in.see("3 of 3 done, 0 refused. It is over.")
    assert [rest.get(f"{DEVICES}/{urn}:{n}")["tags"] for n in range(3)] == [["bulk", "seen"]] * 3
    signed_in.do("press", key="Escape")
    signed_in.click("button", "Send a command…")
    signed_in.fill("Command what the device is to do, such as reboot", "reboot", within="dialog")
    signed_in.click("button", "Continue")
    signed_in.click("button", "Yes, for 3 devices")
    signed_in.see("the device has not answered yet", within="dialog")
    signed_in.see("3 of 3 done", within="dialog")
    assert [rest.get(f"{DEVICES}/{urn}:{n}/commands")[0]["status"] for n in range(3)] == ["PENDING"] * 3
    signed_in.do("press", key="Escape")
    signed_in.click("button", "Set a parameter…")
    signed_in.fill("Parameter", "interval", within="dialog")
    signed_in.fill("Value", "60", within="dialog")
    signed_in.click("button", "Continue")
    signed_in.see("Set this parameter on 3 devices?")
    signed_in.click("button", "Yes, for 3 devices")
    signed_in.see("3 of 3 done", within="dialog")
    asked = [rest.get(f"{DEVICES}/{urn}:{n}/config")["parameters"]["interval"]["syncStatus"] for n in range(3)]
    assert asked == ["PENDING"] * 3


# Roll out firmware, watch, and stop.
def test_a_version_is_asked_for_watched_and_stopped(signed_in: Browser, rest: Rest, urn: str) -> None:
    register(rest, urn)
    rest.post("/api/v0/rm", {"resourceId": "firmware"})
    content = b"a firmware"
    checksum = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    file = {"resourceVersionId": "1.2", "checksum": checksum, "file": base64.b64encode(content).decode()}
    rest.post("/api/v0/rm/firmware/version", file)
    signed_in.go(f"#/devices/{urn}/resources")
    signed_in.unfold("Set the version of a resource")
    signed_in.fill("Resource", "firmware")
    signed_in.fill("Version", "9.9")
    signed_in.click("button", "Ask the device")
    signed_in.do("there", selector="main .problem")
    signed_in.fill("Version", "1.2")
    signed_in.click("button", "Ask the device")
    signed_in.see("→ 1.2", within="tbody")
    signed_in.accessible()
    signed_in.click("button", "Stop")
    signed_in.see("Stop the update of firmware?")
    signed_in.click("button", "Stop", within="dialog")
    signed_in.see("CANCELED", within="tbody")
    assert signed_in.do("count", selector="tbody button") == 0


# Onboard.
def test_a_device_is_registered_changed_and_deleted(signed_in: Browser, rest: Rest, urn: str) -> None:
    signed_in.go("#/devices")
    signed_in.unfold("Register a device")
    form = "details form"
    signed_in.fill("Id urn:lo:nsid:namespace:id", "nonsense", within=form)
    signed_in.click("button", "Register a device")
    signed_in.see("urn:lo:nsid:{namespace}:{id}", within=form)
    signed_in.fill("Id urn:lo:nsid:namespace:id", urn, within=form)
    signed_in.fill("Name", "Door 7", within=form)
    signed_in.click("button", "Register a device")
    signed_in.see("Door 7", within="h2")
    signed_in.click("link", "Properties")
    signed_in.fill("Properties name=value, one a line", "floor=3\nside=a=b")
    signed_in.click("button", "Save")
    until(lambda: rest.get(f"{DEVICES}/{urn}").get("properties") == {"floor": "3", "side": "a=b"})
    signed_in.accessible()
    signed_in.click("button", "Delete the device")
    signed_in.see("It cannot be brought back.")
    signed_in.click("button", "Delete the device", within="dialog")
    signed_in.see("found")
    assert rest.call("GET", f"{DEVICES}/{urn}").status_code == 404


def test_groups_are_a_tree(signed_in: Browser, rest: Rest) -> None:
    signed_in.go("#/groups")
    signed_in.unfold("New group")
    signed_in.fill("Name", "plant")
    signed_in.click("button", "Create")
    signed_in.see("/plant", within="tbody")
    signed_in.fill("Name", "hall")
    signed_in.do(
        "run",
        code="""[...document.querySelectorAll("select[name=parent] option")]
      .find((one) => one.textContent === "/plant").selected = true""",
    )
    signed_in.click("button", "Create")
    signed_in.see("/plant/hall", within="tbody")
    signed_in.accessible()


# Who did what.
def test_fifos_and_policies_show_what_waits(signed_in: Browser, rest: Rest) -> None:
    signed_in.go("#/routing")
    signed_in.unfold("New FIFO")
    signed_in.fill("Name", "orders")
    signed_in.click("button", "Create")
    signed_in.see("orders", within="tbody")
    rest.post("/api/v0/topics/fifo/orders", {"n": 1})
    until(lambda: "orders\t1" in " ".join(signed_in.texts("tbody tr")))
    actions = {"fifoPublish": [{"fifoName": "orders"}]}
    rest.post(
        "/api/v1/event2action/actionPolicies",
        {"name": "all", "triggers": {"dataMessage": {"version": 1}}, "actions": actions},
    )
    signed_in.see("dataMessage", within="tbody")
    signed_in.accessible()
    signed_in.click("button", "Disable")
    signed_in.see("disabled", within="tbody")
    diagnostics = "/api/v1/event2action/diagnostics/actionPolicies"
    (found,) = rest.get(diagnostics)
    failed = {"reason": "connection refused", "time": "2026-01-02T03:04:05Z"}
    told = {**found["actions"][0], "suspended": True, "lastSuspension": failed}
    signed_in.do("instead", path=diagnostics, body=[{**found, "actions": [told]}])
    signed_in.see("suspended", within="tbody")
    signed_in.see("connection refused", within="tbody")
    signed_in.accessible()
    signed_in.do("instead", path=diagnostics, body=[found])
    signed_in.click("button", "Resume")
    signed_in.gone("connection refused", within="tbody")


def test_about_says_the_version_and_the_price(signed_in: Browser) -> None:
    signed_in.go("#/about")
    signed_in.see("0.1.0")
    signed_in.see(f"${prices.A_MILLION['message'][0]}")
    signed_in.accessible()
