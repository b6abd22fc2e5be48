"""What a broker does with what firmware in the field sends: wills, RETAIN, no client id, forbidden filters, floods."""

import time
from collections.abc import Callable
from dataclasses import replace

from infra.probes.questions import Answer, Asked
from infra.probing import Device, Entrance

FORBIDDEN = "probe/forbidden"
"""A topic of no dialect: no policy names it."""
_REFUSED = 0x80
_FLOOD = 150
_TOO_MANY = "Quota exceeded"
_LOOKS, _BETWEEN_LOOKS_S = 10, 1.0
Stored = Callable[[], list[str]]
"""The values of the device's messages that are stored by now, as text."""
Noted = Callable[[], list[str]]
"""The principals that the rule told with messages of the device, as far as they are noted by now."""


def ask(entrance: Entrance, client_id: str, topic: str, data: str, rule: str, stored: Stored) -> list[Answer]:
    """`topic` is one to subscribe, `data` one to publish readings on, `rule` the topic rule that takes them."""
    return [
        _nameless(entrance, 4, Asked.NAMELESS),
        _nameless(entrance, 5, Asked.NAMELESS_5),
        _refused(entrance, client_id),
        _filter(entrance, client_id),
        _exactly_once(entrance, client_id, topic),
        _forbidden_will(entrance, client_id),
        _will(entrance, client_id, data, stored),
        _retained(entrance, client_id, data),
        _basic_ingest(entrance, client_id, data, rule, stored),
        _flood(entrance, client_id, data),
    ]


def rule_principal(entrance: Entrance, client_id: str, data: str, principal: str, noted: Noted) -> Answer:
    """With a key in debug mode: its messages are told to the audit log. `principal` is what the authorizer answered."""
    asked = Asked.RULE_PRINCIPAL
    with Device(entrance, client_id) as device:
        if not device.wait(lambda: device.connected):
            return Answer(asked, yes=None, found=device.first)
        device.mqtt.publish(data, b'{"v":{"noted":1}}', 1)
        device.wait(lambda: bool(device.acknowledged))
    for _ in range(_LOOKS):
        if told := set(noted()):
            return Answer(asked, told == {principal}, f"{', '.join(sorted(told))} of {principal}")
        time.sleep(_BETWEEN_LOOKS_S)
    return Answer(asked, yes=None, found="no message was noted")


def _nameless(entrance: Entrance, level: int, asked: Asked) -> Answer:
    with Device(entrance, "", level=level) as device:
        device.wait(lambda: bool(device.codes))
        given = f", and is called {device.given}" if device.given else ""
        return Answer(asked, device.connected, f"{device.first}{given}")


def _refused(entrance: Entrance, client_id: str) -> Answer:
    with Device(replace(entrance, password="wrong"), client_id, level=5) as device:  # noqa: S106 - opens nothing, on purpose
        device.wait(lambda: bool(device.codes))
        return Answer(Asked.REFUSED_5, bool(device.codes) and not device.first.startswith("closed"), device.first)


def _filter(entrance: Entrance, client_id: str) -> Answer:
    with Device(entrance, client_id) as device:
        device.wait(lambda: bool(device.codes))
        device.mqtt.subscribe(FORBIDDEN, 1)
        device.wait(lambda: bool(device.granted) or len(device.codes) > 1)
        if device.granted:
            return Answer(Asked.FILTER, device.granted[0] >= _REFUSED, f"SUBACK 0x{device.granted[0]:02x}")
        return Answer(Asked.FILTER, yes=False, found=device.last)


def _exactly_once(entrance: Entrance, client_id: str, topic: str) -> Answer:
    with Device(entrance, client_id, level=5) as device:
        device.wait(lambda: bool(device.codes))
        device.mqtt.subscribe(topic, 2)
        device.wait(lambda: bool(device.granted) or len(device.codes) > 1)
        found = f"granted {device.granted[0]}" if device.granted else device.last
        return Answer(Asked.EXACTLY_ONCE_5, bool(device.granted), found)


def _forbidden_will(entrance: Entrance, client_id: str) -> Answer:
    with Device(entrance, client_id, will=FORBIDDEN) as device:
        device.wait(lambda: bool(device.codes))
        return Answer(Asked.FORBIDDEN_WILL, bool(device.codes) and not device.connected, device.first)


def _will(entrance: Entrance, client_id: str, data: str, stored: Stored) -> Answer:
    mark = f'{{"v":{{"will":{time.time_ns()}}}}}'
    with Device(entrance, client_id, will=data, said=mark) as device:
        if not device.wait(lambda: device.connected):
            return Answer(Asked.WILL, yes=None, found=device.first)
        device.break_off()
    return Answer(Asked.WILL, *_arrived(stored, mark))


def _retained(entrance: Entrance, client_id: str, data: str) -> Answer:
    with Device(entrance, client_id) as device:
        if not device.wait(lambda: device.connected):
            return Answer(Asked.RETAINED, yes=None, found=device.first)
        device.mqtt.publish(data, b'{"v":{"retained":1}}', 1, retain=True)
        closed = device.wait(lambda: len(device.codes) > 1)
        return Answer(Asked.RETAINED, closed, device.last if closed else "taken")


def _basic_ingest(entrance: Entrance, client_id: str, data: str, rule: str, stored: Stored) -> Answer:
    mark = f'{{"v":{{"basic":{time.time_ns()}}}}}'
    with Device(entrance, client_id) as device:
        if not device.wait(lambda: device.connected):
            return Answer(Asked.BASIC_INGEST, yes=None, found=device.first)
        device.mqtt.publish(f"$aws/rules/{rule}/{data}", mark.encode(), 1)
        if device.wait(lambda: len(device.codes) > 1 or bool(device.acknowledged)) and len(device.codes) > 1:
            return Answer(Asked.BASIC_INGEST, yes=False, found=device.last)
    return Answer(Asked.BASIC_INGEST, *_arrived(stored, mark))


def _flood(entrance: Entrance, client_id: str, data: str) -> Answer:
    with Device(entrance, client_id, level=5) as device:
        if not device.wait(lambda: device.connected):
            return Answer(Asked.FLOOD, yes=None, found=device.first)
        for number in range(_FLOOD):
            device.mqtt.publish(data, f'{{"v":{{"n":{number}}}}}'.encode(), 1)
        device.wait(lambda: len(device.acknowledged) == _FLOOD or len(device.codes) > 1)
        told = sum(_TOO_MANY in code for code in device.acknowledged)
        silent = _FLOOD - len(device.acknowledged)
        found = f"of {_FLOOD} at once {told} were told, {silent} got no answer"
        return Answer(Asked.FLOOD, told > 0 if told or silent else None, found)


def _arrived(stored: Stored, mark: str) -> tuple[bool, str]:
    wanted = mark[len('{"v":') : -1].replace(" ", "")
    for _ in range(_LOOKS):
        if any(wanted == text.replace(" ", "") for text in stored()):
            return True, "it is stored as a message of the device"
        time.sleep(_BETWEEN_LOOKS_S)
    return False, "it is not stored"
