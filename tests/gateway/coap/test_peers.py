"""The message layer from outside: what is on the wire, and when."""

import asyncio
from collections.abc import Awaitable
from itertools import pairwise

import pytest

from infra.gateway.coap.message import Message, Response, uint
from infra.gateway.coap.numbers import Code, Option, Type
from infra.gateway.coap.requests import Request
from infra.gateway.coap.transmissions import (
    PeerClosedError,
    RejectedError,
    UnacknowledgedError,
    UnansweredError,
)
from tests.gateway.coap.rig import pair, settle

READ = Request(Code.GET, ("3", "0"))


def later(seconds: float, response: Response) -> Awaitable[Response]:
    async def wait() -> Response:
        await asyncio.sleep(seconds)
        return response

    return wait()


async def test_a_quick_answer_rides_on_the_acknowledgement() -> None:
    device, server = pair()
    device.application.answer = lambda _: Response(Code.CONTENT, b"21.5", ((Option.CONTENT_FORMAT, b""),))
    response = await server.peer.ask(Request(Code.GET, ("3", "0", "9"), accept=11542, query=("pmin=1", "gt")))
    assert (response.type, response.code, response.payload, response.content_format) == (Type.ACK, 0x45, b"21.5", 0)
    (request,) = device.application.requests
    assert (request.type, request.path) == (Type.CON, ("3", "0", "9"))
    assert request.query == [("pmin", "1"), ("gt", None)]
    assert request.uint(Option.ACCEPT) == 11542
    assert len(device.sent) == len(server.sent) == 1


async def test_a_slow_answer_follows_an_empty_acknowledgement_and_is_itself_confirmed() -> None:
    device, server = pair()
    device.application.answer = lambda _: later(3, Response(Code.CHANGED))
    response = await server.peer.ask(READ)
    await settle()
    assert (response.type, response.code) == (Type.CON, Code.CHANGED)
    assert [(each.type, each.code) for each in device.messages()] == [(Type.ACK, 0), (Type.CON, Code.CHANGED)]
    assert device.sent[0][0] - server.sent[0][0] == pytest.approx(0.55)
    assert [(each.type, each.code) for each in server.messages()] == [(Type.CON, Code.GET), (Type.ACK, 0)]


async def test_an_unconfirmed_request_is_answered_so() -> None:
    device, server = pair()
    for answer in (Response(Code.CHANGED), None):
        server.application.answer = lambda _, answer=answer: answer or later(3, Response(Code.CHANGED))  # type: ignore[misc]
        device.put(Message(Type.NON, Code.POST, 7 if answer else 8, b"t", [(Option.URI_PATH, b"dp")]))
        await asyncio.sleep(4)
    assert [(each.type, each.code, each.token) for each in server.messages()] == [(Type.NON, Code.CHANGED, b"t")] * 2


async def test_transmissions_double_their_pause_and_end() -> None:
    device, server = pair()
    server.filter = lambda _, __: []
    with pytest.raises(UnacknowledgedError):
        await server.peer.ask(READ)
    times = [at for at, _ in server.sent]
    pauses = [after - before for before, after in pairwise(times)]
    assert len(times) == 1 + 4
    assert 2 <= pauses[0] <= 3
    assert pauses == pytest.approx([pauses[0] * 2**n for n in range(4)])
    assert asyncio.get_running_loop().time() <= server.endpoint.transmission.max_transmit_wait == 93
    assert {message.encode() for _, message in server.sent} == {server.sent[0][1].encode()}
    assert not device.application.requests


@pytest.mark.parametrize("lost", range(1, 5))
async def test_a_lost_request_is_repeated(lost: int) -> None:
    device, server = pair()
    server.filter = lambda number, data: [] if number <= lost else [data]
    assert (await server.peer.ask(READ)).code == Code.CONTENT
    assert len(device.application.requests) == 1


