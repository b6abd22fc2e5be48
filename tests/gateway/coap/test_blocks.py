"""Bodies in blocks from outside: every size, every order, and what is held meanwhile."""

from collections.abc import Callable

import pytest

from infra.gateway.coap.blocks import Block, Downloads, Uploads
from infra.gateway.coap.endpoint import Sizes
from infra.gateway.coap.message import Message, Response, uint
from infra.gateway.coap.numbers import Code, Option, Type
from infra.gateway.coap.requests import Request, TransferError
from tests.gateway.coap.rig import pair, settle

BODY = bytes(number % 251 for number in range(3000))
KIB = 6


def block(number: int, *, more: bool, exponent: int, option: int = Option.BLOCK1) -> tuple[int, bytes]:
    return Block(number, more, exponent).option(option)


def piggybacked(answer: Callable[[Message], Response]) -> Callable[[Message], Message]:
    def answered(request: Message) -> Message:
        response = answer(request)
        return Message(Type.ACK, response.code, request.id, request.token, list(response.options), response.payload)

    return answered


@pytest.mark.parametrize("size", [0, 1, 1024, 1025, 2048, 5000, 64 * 1024])
async def test_a_body_goes_both_ways_whatever_its_size(size: int) -> None:
    device, server = pair()
    body = bytes(number % 251 for number in range(size))
    response = await device.peer.ask(Request(Code.POST, ("dp",), body, content_format=112))
    assert response.payload == body
    (request,) = server.application.requests
    assert (request.payload, request.content_format) == (body, 112)
    assert all(len(message.payload) <= 1024 for message in [*device.messages(), *server.messages()])
    assert server.endpoint.uploads._bytes == server.endpoint.downloads._bytes == 0


async def test_a_mebibyte_goes_to_a_device() -> None:
    device, server = pair(device_sizes=Sizes(received=1 << 20))
    device.application.answer = lambda request: Response(Code.CHANGED, len(request.payload).to_bytes(4, "big"))
    response = await server.peer.ask(Request(Code.PUT, ("5", "0", "0"), bytes(1 << 20), content_format=42))
    assert (response.code, response.payload) == (Code.CHANGED, (1 << 20).to_bytes(4, "big"))
    assert server.messages()[0].uint(Option.SIZE1) == 1 << 20


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize("exponent", range(6))
async def test_blocks_shrink_when_the_peer_asks_for_it(exponent: int, *, refuses: bool) -> None:
    """In its answer to the first block, which it took or refused (RFC 7959, 2.5 and 2.9.3)."""
    device, server = pair()
    got, sizes = bytearray(), []

    def smaller(request: Message) -> Response:
        sent = Block.of(request, Option.BLOCK1)
        assert sent is not None
        assert sent.start == len(got)
        if refuses and sent.exponent > exponent:
            return Response(Code.REQUEST_ENTITY_TOO_LARGE, b"", (block(0, more=True, exponent=exponent),))
        got.extend(request.payload)
        sizes.append(len(request.payload))
        answered = sent._replace(exponent=min(exponent, sent.exponent))
        return Response(Code.CONTINUE if sent.more else Code.CHANGED, b"", (answered.option(Option.BLOCK1),))

    device.by_hand = piggybacked(smaller)
    assert (await server.peer.ask(Request(Code.PUT, ("5",), BODY))).code == Code.CHANGED
    assert got == BODY
    assert set(sizes[1:-1]) == {16 << exponent}


