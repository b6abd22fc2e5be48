"""Queues over `kill -9` of everything."""

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack

FIFO = "/api/v0/topics/fifo/q"


def test_what_was_published_before_a_crash_is_delivered_after_it() -> None:
    with RunningStack() as stack:
        rest = Rest(stack)
        rest.post("/api/v0/topics/fifo", {"name": "q", "maxLengthBytes": 1_000_000})
        with MqttClient(stack, "app", "application", stack.api_key, acknowledging=False) as mute:
            mute.subscribe("fifo/q")
            until(lambda: rest.get(FIFO)["consumers"] == 1)
            for number in range(20):
                rest.post(FIFO, {"n": number})
            assert mute.next("fifo/q") == {"n": 0}
            # A pump holds the queue and waits for an acknowledgement that does not come.
            stack.kill9()
        stack.restart()
        with MqttClient(stack, "app", "application", stack.api_key) as app:
            app.subscribe("fifo/q")
            received = [app.next("fifo/q")["n"] for _ in range(20)]
        assert received == list(range(20))
        until(lambda: rest.get(FIFO)["messages"] == 0)
        rest.close()
