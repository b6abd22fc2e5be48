"""Operations: ordered of a device, and reported on by whoever does them, by whatever door (reference, "Operations")."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import agents, appearing, fragments, modelled, naming, operations
from chalicelib.dialects.cumulocity.operations import Shown
from chalicelib.fleet import ids
from chalicelib.fleet.commands import creating, reporting
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Command, Policy
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.errors import CommandDuplicate, Contended, DeviceNotFound, IllegalTransition, Invalid
from chalicelib.fleet.inventory import objects, promoting
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.twin.records import CONNECTOR

POLICY = Policy(expiration=None, ack_mode=None, ack_timeout=None)
"""It waits for as long as it takes, and its device says itself what became of it."""


def order(
    ports: Ports,
    found: ManagedObject,
    said: Mapping[str, Any],
    trace: str | None = None,
    *,
    bulk: str | None = None,
    command: str | None = None,
) -> Command:
    """An operation for that object, which is a device from now on.

    One of a `bulk` operation has an id already: then CommandDuplicate says that it was made before.
    Errors: TooLarge, CommandLimitReached, ObjectNotFound, QuotaReached, Contended.
    """
    agent = agents.of(ports, found)
    asked = operations.request(said, agent, bulk)
    if agent != found.id:
        found = _reachable(ports, found, agent)
    if found.device is None:
        ordered = _ordered(ports, found.tenant, _promoted(ports, found), asked, trace, command)
    else:
        try:
            ordered = _ordered(ports, found.tenant, found.device, asked, trace, command)
        except DeviceNotFound:
            # Its registration failed on the way, or was refused, and is made up for now.
            ordered = _ordered(ports, found.tenant, _promoted(ports, found), asked, trace, command)
    return modelled.carry_out(ports, ordered) if found.origin == CONNECTOR else ordered


def _reachable(ports: Ports, found: ManagedObject, agent: str) -> ManagedObject:
    """The object as a device whose agent, if that speaks MQTT, gets what it is to do."""
    if found.origin:
        return found
    if found.device is None:
        _promoted(ports, found)
        found = objects.get(ports, found.tenant, found.id)
    above = ports.objects.get(found.tenant, agent)
    if above is not None:
        names = ports.objects.names(found.tenant, found.id)
        serial = next((name.value for name in names if name.type == naming.SERIAL), found.id)
        appearing.behind(ports, found, serial, above)
    return found


def _promoted(ports: Ports, found: ManagedObject) -> str:
    return promoting.promote(ports, found.tenant, found.id, naming.NAMESPACE).id


def _ordered(
    ports: Ports, tenant: str, device: str, asked: Mapping[str, Any], trace: str | None, known: str | None
) -> Command:
    if known is not None:
        order_ = Order(None, asked, POLICY, trace=trace, id=known, dialect=naming.DIALECT)
        return creating.create(ports, tenant, device, order_)
    for _ in tries(ports):
        number = ids.number(ports.clock.now(), ports.chance(2))
        order_ = Order(None, asked, POLICY, trace=trace, id=ids.of_number(number), dialect=naming.DIALECT)
        try:
            return creating.create(ports, tenant, device, order_)
        except CommandDuplicate:
            # Two operations of one millisecond drew the same number.
            continue
    raise Contended("operations are made by too many at once")


def told_by(name: str) -> Report:
    """What somebody says who is no device, or not by MQTT."""
    return Report(Route(naming.DIALECT, name, naming.NAMESPACE, name, name))


def report(ports: Ports, found: Command, wanted: Shown, body: Mapping[str, Any], told: Report) -> Command:
    """The operation as it stands once that was said of it: a status, fragments, perhaps a reason.

    `told` is who says it, and in which message. Errors: Invalid, TooLarge, IllegalTransition.
    """
    stands, said = operations.status(found), fragments.of(body, operations.OWN)
    if stands not in operations.OPEN:
        if stands is not wanted or reporting.merged(operations.said(found), said) != operations.said(found):
            raise IllegalTransition(f"an operation that is {stands} stays as it is")
        return found
    fragments.ensure_fits([found.request, reporting.merged(found.response, said), body.get("failureReason")])
    told = replace(told, response=said)
    if wanted is Shown.PENDING and stands is Shown.PENDING:
        return reporting.remark(ports, found.tenant, found.id, told) if said else found
    if wanted is Shown.PENDING:
        raise IllegalTransition(f"an operation that is {stands} cannot become {wanted}")
    if wanted is Shown.EXECUTING:
        return reporting.progress(ports, found.tenant, found.id, told)
    if wanted is Shown.SUCCESSFUL:
        return reporting.succeed(ports, found.tenant, found.id, told)
    reason = body.get("failureReason")
    if reason is not None and not isinstance(reason, str):
        raise Invalid("failureReason is a text", "failureReason")
    return reporting.fail(ports, found.tenant, found.id, replace(told, reason=reason))
