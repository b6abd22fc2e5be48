"""The MQTT 5 properties of `Publish` and `SendDirectMessage`, where the service model of `iot-data` puts them."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from .body import ProtocolViolation
from .data_plane import InvalidRequestException
from .properties import Properties, Property, Value, check_response_topic

_EXPIRY_MAX: Final = 604_800  # seconds
_FORMATS: Final = {"UNSPECIFIED_BYTES": 0, "UTF8_DATA": 1}
_USER, _FORMAT, _CORRELATION = (
    f"HTTP_X_AMZ_MQTT5_{name}" for name in ("USER_PROPERTIES", "PAYLOAD_FORMAT_INDICATOR", "CORRELATION_DATA")
)


def read(query: Mapping[str, str], environ: Mapping[str, Any]) -> Properties | None:
    """None without any; `environ` is WSGI's. Raise `InvalidRequestException`."""
    values: dict[Property, Value] = {}
    if (kind := query.get("contentType")) is not None:
        values[Property.CONTENT_TYPE] = kind
    if (topic := query.get("responseTopic")) is not None:
        values[Property.RESPONSE_TOPIC] = _response_topic(topic)
    if (expiry := query.get("messageExpiry")) is not None:
        values[Property.MESSAGE_EXPIRY] = _expiry(expiry)
    if (form := environ.get(_FORMAT)) is not None:
        if form not in _FORMATS:
            raise InvalidRequestException("payloadFormatIndicator is UNSPECIFIED_BYTES or UTF8_DATA")
        values[Property.PAYLOAD_FORMAT] = _FORMATS[form]
    if (correlation := environ.get(_CORRELATION)) is not None:
        values[Property.CORRELATION_DATA] = _base64(correlation, "correlationData")
    properties = Properties(values, _user(environ.get(_USER)))
    return properties or None


def _response_topic(topic: str) -> str:
    try:
        check_response_topic(topic)
    except ProtocolViolation:
        raise InvalidRequestException("responseTopic is empty or holds a wildcard") from None
    return topic


def _expiry(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _EXPIRY_MAX:
        raise InvalidRequestException(f"messageExpiry is 1 to {_EXPIRY_MAX} seconds")
    return int(text)


def _base64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidRequestException(f"{name} is not base64") from None


def _user(header: str | None) -> list[tuple[str, str]]:
    """A JSON array of objects with one key each, in base64."""
    if header is None:
        return []
    try:
        given = json.loads(_base64(header, "userProperties"))
    except ValueError:
        raise InvalidRequestException("userProperties is not JSON") from None
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise InvalidRequestException("userProperties is an array of objects")
    pairs = [(name, value) for item in given for name, value in item.items()]
    if not all(isinstance(value, str) for _name, value in pairs):
        raise InvalidRequestException("the values of userProperties are strings")
    return pairs
