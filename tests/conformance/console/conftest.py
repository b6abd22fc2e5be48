"""One stack and one browser for all that looks at the console; every test has a window of its own."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.clients import MqttClient, Rest, until
from tests.conformance.browser import Browser
from tests.conformance.console.fleet import DEVICES, obeying
from tests.local.running import RunningStack

_numbers = count(1)


@pytest.fixture(scope="package")
def stack() -> Iterator[RunningStack]:
    with RunningStack() as stack:
        yield stack


@pytest.fixture(scope="package")
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture(scope="package")
def running(stack: RunningStack) -> Iterator[Browser]:
    with Browser(stack.url.replace("127.0.0.1", "localhost")) as browser:
        yield browser


@pytest.fixture
def browser(running: Browser) -> Iterator[Browser]:
    """Whatever a test does, the page has nothing to complain of."""
    yield running
    running.content()


@pytest.fixture
def signed_in(browser: Browser, stack: RunningStack) -> Browser:
    browser.sign_in(stack.api_key)
    return browser


@pytest.fixture
def urn() -> str:
    return f"urn:lo:nsid:browser:d{next(_numbers)}"


@pytest.fixture
def device(stack: RunningStack, rest: Rest, urn: str) -> Iterator[MqttClient]:
    with MqttClient(stack, urn, "json+device", stack.api_key) as client:
        client.answer = obeying
        client.subscribe("dev/cmd", "dev/cfg/upd")

        def capable() -> bool:
            (found,) = rest.get(f"{DEVICES}/{urn}/interfaces")
            return all(found["capabilities"][name]["available"] for name in ("command", "configuration"))

        until(capable)
        yield client
