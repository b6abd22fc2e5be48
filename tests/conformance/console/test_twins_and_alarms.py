"""Devices that have a model, and what is wrong with devices, in the console."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.gateway.coap.message import Response
from infra.gateway.coap.numbers import Code
from infra.gateway.dtls.client import Identity
from tests.cli.served import environment, program
from tests.clients import Rest, until
from tests.conformance.browser import Browser
from tests.conformance.console.fleet import DEVICES, register
from tests.gateway.dtls.rig import LIB
from tests.local.running import RunningStack
from tests.lwm2m.device import WireDevice, content

pytestmark = pytest.mark.conformance

KEY = bytes(range(16))
HOSTILE = "<img src=x onerror=alert(1)>\u202e😀"
SHOWN = HOSTILE.replace("\u202e", "\\u202e")
"""What stands on a page: what turns the line is an escape."""


def provision(rest: Rest, urn: str) -> None:
    name = urn.rpartition(":")[2]
    security = {"mode": "PSK", "pskInfo": {"identity": name, "secret": KEY.hex()}}
    interface = {"connector": "lwm2m", "definition": {"endpointName": f"urn:{name}", "security": security}}
    rest.post(DEVICES, {"id": urn, "name": HOSTILE, "interfaces": [interface]})


@pytest.fixture
def wired(stack: RunningStack, rest: Rest, urn: str) -> Iterator[WireDevice]:
    provision(rest, urn)
    name = urn.rpartition(":")[2]
    device = WireDevice(LIB, stack.coaps, Identity(name.encode(), KEY, cid=b"me"), f"urn:{name}")
    device.model.answers |= {
        "GET /3/0/9": content(b"77"),
        "PUT /1/0/1": Response(Code.CHANGED),
        "POST /3/0/4": Response(Code.CHANGED),
        "GET /3303/0": content(b'[{"n": "/3303/0/5700", "v": 20.5}]', 110),
        "GET /3/0/0": content(HOSTILE.encode()),
    }
    device.connect()
    assert device.register("</1/0>,</3/0>,</3303/0>") == Code.CREATED
    yield device
    device.close()


def row(browser: Browser, path: str) -> Callable[[str], bool]:
    """Whether the row of that resource says something."""

    def says(text: str) -> bool:
        return any(line.startswith(path) and text in line for line in browser.texts("tbody tr"))

    return says


def within_row(path: str) -> str:
    return f"tbody tr:has(td:first-child code:text-is('{path}'))"


def test_a_device_with_a_model_is_read_written_executed_and_observed(
    signed_in: Browser, urn: str, wired: WireDevice
) -> None:
    signed_in.go("#/twins")
    signed_in.click("link", SHOWN)
    signed_in.see("/1/0 LwM2M Server")
    signed_in.go(f"#/devices/{urn}/twin?object=%2F3")
    signed_in.see("Battery Level")
    signed_in.click("button", "Read", within=within_row("/3/0/9"))
    until(lambda: row(signed_in, "/3/0/9")("77"))
    signed_in.see("OK", within=".commands li")
    signed_in.click("button", "Read", within=within_row("/3/0/0"))
    until(lambda: row(signed_in, "/3/0/0")(SHOWN))
    assert signed_in.do("count", selector="main img") == 0
    signed_in.click("button", "Execute", within=within_row("/3/0/4"))
    signed_in.see("Have the device execute Reboot?")
    signed_in.click("button", "Execute", within="dialog")
    until(lambda: ("3", "0", "4") in [request.path for request in wired.model.requests])
    signed_in.accessible()
    signed_in.choose("Object", "/1")
    signed_in.click("button", "Write…", within=within_row("/1/0/1"))
    signed_in.fill("Value INTEGER", "60", within="dialog")
    signed_in.click("button", "Ask the device", within="dialog")
    signed_in.see("/1/0/1=60", within=".commands")
    until(lambda: any(r.path == ("1", "0", "1") and r.payload == b"60" for r in wired.model.requests))
    signed_in.choose("Object", "/3303")
    signed_in.click("button", "Observe")
    signed_in.see("OBSERVING")
    until(lambda: row(signed_in, "/3303/0/5700")("20.5"))
    wired.notify("/3303/0", content(b'[{"n": "/3303/0/5700", "v": 21.5}]', 110))
    until(lambda: row(signed_in, "/3303/0/5700")("21.5"))
    signed_in.click("button", "End")
    signed_in.click("button", "End", within="dialog")
    signed_in.see("Nothing is observed.")
    until(lambda: not wired.model.observed)


def test_what_a_device_refuses_is_no_success(signed_in: Browser, urn: str, wired: WireDevice) -> None:
    del wired
    signed_in.go(f"#/devices/{urn}/twin")
    signed_in.unfold("Ask something else")
    signed_in.choose("Operation", "EXECUTE")
    signed_in.fill("Path /3/0/9", "/3/0")
    form = "main details form"
    signed_in.click("button", "Ask the device", within=form)
    signed_in.see("an EXECUTE names one resource", within=form)
    signed_in.fill("Path /3/0/9", "/3/0/5")
    signed_in.click("button", "Ask the device", within=form)
    signed_in.see("FAILED", within=".commands")
    signed_in.see("404", within=".commands")
    signed_in.accessible()


def test_what_a_device_is_asked_waits_until_it_comes(signed_in: Browser, rest: Rest, urn: str) -> None:
    provision(rest, urn)
    signed_in.go(f"#/devices/{urn}/twin")
    signed_in.see("It has not registered yet.")
    signed_in.unfold("Ask something else")
    signed_in.choose("Operation", "WRITE")
    signed_in.fill("Path /3/0/9", "/3/0")
    signed_in.fill("Values path=value, one a line", "/3/0/14=+02:00\n/3/0/15=Europe/Paris")
    signed_in.click("button", "Ask the device")
    signed_in.see("PENDING", within=".commands")
    (asked,) = rest.get(f"{DEVICES}/{urn}/twin/operations")
    assert [(each["path"], each["value"]) for each in asked["values"]] == [
        ("/3/0/14", "+02:00"),
        ("/3/0/15", "Europe/Paris"),
    ]
    signed_in.click("button", "Cancel the operation")
    signed_in.click("button", "Cancel the operation", within="dialog")
    signed_in.see("CANCELED", within=".commands")


OWN = """<LWM2M><Object ObjectType="MODefinition"><Name>Door of {name}</Name><ObjectID>{number}</ObjectID>
<ObjectURN>urn:oma:lwm2m:x:{number}</ObjectURN><MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>
<Resources><Item ID="0"><Name>Angle</Name><Operations>R</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Type>Float</Type></Item></Resources></Object></LWM2M>"""


def test_rules_and_definitions_are_kept(signed_in: Browser, tmp_path: Path) -> None:
    signed_in.go("#/twins")
    signed_in.unfold("New data rule")
    signed_in.fill("Name", HOSTILE)
    signed_in.fill("Paths such as /3303 or /3/0/9, one a line", "/3303\n/3/0/9")
    signed_in.click("button", "Create")
    signed_in.see("/3303, /3/0/9", within="tbody")
    file = tmp_path / "door.xml"
    file.write_text(OWN.format(name="7", number=42_001))
    signed_in.unfold("Import an object definition")
    signed_in.do("upload", selector="input[type=file]", path=str(file))
    signed_in.click("button", "Import an object definition")
    signed_in.see("urn:oma:lwm2m:x:42001")
    signed_in.fill("Search", "door of")
    until(lambda: len(signed_in.texts("section:last-of-type tbody tr")) == 1)
    signed_in.accessible()
    signed_in.click("link", "urn:oma:lwm2m:x:42001")
    signed_in.see("Angle")
    signed_in.accessible()
    signed_in.go("#/twins")
    signed_in.see("/3303, /3/0/9", within="tbody")  # before it is there, the first to delete is the definition
    signed_in.click("button", "Delete", within="section:has(form)")
    signed_in.click("button", "Delete", within="dialog")
    signed_in.see("There is no data rule.")


def test_an_alarm_is_raised_acknowledged_and_cleared(signed_in: Browser, rest: Rest, urn: str) -> None:
    register(rest, urn, name=HOSTILE)
    signed_in.go(f"#/devices/{urn}/alarms")
    signed_in.see("There is no such alarm.")
    for _ in range(2):
        signed_in.unfold("Raise an alarm")
        signed_in.choose("Severity", "MAJOR")
        signed_in.fill("Type", "door_open")
        signed_in.fill("Text", HOSTILE)
        signed_in.click("button", "Raise an alarm")
        signed_in.see("Saved.")
        signed_in.see("ACTIVE", within="tbody")
    until(lambda: any(re.search(r"\t2\n", line) for line in signed_in.texts("tbody tr")))
    signed_in.accessible()
    signed_in.go("#/alarms?type=door_open")
    signed_in.see("MAJOR", within="tbody")
    assert signed_in.do("count", selector="main img") == 0
    signed_in.accessible()
    signed_in.click("button", "Acknowledge")
    signed_in.see("ACKNOWLEDGED", within="tbody")
    signed_in.click("link", SHOWN)
    signed_in.see(urn, within="dl")
    signed_in.click("button", "Clear", within="tbody")
    signed_in.see("There is no such alarm.")
    signed_in.click("link", "cleared")
    signed_in.see("CLEARED", within="tbody")
    signed_in.click("button", "Make active again")
    signed_in.see("There is no such alarm.")


def test_who_may_only_read_is_offered_nothing_else(browser: Browser, stack: RunningStack, rest: Rest, urn: str) -> None:
    del stack
    provision(rest, urn)
    master = rest.get("/api/v0/apiKeys/current_key")["id"]
    reader = rest.post("/api/v0/apiKeys", {"parentId": master, "label": "r", "roles": ["DEVICE_R", "DATA_R"]})
    browser.sign_in(reader["value"], width=320, height=640)
    for page in (f"#/devices/{urn}/twin", f"#/devices/{urn}/alarms", "#/twins", "#/alarms"):
        browser.go(page)
        browser.do("there", selector="main h1")
        until(lambda: not any("Loading" in text for text in browser.texts("main")))
        assert browser.do("count", selector="main form:not([role=search]), main td button") == 0, page
        assert browser.do("wide") <= 0
        browser.accessible()
    device = rest.post("/api/v0/apiKeys", {"parentId": master, "label": "d", "roles": ["API_KEY_R"]})
    browser.sign_in(device["value"])
    assert browser.texts("header nav a") == ["Keys and users", "About"]


def test_a_tenant_without_managed_objects_is_told_why_there_are_no_alarms(
    browser: Browser, stack: RunningStack
) -> None:
    made = program(["operator", "tenant", "create", "bare", "--json"], environment(HOMEPORT_DATA=str(stack.data)))
    assert made.returncode == 0, made.stderr
    browser.sign_in(json.loads(made.stdout)["apiKey"])
    browser.go("#/alarms")
    browser.see("Your operator enables them")
    browser.see("Overview", within="header")


def test_a_user_of_a_tenant_signs_in(browser: Browser, stack: RunningStack, rest: Rest) -> None:
    password = "Correct-horse-7"
    user = {"login": "console-kim", "email": "kim@console.test", "password": password, "roles": ["DATA_R", "DATA_W"]}
    rest.post("/api/v0/users", {**user, "tenantId": stack.tenant})

    def enter(tenant: str, presented: str) -> None:
        browser.fill("Tenant", tenant)
        browser.fill("User name", "console-kim")
        browser.fill("Password", presented)
        browser.click("button", "Sign in")

    for tenant, presented in ((stack.tenant, "wrong"), ("another", password)):
        # On a page of its own: what was said of the one before is no answer.
        browser.open()
        browser.do("check", label="tenant, user name and password (Cumulocity)")
        enter(tenant, presented)
        browser.see("not known here")
        browser.accessible()
    enter(stack.tenant, password)
    browser.see(stack.tenant, within="header")
    assert browser.texts("header nav a") == ["Alarms", "About"]
