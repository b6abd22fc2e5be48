"""Devices of `make demo DIALECT=lwm2m`: what they are asked comes to its end, and nothing that they sent is lost."""

from collections.abc import Callable, Iterator

import pytest

from infra.demo.lwm2m import LwM2mDevice, Rhythm
from infra.demo.platform import Platform
from infra.demo.tally import Tally
from tests.clients import until
from tests.local.running import RunningStack

SLEEPY = Rhythm(speaks=0.2, silent=0.4, sleeps_after=0.2)
"""For the device alone: the platform lets one sleep after a minute and a half."""
Make = Callable[[int], LwM2mDevice]


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def make(stack: RunningStack, tally: Tally) -> Iterator[Make]:
    place = Platform("any", stack.api_key, stack.http, stack.mqtts, stack.data / "ca.pem", stack.coaps)
    made: list[LwM2mDevice] = []

    def one(number: int) -> LwM2mDevice:
        made.append(LwM2mDevice(place, tally, number, str(stack.pid), SLEEPY))
        return made[-1]

    yield one
    for device in made:
        device.close()


def test_one_that_is_always_there_obeys_and_returns_after_a_break(make: Make, tally: Tally) -> None:
    device = make(0)
    device.connect()
    ordered = [device.command()]
    device.publish()
    until(lambda: tally["acknowledged"] == 1)
    ordered.append(device.command())
    device.configure(7)
    until(lambda: tally["configured"] == 1)
    device.drop()
    assert (tally["online"], tally["dropped"], device.commandable) == (0, 1, True)
    ordered.append(device.command())
    device.connect()
    until(lambda: [device.command_status(each) for each in ordered] == ["PROCESSED"] * 3)
    device.publish()
    until(lambda: tally["acknowledged"] == 2)
    until(lambda: device.lost() == 0)


def test_one_that_sleeps_wakes_again_and_again(make: Make, tally: Tally) -> None:
    device = make(1)
    device.connect()
    until(lambda: tally["woken"] >= 2)
    assert tally["asleep"] in {0, 1}
    device.close()
    until(lambda: tally["asleep"] == 0)
    assert tally["online"] == 0
