"""A node beside AWS: what it acknowledges, what it exports, who may take its number, and when it looks well."""

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from infra.gateway.coap.message import Response
from infra.gateway.coap.numbers import Code
from infra.gateway.coap.requests import Request
from infra.gateway.dtls.client import Identity
from infra.gateway.membership import Membership
from infra.gateway.settings import NODES, queue
from tests.gateway.coaps_rig import KEY, SimulatedDevice
from tests.gateway.dtls.rig import LIB, until
from tests.gateway.nodes import STAGE, MemoryPlatform, Running, aws

pytestmark = pytest.mark.row("F1")
REGISTER = Request(Code.POST, ("rd",), b"</1/0>,</3/0>", content_format=40, query=("ep=device", "lwm2m=1.1"))
READ = {"work": "w", "request": {"method": "GET", "path": ["3", "0", "9"]}}


def report(value: str) -> Request:
    return Request(Code.POST, ("dp",), value.encode(), content_format=110)


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform()


@pytest.fixture
def clients(platform: MemoryPlatform) -> Iterator[Any]:
    with aws(platform, nodes=2) as made:
        yield made


async def connected(port: int, number: int = 1, cid: bytes | None = b"me") -> SimulatedDevice:
    device = SimulatedDevice(LIB, port, Identity(b"device-%d" % number, KEY, cid=cid))
    await device.connect()
    return device


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


async def test_reports_of_one_moment_are_told_together_and_acknowledged_one_by_one(
    clients: Any, platform: MemoryPlatform
) -> None:
    running = Running(clients, linger_s=0.3)
    await running.start()
    devices = [await connected(running.port, number) for number in range(4)]
    platform.fails = lambda event: event.get("payload") == "Mg=="  # "2"
    answers = await asyncio.gather(*(device.peer.ask(report(str(n))) for n, device in enumerate(devices)))
    assert [answer.code for answer in answers] == [
        *(Code.CHANGED, Code.CHANGED, Code.SERVICE_UNAVAILABLE, Code.CHANGED),
    ]
    assert sorted(platform.kept) == ["0", "1", "3"]
    assert running.node.batches.batches < len(devices)
    await running.stop()
    for device in devices:
        device.close()


async def test_a_notification_that_was_not_kept_is_not_acknowledged_and_is_kept_when_it_comes_again(
    clients: Any, platform: MemoryPlatform
) -> None:
    running = Running(clients)
    await running.start()
    device = await connected(running.port)
    failing = iter([True, False])
    platform.fails = lambda event: event["kind"] == "notification" and next(failing)
    await asyncio.wait_for(device.peer.notify(b"token", Response(Code.CONTENT, b"21.5")), 60)
    assert platform.kept == ["21.5"]
    assert len(platform.of_kind("notification")) == 2
    await running.stop()
    device.close()


async def test_what_a_device_is_being_asked_comes_to_its_end_before_a_node_stops(
    clients: Any, platform: MemoryPlatform
) -> None:
    running = Running(clients)
    await running.start()
    device = await connected(running.port)
    answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    device.application.request = lambda _peer, _request: answer  # type: ignore[method-assign, assignment]
    platform.waiting["device-1"] = [READ, READ]
    hint(clients, 0, {"wake": "device-1"})
    await until(lambda: len(platform.waiting["device-1"]) == 1)
    stopping = asyncio.create_task(running.stop())
    await asyncio.sleep(0.05)
    answer.set_result(Response(Code.CONTENT, b"100"))
    await stopping
    assert [done["code"] for done in platform.done] == ["2.05"]
    assert len(platform.waiting["device-1"]) == 1
    device.close()