@pytest.mark.parametrize("exponent", range(7))
async def test_an_answer_is_cut_as_small_as_the_request_says(exponent: int) -> None:
    device, server = pair()
    server.application.answer = lambda _: Response(Code.CONTENT, BODY)
    size, got, number = 16 << exponent, b"", 0
    while len(got) < len(BODY):
        wanted = block(number, more=False, exponent=exponent, option=Option.BLOCK2)
        device.put(Message(Type.CON, Code.GET, number, b"t", [(Option.URI_PATH, b"5"), wanted]))
        await settle()
        answer = server.messages()[-1]
        got += answer.payload
        assert Block.of(answer, Option.BLOCK2) == (number, len(got) < len(BODY), exponent)
        assert answer.uint(Option.SIZE2) == (len(BODY) if number == 0 else None)
        number += 1
    assert got == BODY
    assert number == -(-len(BODY) // size)
    assert len(server.application.requests) == 1  # what is asked for again is not made again
    device.put(Message(Type.CON, Code.GET, 999, b"t", [block(500, more=False, exponent=6, option=Option.BLOCK2)]))
    await settle()
    assert server.messages()[-1].code == Code.BAD_REQUEST


async def test_a_large_answer_to_a_large_request_is_fetched() -> None:
    device, server = pair()
    device.application.answer = lambda _: Response(Code.CONTENT, BODY[::-1])
    response = await server.peer.ask(Request(Code.FETCH, (), BODY, content_format=112, accept=112))
    assert response.payload == BODY[::-1]
    assert device.application.requests[0].payload == BODY


async def test_a_notification_goes_on_in_blocks() -> None:
    device, server = pair()
    device.application.answer = lambda _: Response(Code.CONTENT, BODY)
    observe = Request(Code.GET, ("3303", "0"), observe=0, token=b"obs")
    first = await server.peer.ask(observe)
    assert first.payload == BODY
    options = (block(0, more=True, exponent=KIB, option=Option.BLOCK2), (Option.OBSERVE, uint(7)))
    device.peer.notify_unconfirmed(b"obs", Response(Code.CONTENT, BODY[:1024], options))
    await settle()
    (notification,) = server.application.notifications
    assert (await server.peer.rest_of(observe, notification)).payload == BODY
    assert [message.option(Option.OBSERVE) for message in server.messages() if message.code] == [
        b"",
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (
            Response(Code.CONTENT, b"x" * 1024, (block(2, more=True, exponent=KIB, option=Option.BLOCK2),)),
            "another block",
        ),
        (Response(Code.CONTENT, b"x" * 1024), "another block"),
        (Response(Code.NOT_FOUND), "another block"),
        (
            Response(
                Code.CONTENT, b"x", (block(1, more=False, exponent=KIB, option=Option.BLOCK2), (Option.ETAG, b"2"))
            ),
            "changed",
        ),
        (
            Response(
                Code.CONTENT,
                b"x" * 2000,
                (block(1, more=True, exponent=KIB, option=Option.BLOCK2), (Option.ETAG, b"1")),
            ),
            "not as large",
        ),
        (Response(Code.CONTENT, b"", ((Option.BLOCK2, b"\x1f"),)), "no such block"),
    ],
)
async def test_blocks_that_make_no_whole_are_an_error(second: Response, why: str) -> None:
    device, server = pair()
    first = Response(
        Code.CONTENT, b"x" * 1024, (block(0, more=True, exponent=KIB, option=Option.BLOCK2), (Option.ETAG, b"1"))
    )
    answers = iter([first, second, first])
    device.by_hand = piggybacked(lambda _: next(answers))
    with pytest.raises(TransferError, match=why):
        await server.peer.ask(Request(Code.GET, ("5",)))


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    device, server = pair(server_sizes=Sizes(fetched=4000))

    def endless(request: Message) -> Response:
        wanted = Block.of(request, Option.BLOCK2) or Block(0, more=True, exponent=KIB)
        return Response(Code.CONTENT, b"x" * 1024, (wanted._replace(more=True).option(Option.BLOCK2),))

    device.by_hand = piggybacked(endless)
    with pytest.raises(TransferError, match="larger than 4000 bytes"):
        await server.peer.ask(Request(Code.GET, ("5",)))