@pytest.mark.parametrize("slow", [False, True])
async def test_a_request_that_comes_again_is_answered_again_but_not_done_again(slow: bool) -> None:  # noqa: FBT001 - a case
    device, server = pair()
    device.application.answer = lambda _: later(1, Response(Code.CHANGED)) if slow else Response(Code.CHANGED)
    device.filter = lambda number, data: [] if number == 1 else [data]  # the acknowledgement is lost
    assert (await server.peer.ask(READ)).code == Code.CHANGED
    await settle()
    assert len(device.application.requests) == 1
    if not slow:
        assert device.sent[0][1].encode() == device.sent[1][1].encode()


async def test_a_message_id_is_remembered_for_247_seconds_and_no_longer() -> None:
    device, server = pair()
    assert server.endpoint.lifetime == 247
    request = Message(Type.CON, Code.POST, 77, b"t", [(Option.URI_PATH, b"dp")])
    for pause in (246, 2, 0):
        device.put(request)
        await asyncio.sleep(pause)
    await settle()
    assert len(server.application.requests) == 2
    assert server.endpoint.counts.duplicates == 1


async def test_message_ids_are_remembered_within_bounds() -> None:
    device, server = pair()
    for number in range(2000):
        device.put(Message(Type.CON, Code.POST, number, b"t", [(Option.URI_PATH, b"dp")]))
    await settle()
    assert len(server.application.requests) == 2000
    assert len(server.peer._duplicates._seen) == 256


async def test_one_request_is_out_at_a_time_in_order() -> None:
    device, server = pair()
    device.application.answer = lambda request: Response(Code.CONTENT, request.payload)
    asked = [server.peer.ask(Request(Code.PUT, ("1",), b"%d" % number)) for number in range(4)]
    answers = await asyncio.gather(*asked)
    assert [each.payload for each in answers] == [b"0", b"1", b"2", b"3"]
    order = [b"%d" % number for number in range(4)]
    assert [each.payload for each in device.application.requests] == order
    assert all(after - before > 0.09 for (before, _), (after, _) in pairwise(server.sent))


async def test_an_abandoned_request_frees_the_queue_at_once_and_is_sent_no_more() -> None:
    device, server = pair()
    device.filter = lambda _, __: []  # it never answers
    first = asyncio.create_task(server.peer.ask(Request(Code.FETCH, ())))
    second = asyncio.create_task(server.peer.ask(READ))
    third = asyncio.create_task(server.peer.ask(Request(Code.GET, ("4",))))
    await asyncio.sleep(0.5)
    assert [each.code for each in server.messages()] == [Code.FETCH]
    second.cancel()  # waits: is never sent
    first.cancel()
    await asyncio.sleep(0)
    device.filter = lambda _, data: [data]
    assert (await third).code == Code.CONTENT
    await asyncio.sleep(60)
    assert [each.path for each in server.messages()] == [(), ("4",)]


async def test_a_reset_ends_a_request() -> None:
    device, server = pair()
    device.by_hand = lambda message: Message(Type.RST, Code.EMPTY, message.id)
    with pytest.raises(RejectedError):
        await server.peer.ask(READ)


async def test_an_acknowledged_request_waits_as_long_as_its_caller_says() -> None:
    device, server = pair()
    device.application.answer = lambda _: later(1000, Response(Code.CONTENT, b"late"))
    with pytest.raises(UnansweredError):
        await server.peer.ask(READ, within=900)
    await asyncio.sleep(200)
    late = device.messages(Type.CON)[0]
    assert server.application.notifications[0].token == late.token  # a late answer is nobody's any more
    assert (await server.peer.ask(Request(Code.GET, ("9",)), within=1500)).payload == b"late"


async def test_an_answer_that_overtakes_its_acknowledgement_counts() -> None:
    device, server = pair()
    device.application.answer = lambda _: later(1, Response(Code.CONTENT, b"x"))
    device.filter = lambda number, data: [] if number == 1 else [data]
    assert (await server.peer.ask(READ)).payload == b"x"
    await asyncio.sleep(100)
    assert len(server.messages(Type.CON)) == 1


async def test_a_ping_is_answered_with_a_reset() -> None:
    device, server = pair()
    device.put(Message(Type.CON, Code.EMPTY, 99))
    await settle()
    assert [(each.type, each.code, each.id) for each in server.messages()] == [(Type.RST, 0, 99)]


