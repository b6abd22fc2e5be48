"""Requests to managed devices: reboot, factory reset, firmware. Each device goes through the steps of its action.

A request is a record; what its devices said is in it. A device that is away gets its present step when it asks to be
managed again, which is also what ends a reboot and a reset.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.ibm import behind, bundles, inventory, payload, times, topics
from chalicelib.dialects.ibm.identity import DIALECT, name_of
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Forbidden, Invalid, NotFound
from chalicelib.fleet.ids import is_id
from chalicelib.fleet.integers import whole
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import MQTT, Route

KIND = "ibm.requests"
RETENTION = 90 * 86_400
OPEN = 100
"""How many of the newest requests are looked at for a device that asks to be managed."""
PATIENCE = 5
FIRMWARE = ("version", "name", "uri", "verifier")
IDLE, DOWNLOADING, DOWNLOADED = 0, 1, 2
_ACCEPTED = frozenset({200, 202, 204})
_FAILED = 1
_IN_PROGRESS = 1
_STATES = {"state": DOWNLOADED, "updateStatus": 6}
"""What a device says of its firmware, each from 0 on ("Device Management Protocol", firmware actions)."""
_FIELDS = {"fields": [{"field": "mgmt.firmware"}]}
_UPDATE, _OBSERVE = "device/update", "observe"
_INITIATE = "mgmt/initiate"
STEPS: dict[str, tuple[str, ...]] = {
    "device/reboot": (f"{_INITIATE}/device/reboot",),
    "device/factoryReset": (f"{_INITIATE}/device/factory_reset",),
    "firmware/download": (_UPDATE, _OBSERVE, f"{_INITIATE}/firmware/download"),
    "firmware/update": (_OBSERVE, f"{_INITIATE}/firmware/update"),
}
"""What is sent for an action, each after the device accepted the one before."""


def steps(action: str) -> tuple[str, ...]:
    """Of an action that a customer made up, `bundle/action`, the only one."""
    return STEPS.get(action) or (f"mgmt/custom/{action}",)


def initiate(ports: Ports, tenant: str, action: str, parameters: Mapping[str, str], devices: list[Device]) -> str:
    """Send the first step to every device; the request's id. Errors: Invalid, Forbidden (not all support it)."""
    needed = _needed(ports, tenant, action, parameters)
    for device in devices:
        supports = (inventory.own(device).get("mgmt") or {}).get("supports") or {}
        if not supports.get(needed):
            raise Forbidden(f"device {device.id} does not support {needed}")
    now = ports.clock.now()
    waiting = {device.id: {"status": 0, "complete": False, "step": 0} for device in devices}
    body = {"action": action, "parameters": dict(parameters), "started": now, "devices": waiting}
    record = Record(tenant, KIND, ports.new_id(now), body, expires=now // 1000 + RETENTION)
    ports.records.create(record)
    for device in devices:
        _send(ports, record, device.id, behind.speaker_of(device))
    return record.id


def get(ports: Ports, tenant: str, request: str) -> Record:
    """Errors: NotFound."""
    found = ports.records.get(tenant, KIND, request) if is_id(request) else None
    if found is None:
        raise NotFound("there is no such request")
    return found


def every(ports: Ports, tenant: str, after: str | None = None) -> Iterator[Record]:
    while True:
        page = ports.records.page(tenant, KIND, after=after, limit=OPEN)
        yield from page.items
        if page.cursor is None:
            return
        after = page.cursor


def answered(ports: Ports, claim: Claim, body: Mapping[str, Any]) -> None:
    """A device's `response`: the next step, or the end. Errors: Invalid, for what can answer nothing."""
    request, code = body.get("reqId"), whole(body.get("rc"))
    if code is None:
        raise Invalid("rc is the number of a status", "rc")
    if request is not None and not (isinstance(request, str) and is_id(request)):
        raise Invalid("reqId is that of a request to this device", "reqId")
    record = None if request is None else ports.records.get(claim.tenant, KIND, request)
    if record is None or claim.device not in record.body["devices"]:
        # The answer to a notice, or to a request that was cleared meanwhile.
        return

    def taken(state: dict[str, Any]) -> dict[str, Any]:
        if state["complete"]:
            return state
        if code not in _ACCEPTED:
            text = str(body.get("message") or "")[:256]
            return {**state, "complete": True, "status": _FAILED, "message": text}
        reached = min(state["step"] + 1, len(steps(record.body["action"])))
        # What a customer made up is done when the device says so.
        return {**state, "step": reached, "complete": record.body["action"] not in STEPS}

    changed = _change(ports, record, claim.device or "", taken)
    if changed is not None and changed["step"] < len(steps(record.body["action"])) and not changed["complete"]:
        _send(ports, get(ports, claim.tenant, record.id), claim.device or "", claim.client)


def managed(ports: Ports, claim: Claim) -> None:
    """A device is back: a reboot or reset that it had accepted is complete, any other step is sent again."""
    for record in _of(ports, claim):
        action, state = record.body["action"], record.body["devices"][claim.device]
        if state["step"] == len(steps(action)) and action.startswith("device/"):
            _change(ports, record, claim.device or "", lambda s: {**s, "complete": True})
        elif state["step"] < len(steps(action)):
            _send(ports, record, claim.device or "", claim.client)


def firmware_changed(ports: Ports, claim: Claim, value: Mapping[str, Any]) -> None:
    """The device tells how far it is with its firmware."""
    stated = {name: whole(value.get(name)) for name in _STATES}
    known = {name: number for name, number in stated.items() if number is not None and 0 <= number <= _STATES[name]}

    def noted(own: Mapping[str, Any]) -> Mapping[str, Any]:
        managed_ = dict(own.get("mgmt") or {})
        stamp = times.render(ports.clock.now())
        managed_["firmware"] = {**(managed_.get("firmware") or {}), **known, "updatedDateTime": stamp}
        return {**own, "mgmt": managed_}

    inventory.change_own(ports, claim.tenant, claim.device or "", noted)
    for record in _of(ports, claim):
        _conclude(ports, claim, record, known)


def tell(ports: Ports, client: str, device_id: str, tail: str, body: Mapping[str, Any]) -> None:
    """Send a message of device management to a device by the client that speaks for it: itself, or its gateway."""
    name, held = name_of(device_id), ports.claims.get(client)
    # The id may be somebody else's by now, who came in through another dialect.
    if name is not None and held is not None and held.settled and held.dialect == DIALECT:
        topic = topics.management(tail, name.type, name.id, through_gateway=behind.is_gateway(client))
        ports.delivery.message(Route(DIALECT, client, MQTT, client, ""), topic, payload.compact(body), PATIENCE)


def status(record: Record, device_id: str) -> dict[str, Any]:
    name, state = name_of(device_id), record.body["devices"][device_id]
    shown = {k: v for k, v in state.items() if k != "step"}
    return {"typeId": name.type if name else "", "deviceId": name.id if name else device_id, **shown}


def _conclude(ports: Ports, claim: Claim, record: Record, known: Mapping[str, int]) -> None:
    action, state, outcome = record.body["action"], known.get("state"), known.get("updateStatus", 0)
    downloaded = action == "firmware/download" and state == DOWNLOADED
    updated = action == "firmware/update" and state == IDLE and outcome == 0
    done: dict[str, Any] = {"complete": True, "status": 0}
    if action.startswith("firmware/") and outcome > _IN_PROGRESS:
        done = {"complete": True, "status": _FAILED, "message": f"updateStatus {outcome}"}
    elif not downloaded and not updated:
        return
    _change(ports, record, claim.device or "", lambda s: {**s, **done})
    tell(ports, claim.client, claim.device or "", "cancel", {"d": _FIELDS, "reqId": record.id})


def _needed(ports: Ports, tenant: str, action: str, parameters: Mapping[str, str]) -> str:
    """What a device has to say that it supports. Errors: Invalid."""
    if action not in STEPS:
        return bundles.check_request(ports, tenant, action, parameters)
    return "firmwareActions" if action.startswith("firmware/") else "deviceActions"


def _of(ports: Ports, claim: Claim) -> list[Record]:
    """The newest requests in which the device has something left to do."""
    newest = list(every(ports, claim.tenant))[-OPEN:]
    return [r for r in newest if not r.body["devices"].get(claim.device, {"complete": True})["complete"]]


def _send(ports: Ports, record: Record, device_id: str, client: str) -> None:
    body = record.body
    tail = steps(body["action"])[body["devices"][device_id]["step"]]
    message: dict[str, Any] = {"reqId": record.id}
    if tail == _OBSERVE:
        message["d"] = _FIELDS
    elif tail == _UPDATE:
        firmware = {name: body["parameters"].get(name, "") for name in FIRMWARE}
        firmware |= {"state": IDLE, "updateStatus": 0, "updatedDateTime": times.render(ports.clock.now())}
        message["d"] = {"fields": [{"field": "mgmt.firmware", "value": firmware}]}
    elif body["action"] not in STEPS:
        message["d"] = {"fields": [{"field": name, "value": value} for name, value in body["parameters"].items()]}
    tell(ports, client, device_id, tail, message)


def _change(
    ports: Ports, record: Record, device_id: str, changed: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    """The device's state in the request after the change; None where the request is gone."""

    def read() -> Record | None:
        return ports.records.get(record.tenant, KIND, record.id)

    def change(old: Record) -> Record:
        devices = old.body["devices"]
        return replace(old, body={**old.body, "devices": {**devices, device_id: changed(devices[device_id])}})

    # Devices of one request answer at the same time.
    new, _ = change_record(ports, "this request", read, ports.records.replace, change)
    return None if new is None else new.body["devices"][device_id]
