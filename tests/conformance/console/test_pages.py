"""The pages of the console: hostile names, keyboards, the dark, narrow screens, languages, and what they ask for."""

import subprocess
from collections import Counter
from typing import Any

import pytest

from infra import vendored
from tests.clients import Rest, until
from tests.conformance.browser import Browser
from tests.conformance.console.fleet import DEVICES, register
from tests.local.running import RunningStack

pytestmark = pytest.mark.conformance

MOST_FILES, MOST_QUESTIONS = 50, 14
"""Requests: of all that the console is made of, and of signing in, the overview and the list of devices together."""
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\u202egnp.exe\u2066",
    "😀" * 120,
    "';alert(1)//\"><script>alert(1)</script>",
)


@pytest.mark.parametrize("hostile", HOSTILE, ids=["markup", "directions", "emoji", "quotes"])
def test_a_hostile_name_is_text_wherever_it_stands(signed_in: Browser, rest: Rest, urn: str, hostile: str) -> None:
    short = hostile[:30]
    register(rest, urn, name=hostile, description=hostile, tags=[short], properties={"p": hostile[:250]})
    stream = f"{urn}!s"
    rest.post(
        f"/api/v0/data/streams/{stream}",
        {
            "value": {hostile.replace(".", " "): 1.5, "said": hostile},
            "model": short.replace(" ", "").replace(".", ""),
            "metadata": {"source": urn},
        },
    )
    rest.post(f"{DEVICES}/{urn}/commands", {"request": {"connector": "mqtt", "value": {"req": hostile}}})
    rest.post(
        f"{DEVICES}/{urn}/config", {"parameters": {short.replace(".", " "): {"type": "STRING", "value": hostile}}}
    )
    (key,) = [
        rest.post(
            "/api/v0/apiKeys",
            {"parentId": rest.get("/api/v0/apiKeys/current_key")["id"], "roles": [], "label": hostile[:24]},
        )
    ]
    places = ("", "/commands", "/configuration", "/properties", "/log")
    for page in (*(f"#/devices/{urn}{place}" for place in places), f"#/devices?id={urn}", "#/overview", "#/access"):
        signed_in.go(page)
        signed_in.do("there", selector="main h1")
        until(lambda: not any("Loading" in text for text in signed_in.texts("main")))
        assert signed_in.do("count", selector="main img, main script") == 0
        assert signed_in.do("wide") <= 0
    rest.ok("DELETE", f"/api/v0/apiKeys/{key['id']}")
    rest.ok("DELETE", f"{DEVICES}/{urn}")


def test_everything_is_done_by_keyboard(browser: Browser, stack: RunningStack, rest: Rest, urn: str) -> None:
    register(rest, urn)
    browser.open()
    browser.do("run", code='document.querySelector("input[name=key]").focus()')
    browser.do("type", text=stack.api_key)
    browser.do("press", key="Enter")
    browser.do("there", selector="nav[aria-label]")
    browser.do("press", key="Tab")
    assert browser.do("focused") == "Skip to content"
    for _ in range(20):
        browser.do("press", key="Tab")
        if browser.do("focused") == "Devices":
            break
    browser.do("press", key="Enter")
    browser.see("found")
    until(lambda: browser.do("focused") == "Devices")
    assert browser.do("run", code="document.activeElement.tagName") == "H1"


@pytest.mark.parametrize("options", [{"dark": True}, {"width": 320, "height": 640}], ids=["dark", "narrow"])
def test_it_is_read_in_the_dark_and_on_a_narrow_screen(
    browser: Browser, stack: RunningStack, rest: Rest, urn: str, options: dict[str, Any]
) -> None:
    register(rest, urn, name="A device of a name that is rather long for a telephone", tags=["narrow"])
    browser.sign_in(stack.api_key, **options)
    for page in (
        "#/overview",
        "#/devices",
        f"#/devices/{urn}/commands",
        "#/groups",
        "#/alarms",
        "#/twins",
        "#/routing",
        "#/access",
        "#/about",
    ):
        browser.go(page)
        browser.do("there", selector="main h1")
        until(lambda: not any("Loading" in text for text in browser.texts("main")))
        assert browser.do("wide") <= 0
        browser.accessible()


