"""Applications of IBM at the edge: lenient mode, with topics of eight slashes and QoS 2."""

import queue
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.clients import MqttClient, until
from tests.ibm.clients import Organization, another_tenant
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("H4")
EVENTS = "iot-2/type/+/id/+/evt/+/fmt/+"
COMMANDS = "iot-2/type/+/id/+/cmd/+/fmt/+"


@pytest.fixture(scope="module")
def edge() -> Iterator[RunningStack]:
    with RunningStack(HOMEPORT_LENIENT="1") as stack:
        yield stack
        print(stack.log)


@pytest.fixture
def organization(edge: RunningStack) -> Organization:
    return Organization(edge)


@pytest.fixture
def name() -> str:
    return f"p-{uuid.uuid4().hex[:8]}"


def heard(application: MqttClient, topic: str, publish: Callable[[], None]) -> Any:
    """The body of the first message on that topic; repeated until the subscription is known."""

    def once() -> bool:
        publish()
        with suppress(queue.Empty):
            application.messages.put(application.messages.get(timeout=1))
            return True
        return False

    until(once)
    return application.next(topic)


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_an_event_of_a_device_comes_to_an_application(organization: Organization, name: str, qos: int) -> None:
    token = organization.register("pump", name)
    with organization.application(name) as application, organization.device("pump", name, token) as device:
        assert application.subscribe(f"iot-2/type/pump/id/{name}/evt/+/fmt/+", qos=qos) == [qos]
        event = {"d": {"cpu": 1}}
        topic = f"iot-2/type/pump/id/{name}/evt/status/fmt/json"
        assert heard(application, topic, lambda: device.publish("iot-2/evt/status/fmt/json", event, qos=qos)) == event


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_command_of_an_application_comes_to_the_device(organization: Organization, name: str, qos: int) -> None:
    token = organization.register("pump", name)
    with organization.application(name) as application, organization.device("pump", name, token) as device:
        device.subscribe("iot-2/cmd/+/fmt/json", qos=qos)
        application.publish(f"iot-2/type/pump/id/{name}/cmd/reboot/fmt/json", {"delay": 5}, qos=qos)
        assert device.next("iot-2/cmd/reboot/fmt/json") == {"delay": 5}


@pytest.mark.row("J2")
def test_an_ibm_command_reaches_a_device_of_live_objects(
    edge: RunningStack, organization: Organization, name: str
) -> None:
    with MqttClient(edge, f"urn:lo:nsid:sensor:{name}", "json+device", edge.api_key) as device:
        device.subscribe("dev/cmd")
        with organization.application(name) as application:
            application.publish(f"iot-2/type/sensor/id/{name}/cmd/blink/fmt/json", {"d": {"times": 3}})
            body = device.next("dev/cmd")
    assert (body["req"], body["arg"]) == ("blink", {"times": 3})


def test_what_a_device_of_live_objects_says_reaches_an_ibm_application(
    edge: RunningStack, organization: Organization, name: str
) -> None:
    topic = f"iot-2/type/sensor/id/{name}/evt/weather/fmt/json"
    reading = {"value": {"t": 21}, "model": "weather", "timestamp": "2026-01-15T08:00:00Z"}
    with (
        organization.application(name) as application,
        MqttClient(edge, f"urn:lo:nsid:sensor:{name}", "json+device", edge.api_key) as device,
    ):
        application.subscribe(f"iot-2/type/sensor/id/{name}/evt/+/fmt/+")
        event = heard(application, topic, lambda: device.publish("dev/data", reading))
    assert event == {"d": {"t": 21}, "ts": "2026-01-15T08:00:00.000Z"}


def test_another_organization_hears_nothing(edge: RunningStack, organization: Organization, name: str) -> None:
    other = Organization(edge, another_tenant(edge, name))
    token = organization.register("pump", name)
    other.register("pump", name)
    own = f"iot-2/type/pump/id/{name}/cmd/own/fmt/json"
    with other.application("spy") as spy, organization.application(name) as application:
        spy.subscribe(EVENTS, COMMANDS, "iot-2/type/+/id/+/mon")
        heard(spy, own, lambda: spy.publish(own, {}))
        application.subscribe(EVENTS)
        with organization.device("pump", name, token) as device:
            topic = f"iot-2/type/pump/id/{name}/evt/status/fmt/json"
            heard(application, topic, lambda: device.publish("iot-2/evt/status/fmt/json", {}))
        application.publish(f"iot-2/type/pump/id/{name}/cmd/reboot/fmt/json", {})
        until(lambda: organization.ok("GET", f"/api/v0001/historian/pump/{name}"))
        spy.publish(own, {"last": 1})
        until(lambda: (own, b'{"last": 1}') in spy.messages.queue)
        assert {heard_topic for heard_topic, _ in spy.messages.queue} == {own}


@pytest.mark.row("H8")
def test_a_durable_application_gets_what_it_missed(organization: Organization, name: str) -> None:
    token = organization.register("pump", name)
    topic = f"iot-2/type/pump/id/{name}/evt/status/fmt/json"
    with organization.device("pump", name, token) as device:
        with organization.application(name, clean=False) as application:
            application.subscribe(f"iot-2/type/pump/id/{name}/evt/+/fmt/+")
            heard(application, topic, lambda: device.publish("iot-2/evt/status/fmt/json", {"d": {}}))
        for n in range(3):
            device.publish("iot-2/evt/status/fmt/json", {"d": {"n": n}})
        until(lambda: len(organization.ok("GET", f"/api/v0001/historian/pump/{name}")) >= 4)
        with organization.application(name, clean=False) as application:
            assert sorted(application.next(topic)["d"]["n"] for _ in range(3)) == [0, 1, 2]