@pytest.mark.parametrize("kind", [Type.CON, Type.NON])
@pytest.mark.parametrize("slow", [False, True])
async def test_a_response_to_nothing_is_accepted_or_reset_as_the_application_says(kind: Type, slow: bool) -> None:  # noqa: FBT001 - a case
    device, server = pair()

    async def judged(message: Message) -> bool:
        await asyncio.sleep(1)
        return message.token == b"known"

    server.application.accept = judged if slow else (lambda message: message.token == b"known")
    for number, token in enumerate((b"known", b"other")):
        for _ in range(2):  # each comes twice
            device.put(Message(kind, Code.CONTENT, number, token, [(Option.OBSERVE, uint(number))], b"v"))
            await asyncio.sleep(2)
    answers = [(each.type, each.id) for each in server.messages()]
    known = [(Type.ACK, 0)] * 2 if kind == Type.CON else []
    assert answers == known + [(Type.RST, 1)] * 2
    assert len(server.application.notifications) == 2
    assert server.endpoint.counts.rejected == 1


async def test_a_device_learns_that_nobody_wants_its_notifications() -> None:
    device, server = pair()
    server.application.accept = lambda _: False
    with pytest.raises(RejectedError):
        await device.peer.notify(b"token", Response(Code.CONTENT, b"v"))
    sent = device.peer.notify_unconfirmed(b"token", Response(Code.CONTENT, b"v"))
    await settle()
    assert device.application.resets[-1] == sent


async def test_when_the_association_ends_everybody_who_waits_is_told() -> None:
    _, server = pair()
    server.filter = lambda _, __: []
    waiting = [asyncio.create_task(server.peer.ask(READ)) for _ in range(3)]
    await asyncio.sleep(1)
    server.peer.close()
    server.peer.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in results] == [PeerClosedError] * 3
    with pytest.raises(PeerClosedError):
        await server.peer.ask(READ)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([(9, b"")], Code.BAD_OPTION),
        ([(Option.IF_MATCH, b"x")], Code.BAD_OPTION),
        ([(Option.ACCEPT, b""), (Option.ACCEPT, b"")], Code.BAD_OPTION),
        ([(Option.URI_PATH, b"x" * 256)], Code.BAD_OPTION),
        ([(Option.BLOCK1, b"\x07")], Code.BAD_REQUEST),
        ([(Option.BLOCK2, b"\x1f")], Code.BAD_REQUEST),
        ([(Option.BLOCK2, b"1234")], Code.BAD_OPTION),
        ([(Option.URI_PATH, b"\xff")], Code.BAD_REQUEST),
        ([(Option.PROXY_URI, b"coap://x")], Code.PROXYING_NOT_SUPPORTED),
        ([(10, b"elective"), (Option.URI_HOST, b"h"), (Option.URI_PORT, b"\1")], Code.CONTENT),
    ],
)
async def test_options_that_are_not_understood_are_refused_if_they_matter(
    options: list[tuple[int, bytes]], code: Code
) -> None:
    device, server = pair()
    device.put(Message(Type.CON, Code.GET, 1, b"t", options))
    await settle()
    assert [each.code for each in server.messages()] == [code]


@pytest.mark.parametrize("code", [8, 0x10, 0x1F])
@pytest.mark.parametrize("type_", [Type.CON, Type.NON])
async def test_a_method_that_nobody_knows_is_not_allowed_and_asked_of_nobody(code: int, type_: Type) -> None:
    device, server = pair()
    device.put(Message(type_, code, 1, b"t", []))
    await settle()
    assert [each.code for each in server.messages()] == [Code.METHOD_NOT_ALLOWED]
    assert server.application.requests == []
    assert server.endpoint.counts.failed == 0


async def test_an_error_of_ours_is_an_answer() -> None:
    device, server = pair()

    async def broken(_: Message) -> Response:
        raise ValueError("a mistake")

    server.application.answer = broken
    assert (await device.peer.ask(READ)).code == Code.INTERNAL_SERVER_ERROR
    assert server.endpoint.counts.failed == 1
