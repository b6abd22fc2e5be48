"""Which requests are refused before anybody looks at what they ask.

RFC 7252, 5.4.1, 5.8 and 5.10; RFC 7959, 2.2 and 2.9.
"""

from infra.gateway.coap.blocks import Block, BlockError, ReservedSizeError
from infra.gateway.coap.message import Message, Response
from infra.gateway.coap.numbers import METHODS, PROXY, REPEATABLE, UNDERSTOOD, Code, Option

_LONGEST_SEGMENT = 255
_BLOCKS = _BLOCK1, _BLOCK2 = int(Option.BLOCK1), int(Option.BLOCK2)


def refusal(request: Message) -> tuple[Response | None, Block | None, Block | None]:
    """Why a request is refused, if it is; and its Block1 and Block2."""
    if request.code not in METHODS:
        return Response(Code.METHOD_NOT_ALLOWED), None, None
    return _of_options(request)


def _of_options(request: Message) -> tuple[Response | None, Block | None, Block | None]:
    before, blocks = -1, {}
    try:
        for number, value in request.options:
            if not number & 1:
                continue
            if number in PROXY:
                return Response(Code.PROXYING_NOT_SUPPORTED), None, None
            if number not in UNDERSTOOD or len(value) > _LONGEST_SEGMENT:
                return Response(Code.BAD_OPTION), None, None
            if number in REPEATABLE:
                value.decode()
            elif number == before:
                return Response(Code.BAD_OPTION), None, None
            elif number in _BLOCKS:
                blocks[number] = Block.read(value)
            before = number
        return None, blocks.get(_BLOCK1), blocks.get(_BLOCK2)
    except (UnicodeDecodeError, ReservedSizeError):
        return Response(Code.BAD_REQUEST), None, None
    except BlockError:
        return Response(Code.BAD_OPTION), None, None