def test_it_speaks_french_and_says_utc_beside_the_browsers_time(
    browser: Browser, stack: RunningStack, rest: Rest, urn: str
) -> None:
    register(rest, urn)
    browser.open(locale="fr-FR", zone="America/New_York")
    browser.fill("Clé d\u2019API", stack.api_key)
    browser.click("button", "Se connecter")
    browser.see("Vue d\u2019ensemble", within="h1")
    assert browser.do("run", code="document.documentElement.lang") == "fr"
    browser.go(f"#/devices/{urn}/properties")
    browser.see("UTC", within="time small")
    browser.accessible()
    browser.do(
        "run",
        code="""{ const choice = document.querySelector(".language select");
      choice.value = "en"; choice.dispatchEvent(new Event("change", {bubbles: true})); }""",
    )
    browser.see("Properties", within=".tabs")


def test_nothing_is_asked_for_but_the_public_api_and_less_while_nobody_is_here(
    browser: Browser, stack: RunningStack
) -> None:
    browser.do("open")
    browser.do("clock", now="2026-01-02T03:04:05Z")
    browser.do("goto", url=f"{browser.url}/console/")
    browser.fill("API key", stack.api_key)
    browser.click("button", "Sign in")
    browser.do("there", selector="nav[aria-label]")
    browser.go("#/devices")
    browser.see("found")
    # The clock stands: each is what a page asks for once.
    asked = Counter(each.split("/", 2)[1] for each in browser.do("requests"))
    assert set(asked) == {"console", "api"}
    assert asked["console"] <= MOST_FILES
    assert asked["api"] <= MOST_QUESTIONS
    browser.do("forward", ms=31 * 60_000)
    browser.see("Nothing is updated while nobody is here")
    before = len(browser.do("requests"))
    browser.do("forward", ms=10 * 60_000)
    assert len(browser.do("requests")) == before
    browser.do("press", key="a")
    browser.do("forward", ms=61_000)
    until(lambda: len(browser.do("requests")) > before)


def test_a_slow_platform_is_waited_for_and_not_asked_again_meanwhile(
    browser: Browser, stack: RunningStack, rest: Rest, urn: str
) -> None:
    register(rest, urn)
    browser.do("open")
    browser.do("clock", now="2026-01-02T03:04:05Z")
    browser.do("goto", url=f"{browser.url}/console/")
    browser.fill("API key", stack.api_key)
    browser.click("button", "Sign in")
    browser.do("there", selector="nav[aria-label]")
    browser.do("hold", below="/api/")
    browser.go(f"#/devices?id={urn}")
    browser.see("Loading")
    browser.accessible()
    held = until(lambda: browser.do("held"))
    until(lambda: browser.do("held") == 5)
    browser.do("forward", ms=5 * 60_000)
    assert browser.do("held") == 5, f"{held} at first"
    browser.click("link", "About")
    browser.do("release")
    browser.see("Version")
    browser.go(f"#/devices?id={urn}")
    browser.see("1 found")


def test_it_works_below_the_name_of_a_stage(browser: Browser, stack: RunningStack, rest: Rest, urn: str) -> None:
    register(rest, urn)
    browser.do("open")
    browser.do("below", prefix="prod")
    browser.do("goto", url=f"{browser.url}/prod/console/")
    browser.fill("API key", stack.api_key)
    browser.click("button", "Sign in")
    browser.do("there", selector="nav[aria-label]")
    browser.go(f"#/devices?id={urn}")
    browser.see("1 found")
    browser.go("#/alarms")
    browser.see("There is no such alarm.")
    assert {each.split("/")[1] for each in browser.do("requests")} == {"prod"}


@pytest.mark.parametrize("package", vendored.packages(), ids=lambda package: package.name)
def test_what_comes_from_npm_is_what_npm_has(package: vendored.Package) -> None:
    try:
        fetched = vendored.fetched(package)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"npm does not give {package.name} {package.version} here: {error}")
    assert {name: (vendored.FOLDER / name).read_bytes() for name in package.files} == fetched


def test_the_description_of_the_api_is_accessible(browser: Browser) -> None:
    browser.open("/docs")
    browser.see("/api/v1/deviceMgt/devices")
    browser.fill("Filter", "commands")
    browser.accessible()
