"""CoAP messages as the events of `chalicelib.dialects.lwm2m.wire`, and back."""

import base64
from collections.abc import Mapping
from typing import Any

from infra.gateway.coap.message import Message, Response, path_options, uint
from infra.gateway.coap.numbers import Code, Option, text
from infra.gateway.coap.requests import ANSWER_S, Request, TransferError
from infra.gateway.coap.transmissions import DeliveryError, RejectedError, UnansweredError

Told = dict[str, Any]
_OBSERVE = int(Option.OBSERVE)


def request_event(message: Message) -> Told:
    """What a device asks. Its text was looked at before, so it can be read."""
    query = [value.decode() for value in message.values(Option.URI_QUERY)]
    told: Told = {"method": Code(message.code).name, "path": list(message.path), "query": query}
    return {**told, **_content(message)}


def answer_event(message: Message) -> Told:
    """What a device answers, or notifies."""
    return {"code": text(message.code), "observing": message.option(_OBSERVE) is not None, **_content(message)}


def silence(error: DeliveryError) -> str:
    """Why there is no answer, by one word."""
    match error:
        case RejectedError():
            return "REJECTED"
        case UnansweredError():
            return "UNANSWERED"
        case TransferError():
            return "GARBLED"
        case _:
            return "UNACKNOWLEDGED"


def response(told: Mapping[str, Any]) -> Response:
    options = path_options(told.get("location", ()), Option.LOCATION_PATH)
    if "maxAge" in told:
        options.append((Option.MAX_AGE, uint(told["maxAge"])))
    return Response(code(told["code"]), options=tuple(options))


def request(told: Mapping[str, Any]) -> tuple[Request, float]:
    """What to ask of a device, and how many seconds its answer may take."""
    token = told.get("token")
    asked = Request(
        Code[told["method"]],
        tuple(told["path"]),
        base64.b64decode(told.get("payload", "")),
        told.get("format"),
        told.get("accept"),
        tuple(told.get("query", ())),
        told.get("observe"),
        None if token is None else bytes.fromhex(token),
    )
    return asked, float(told.get("answer", ANSWER_S))


def code(written: str) -> int:
    kind, _, detail = written.partition(".")
    return int(kind) << 5 | int(detail)


def _content(message: Message) -> Told:
    told: Told = {}
    if message.content_format is not None:
        told["format"] = message.content_format
    if message.payload:
        told["payload"] = base64.b64encode(message.payload).decode()
    return told
