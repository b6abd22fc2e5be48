"""Which requests are refused before anybody looks at what they ask (RFC 7252, 5.4.1 and 5.10; RFC 7959, 2.9)."""

from infra.gateway.coap.blocks import Block, BlockError
from infra.gateway.coap.message import Message, Response
from infra.gateway.coap.numbers import PROXY, REPEATABLE, UNDERSTOOD, Code, Option

_LONGEST_SEGMENT = 255


def refusal(request: Message) -> tuple[Response | None, Block | None, Block | None]:
    """Why a request is refused, if it is; and its Block1 and Block2."""
    before = -1
    for number, value in request.options:
        if number in PROXY:
            return Response(Code.PROXYING_NOT_SUPPORTED), None, None
        is_repeated = number == before and number not in REPEATABLE
        if number & 1 and (number not in UNDERSTOOD or is_repeated or len(value) > _LONGEST_SEGMENT):
            return Response(Code.BAD_OPTION), None, None
        before = number
    try:
        _ = request.path, request.query
        return None, Block.of(request, Option.BLOCK1), Block.of(request, Option.BLOCK2)
    except UnicodeDecodeError:
        return Response(Code.BAD_REQUEST), None, None
    except BlockError:
        return Response(Code.BAD_OPTION), None, None
