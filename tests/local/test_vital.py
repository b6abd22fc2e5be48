"""A server whose thread has died says so, and takes the process along."""

import asyncio
import threading

from infra.local.http_server import HttpServer, bind
from infra.local.vital import Vital
from tests.clients import until


def test_a_server_that_lost_its_socket_ends_the_process() -> None:
    vital = Vital()
    listener = bind("127.0.0.1", 0)
    server = HttpServer(lambda *_: [], listener, name="door", threads=1, max_body=1, vital=vital)
    server.start()
    until(lambda: not vital.failing())
    # What a bug elsewhere does that closes a descriptor that is not its own.
    listener.close()
    failure = vital.wait()
    assert failure is not None
    assert failure.startswith("door has died")
    assert vital.failing() == ["door"]
    server.stop(1)


def test_a_task_that_fails_ends_the_process_and_one_that_is_cancelled_does_not() -> None:
    vital = Vital()

    async def work() -> None:
        await asyncio.sleep(0)
        raise ValueError("no clock")

    async def run() -> None:
        cancelled = asyncio.get_running_loop().create_task(asyncio.sleep(60))
        vital.task("rest", cancelled)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert vital.failure is None
        task = asyncio.get_running_loop().create_task(work())
        vital.task("clock", task)
        await asyncio.wait([task])

    asyncio.run(run())
    assert vital.wait() == "clock has died of ValueError: no clock"


def test_the_first_failure_is_the_one_that_is_told() -> None:
    vital = Vital()
    for name in ("one", "two"):
        vital.failed(name, OSError("gone"))
    assert vital.wait() == "one has died of OSError: gone"


def test_who_was_asked_to_end_has_not_failed() -> None:
    vital = Vital()
    threading.Timer(0.01, vital.end).start()
    assert vital.wait() is None


def test_what_does_not_answer_is_named() -> None:
    vital = Vital()
    vital.probe("broker", lambda: False)
    vital.probe("clock", lambda: True)
    assert vital.failing() == ["broker"]