def hint(clients: Any, number: int, told: Any) -> None:
    url = str(clients("sqs").get_queue_url(QueueName=STAGE.called(queue(number)))["QueueUrl"])
    clients("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(told))


@pytest.mark.parametrize("cid", [None, b"me"])
@pytest.mark.parametrize("crashes", [False, True])
async def test_the_next_process_goes_on_without_a_handshake(
    clients: Any, platform: MemoryPlatform, cid: bytes | None, *, crashes: bool
) -> None:
    running = Running(clients)
    assert await running.start() == 0
    device, port = await connected(running.port, cid=cid), running.port
    await device.peer.ask(REGISTER)
    for coaps in (coaps for _, coaps in running.node.served.values()):
        await coaps._keeping.save()
    await (running.crash() if crashes else running.stop())
    after = Running(clients, port=port)
    assert await after.start() == 1
    platform.waiting["device-1"] = [READ]
    hint(clients, 0, {"wake": "device-1"})
    await until(lambda: platform.done)
    assert platform.done[0]["code"] == "2.05"
    assert (await device.peer.ask(report("later"))).code == Code.CHANGED
    assert after.node.served["run"][1].server.counts.handshakes == 0
    await after.stop()
    device.close()


async def test_a_node_looks_well_only_while_it_turns_and_the_function_answers(
    clients: Any, platform: MemoryPlatform
) -> None:
    platform.fails = lambda _: True
    running = Running(clients)
    await running.start()
    health = running.node.health
    await until(lambda: platform.of_kind("ping"))
    await until(lambda: health.wrong == "its last invocation failed")
    assert not listens(health.port)
    platform.fails = lambda _: False
    await until(lambda: health.wrong is None)
    assert await asyncio.to_thread(listens, health.port)
    await running.stop()
    await until(lambda: not listens(health.port))


async def test_a_number_is_one_process_s_and_whoever_has_lost_it_ends_without_an_export(clients: Any) -> None:
    first, second = Running(clients), Running(clients, machine="two")
    await first.start()
    device = await connected(first.port)
    waiting = asyncio.create_task(second.start())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    # A first process that was held up for longer than its lease.
    clients("dynamodb").update_item(
        TableName=STAGE.called(NODES),
        Key={"id": {"N": "0"}},
        UpdateExpression="SET #until = :over",
        ExpressionAttributeNames={"#until": "until"},
        ExpressionAttributeValues={":over": {"N": "1"}},
    )
    await waiting
    with pytest.raises(Exception, match="another process"):
        await asyncio.to_thread(first.node._membership.renew)
    with pytest.raises(Exception, match="another process"):
        await first.node.served["run"][1]._keeping.save(everything=True)
    first.node._lost = True
    await first.stop()
    assert list(second.node.served["run"][1]._keeping._store.load()) == []
    await second.stop()
    device.close()


async def test_a_port_that_is_taken_is_said_and_the_number_given_back(clients: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        running = Running(clients, port=other.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await running.start()
        await running.stop()
    after = Running(clients, machine="two")
    await after.start()
    assert after.node.number == 0
    await after.stop()


class Refusing:
    """A client of DynamoDB to whose table nothing can be written any more."""

    def __init__(self, client: Any) -> None:
        self._client, self.refusing = client, False

    def __getattr__(self, name: str) -> Any:
        if name == "batch_write_item" and self.refusing:
            raise ConnectionError("the table takes nothing")
        return getattr(self._client, name)


async def test_what_cannot_be_exported_is_said_and_keeps_nobody_waiting(clients: Any) -> None:
    dynamodb = Refusing(clients("dynamodb"))
    first = Running(lambda service: dynamodb if service == "dynamodb" else clients(service))
    await first.start()
    device, port = await connected(first.port), first.port
    await first.node.served["run"][1]._keeping.save()
    late = await connected(first.port, 2)
    dynamodb.refusing = True
    with pytest.raises(ConnectionError):
        await first.stop()
    second = Running(clients, machine="two", port=port)
    assert await second.start() == 1
    assert (await device.peer.ask(report("after"))).code == Code.CHANGED
    await second.stop()
    device.close()
    late.close()


async def test_the_same_hint_a_hundred_times_asks_a_few_times(clients: Any, platform: MemoryPlatform) -> None:
    running = Running(clients)
    await running.start()
    device = await connected(running.port)
    for _ in range(100):
        running.node._heard({"wake": "device-1"})
        running.node._heard({"wake": "nobody"})
    await until(lambda: platform.of_kind("next"))
    await running.stop()
    assert len(platform.of_kind("next")) <= 3
    device.close()


async def test_a_counter_that_was_made_anew_restores_nothing(clients: Any) -> None:
    first = Running(clients)
    await first.start()
    device = await connected(first.port)
    await first.stop()
    clients("dynamodb").delete_item(TableName=STAGE.called(NODES), Key={"id": {"N": "0"}})
    second = Running(clients)
    assert await second.start() == 0
    await second.stop()
    device.close()


def member(clients: Any, holder: str, now: int, *, machine: str = "", numbers: int = 2) -> Membership:
    return Membership(
        clients("dynamodb"),
        STAGE.called(NODES),
        holder,
        machine=machine or holder,
        numbers=numbers,
        now=lambda: now,
        chance=lambda: holder,
    )


def claimed(one: Membership) -> int | None:
    lease = one.claim()
    return None if lease is None else lease.number


def test_numbers_are_given_once_and_again_after_the_lease(clients: Any) -> None:
    one, two, three = (member(clients, name, 1_000) for name in ("a", "b", "c"))
    assert [claimed(each) for each in (one, two)] == [0, 1]
    assert three.claim() is None
    assert member(clients, "d", 30_999).claim() is None
    late = member(clients, "d", 31_000)
    assert claimed(late) == 0
    with pytest.raises(Exception, match="another process"):
        one.next_generation()
    assert late.next_generation() == 1
    one.release()
    assert member(clients, "e", 31_000, numbers=1).claim() is None
    same = member(clients, "f", 31_000, machine="d")
    assert claimed(same) == 0
    assert same.next_generation() == 2


def test_a_process_that_was_not_held_up_is_sure_of_its_number(clients: Any) -> None:
    times = [1_000]
    one = Membership(
        clients("dynamodb"),
        STAGE.called(NODES),
        "a",
        machine="a",
        numbers=1,
        now=lambda: times[-1],
        chance=lambda: "a",
    )
    one.claim()
    one.renew()
    taken = member(clients, "b", 31_000, numbers=1)
    assert claimed(taken) == 0
    times.append(20_999)
    one.ensure()
    times.append(21_000)
    with pytest.raises(Exception, match="another process"):
        one.ensure()


def test_nodes_find_each_other_while_they_are_there(clients: Any) -> None:
    one, two = member(clients, "a", 1_000), member(clients, "b", 1_000)
    for number, each in enumerate((one, two)):
        each.move(f"10.0.0.{number}", 5690)
        each.claim()
    assert {(n.number, n.address, n.port) for n in one.others().values()} == {(1, "10.0.0.1", 5690)}
    two.release()
    assert one.others() == {}
