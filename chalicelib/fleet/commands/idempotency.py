"""Orders that a client may repeat: whoever heard no answer asks again with the same token and gets the same command."""

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Command, Policy
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import CommandDuplicate, Conflict, Contended
from chalicelib.fleet.ports import Ports

REMEMBERED = 86_400
"""Seconds for which a token leads to its command."""

_KIND = "fleet/orders"


def create(ports: Ports, tenant: str, device: str, order: Order, token: str) -> Command:
    """The command that this order made, now or before.

    Errors: those of creating.create; Conflict (the token came with another order).
    """
    now = ports.clock.now()
    wanted = {"id": ports.new_id(now), "order": _digest(device, order)}
    name = hashlib.sha256(token.encode()).hexdigest()
    record = Record(tenant, _KIND, name, wanted, expires=now // 1000 + REMEMBERED)
    # The token first: two of the same order at once then agree on the command's id.
    if not ports.records.create(record):
        known = ports.records.get(tenant, _KIND, name)
        if known is None:
            raise Contended("this order is being forgotten; ask again")
        record = known
    if record.body["order"] != wanted["order"]:
        raise Conflict("this idempotency key came with another command before")
    command = ports.commands.get(tenant, record.body["id"])
    if command is None:
        try:
            return creating.create(ports, tenant, device, replace(order, id=record.body["id"]))
        except CommandDuplicate:
            return creating.get(ports, tenant, record.body["id"])
    return creating.get(ports, tenant, command.id)


def _stated(policy: Policy) -> dict[str, Any]:
    return {name: value for name, value in asdict(policy).items() if name != "unknown"}


def _digest(device: str, order: Order) -> str:
    asked = [device, order.connector, order.request, _stated(order.policy), order.notify_to]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