@pytest.mark.parametrize(
    ("blocks", "codes"),
    [
        ([(1, True, 1024)], [Code.REQUEST_ENTITY_INCOMPLETE]),
        ([(0, True, 1024), (2, True, 1024)], [Code.CONTINUE, Code.REQUEST_ENTITY_INCOMPLETE]),
        ([(0, True, 1024), (1, True, 1000)], [Code.CONTINUE, Code.BAD_REQUEST]),
        ([(0, True, 1024), (0, True, 1024), (1, False, 5)], [Code.CONTINUE, Code.CONTINUE, Code.CONTENT]),
        ([(0, True, 1024), (1, True, 1024), (1, True, 1024)], [Code.CONTINUE] * 3),  # repeated under another id
        ([(0, True, 1024), (64, False, 1)], [Code.CONTINUE, Code.REQUEST_ENTITY_TOO_LARGE]),
        ([(0, False, 3)], [Code.CONTENT]),
    ],
)
async def test_blocks_out_of_order_or_too_many_are_refused(
    blocks: list[tuple[int, bool, int]], codes: list[Code]
) -> None:
    device, server = pair()
    for id_, (number, more, size) in enumerate(blocks):
        options = [(Option.URI_PATH, b"dp"), block(number, more=more, exponent=KIB)]
        device.put(Message(Type.CON, Code.POST, id_, b"t", options, b"x" * size))
        await settle()
    assert [each.code for each in server.messages()] == codes


async def test_a_body_that_is_announced_too_large_is_refused_at_its_first_block() -> None:
    device, server = pair()
    options = [block(0, more=True, exponent=KIB), (Option.SIZE1, uint(65 * 1024))]
    device.put(Message(Type.CON, Code.POST, 1, b"t", options, b"x" * 1024))
    await settle()
    (answer,) = server.messages()
    assert (answer.code, answer.uint(Option.SIZE1)) == (Code.REQUEST_ENTITY_TOO_LARGE, 64 * 1024)


def upload(number: int, path: bytes = b"dp") -> tuple[Message, Block]:
    options = [(int(Option.URI_PATH), path), block(number, more=True, exponent=KIB)]
    message = Message(Type.CON, Code.POST, 0, b"", options, b"x" * 1024)
    return message, Block(number, more=True, exponent=KIB)


def test_uploads_together_are_bounded_and_the_oldest_makes_room() -> None:
    uploads = Uploads(lambda: 0.0, most_each=1 << 16, most_together=10 * 1024, lifetime=247)
    for peer in range(20):
        uploads.take(peer, *upload(0))
    assert uploads._bytes <= 10 * 1024
    codes = [answer.code for peer in range(20) if isinstance(answer := uploads.take(peer, *upload(1)), Response)]
    assert codes.count(Code.REQUEST_ENTITY_INCOMPLETE) >= 10
    assert Code.CONTINUE in codes


def test_an_upload_is_of_one_resource_and_ends_with_its_time() -> None:
    now = 0.0
    uploads = Uploads(lambda: now, most_each=1 << 16, most_together=1 << 20, lifetime=247)
    uploads.take("a", *upload(0))
    other = uploads.take("a", *upload(1, b"other"))
    assert isinstance(other, Response)
    assert other.code == Code.REQUEST_ENTITY_INCOMPLETE
    now = 247.5
    late = uploads.take("a", *upload(1))
    assert isinstance(late, Response)
    assert late.code == Code.REQUEST_ENTITY_INCOMPLETE


def test_downloads_together_are_bounded() -> None:
    downloads = Downloads(10_000)
    request = Message(Type.CON, Code.GET, options=[(int(Option.URI_PATH), b"x")])
    for peer in range(10):
        downloads.cut(peer, request, Response(Code.CONTENT, bytes(3000)), None)
    assert downloads._bytes <= 10_000
    assert downloads.held(0, request) is None
    assert downloads.held(9, request) is not None
    assert downloads.held(9, Message(Type.CON, Code.GET)) is None
