"""Keys and users in the console, and the ways in which people sign in."""

import json

import pytest

from tests.cli.served import environment, program
from tests.clients import Rest, until
from tests.conformance.browser import Browser
from tests.conformance.console.fleet import DEVICES, register
from tests.local.running import RunningStack

pytestmark = pytest.mark.conformance


# Make a key, revoke a key.
def test_a_key_is_made_shown_once_and_revoked(signed_in: Browser, stack: RunningStack, rest: Rest) -> None:
    signed_in.go("#/access")
    signed_in.unfold("New API key")
    signed_in.fill("Label", "reader")
    signed_in.do("check", label="DEVICE_R")
    signed_in.click("button", "Create")
    signed_in.see("it is shown this once")
    signed_in.accessible()
    (secret,) = signed_in.texts(".secret")
    signed_in.do("press", key="Escape")
    signed_in.gone(secret)
    reader = Rest(stack, secret)
    assert reader.call("GET", DEVICES).ok
    signed_in.click("button", "Revoke")
    signed_in.click("button", "Revoke", within="dialog")
    signed_in.gone("reader", within="tbody")
    assert "reader" not in [key["label"] for key in rest.get("/api/v0/apiKeys")["data"]]
    reader.close()


def test_a_user_is_made_shut_out_and_deleted(signed_in: Browser) -> None:
    signed_in.go("#/access")
    signed_in.unfold("New user")
    form = "section:last-of-type form"
    signed_in.fill("User name", "console-joe", within=form)
    signed_in.fill("E-mail", "joe@console.test", within=form)
    signed_in.fill("Password", "short", within=form)
    signed_in.click("button", "Create", within=form)
    signed_in.do("there", selector=f"{form} .problem")
    signed_in.fill("Password", "Correct-horse-7", within=form)
    signed_in.click("button", "Create", within=form)
    row = "section:last-of-type tbody tr:has-text('console-joe')"
    signed_in.see("enabled", within=row)
    signed_in.click("button", "Disable", within=row)
    signed_in.see("Disable console-joe?")
    signed_in.click("button", "Disable", within="dialog")
    signed_in.see("disabled", within=row)
    signed_in.accessible()
    signed_in.click("button", "Delete", within=row)
    signed_in.click("button", "Delete", within="dialog")
    signed_in.gone("console-joe", within="main")


def test_whoever_has_a_key_makes_keys_below_it(signed_in: Browser, rest: Rest) -> None:
    master = rest.get("/api/v0/apiKeys/current_key")["id"]
    wanted = {"parentId": master, "label": "team", "roles": ["API_KEY_R", "API_KEY_W", "DEVICE_R"]}
    team = rest.post("/api/v0/apiKeys", wanted)
    signed_in.sign_in(team["value"])
    signed_in.go("#/access")
    signed_in.unfold("New API key")
    signed_in.fill("Label", "member")
    signed_in.do("check", label="DEVICE_R")
    signed_in.click("button", "Create")
    signed_in.see("it is shown this once")
    keys = {key["label"]: key for key in rest.get("/api/v0/apiKeys")["data"]}
    assert (keys["member"]["parentId"], keys["member"]["roles"]) == (team["id"], ["DEVICE_R"])


def test_a_user_signs_in_sees_what_their_roles_open_and_the_server_decides(
    signed_in: Browser, stack: RunningStack, rest: Rest, urn: str
) -> None:
    register(rest, urn)
    password = "Correct-horse-7"
    user = {"login": "console-ann", "email": "ann@console.test", "password": password, "roles": ["DEVICE_R"]}
    rest.post("/api/v0/users", {**user, "tenantId": stack.tenant})
    signed_in.click("button", "Sign out")
    signed_in.see("You are signed out.")
    signed_in.do("check", label="user name and password")
    signed_in.fill("User name", "console-ann")
    signed_in.fill("Password", "wrong")
    signed_in.click("button", "Sign in")
    signed_in.see("not known here")
    signed_in.accessible()
    signed_in.fill("User name", "console-ann")
    signed_in.fill("Password", password)
    signed_in.click("button", "Sign in")
    signed_in.do("there", selector="nav[aria-label]")
    assert signed_in.texts("header nav a") == ["Overview", "Devices", "Groups", "Twins", "About"]
    signed_in.go("#/access")
    signed_in.see("your roles do not open it")
    signed_in.go(f"#/devices/{urn}/commands")
    signed_in.see("No command was sent")
    assert signed_in.do("count", selector="main form, main .danger") == 0
    forced = (
        "fetch(new URL('/api/v1/deviceMgt/devices/URN/commands', location), {method: 'POST', body: '{}', headers: {"
        "'Content-Type': 'application/json', 'X-API-Key': sessionStorage['homeport.session']}}).then((a) => a.status)"
    )
    assert signed_in.do("run", code=forced.replace("URN", urn)) == 403


def test_an_organization_signs_in_with_its_key_and_token(browser: Browser, stack: RunningStack) -> None:
    known = json.loads((stack.data / "credentials.json").read_text())["ibm"]
    browser.open()
    browser.do("check", label="an organization\u2019s key and token (IBM)")
    browser.fill("API key of the organization a-org123-…", known["apiKey"])
    browser.fill("Token", known["token"])
    browser.click("button", "Sign in")
    browser.see(known["org"], within="header")


def test_a_key_that_an_organization_brought_along_signs_in_too(browser: Browser, stack: RunningStack) -> None:
    name, token = f"a-{stack.tenant}-k2wq0x9zd7", "x!Nq7@yTkP*2aB-cDe"
    wanted = ["--tenant", stack.tenant, "--name", name, "--role", "device_r", "--value", token]
    ran = program(["operator", "key", "import", *wanted], environment(HOMEPORT_DATA=str(stack.data)))
    assert ran.returncode == 0, ran.stderr
    browser.open()
    browser.do("check", label="an organization\u2019s key and token (IBM)")
    for presented in ("wrong", token):
        browser.fill("API key of the organization a-org123-…", name)
        browser.fill("Token", presented)
        browser.click("button", "Sign in")
        if presented == "wrong":
            browser.see("not known here")
    browser.see(stack.tenant, within="header")
    assert browser.texts("header nav a") == ["Overview", "Devices", "Groups", "Twins", "About"]


def test_a_key_that_is_none_is_told_to_be_none(browser: Browser) -> None:
    for presented in ("nonsense", "0123456789abcdef0123456789abcdef"):
        # On a page of its own: what was said of the one before is no answer.
        browser.open()
        browser.fill("API key", presented)
        browser.click("button", "Sign in")
        browser.see("not known here")


def test_a_link_signs_in_once(browser: Browser, stack: RunningStack) -> None:
    link = next(line.split()[1] for line in stack.log.splitlines() if "#/once/" in line)
    page = f"/console/{link.partition('/console/')[2]}"
    browser.open(page)
    seen = until(lambda: [s for s in ("nav[aria-label]", "form") if browser.do("count", selector=s)])
    assert "once" not in browser.do("address")
    if seen == ["form"]:
        # It is over a minute since the stack was started: who has the key makes another.
        code = Rest(stack).post("/console/once", {})["code"]
        page = f"/console/#/once/{code}"
        browser.open(page)
    browser.do("there", selector="nav[aria-label]")
    browser.open(page)
    browser.see("This link works once")
    browser.accessible()
