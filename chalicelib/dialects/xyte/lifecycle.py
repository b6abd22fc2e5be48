"""What a device is told as it subscribes: all that waits for it, but for commands, which the fleet sends (Sync)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.topics import Downlink
from chalicelib.dialects.xyte import codec, files, identities, incidents, licences, topics
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.licences import Licence, Shelf
from chalicelib.dialects.xyte.topics import FIRMWARE, INCIDENTS, LICENSE
from chalicelib.fleet.data import open_alarms
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import MQTT, Route

TIMEOUT = 5
"""How long (s) each is waited for; what is not acknowledged then comes at the next subscription."""


def observe(ports: Ports, claim: Claim, event: Mapping[str, Any]) -> None:
    """What one that has an owner listens to from now on."""
    if event.get("eventType") != "subscribed" or claim.device is None:
        return
    names = {parsed[1] for topic in event.get("topics", ()) if (parsed := topics.parsed(str(topic))) is not None}
    if not names & {LICENSE, INCIDENTS, FIRMWARE}:
        return
    found = identities.current(ports, claim.client)
    if found is None or found.owner != claim.tenant:
        return
    route = Route("xyte", claim.client, MQTT, claim.client, str(event.get("sessionIdentifier", "")))
    for message in _waiting(ports, found, claim.tenant, names):
        tell(ports, route, message)


def fenced(ports: Ports, claim: Claim, at: int) -> None:
    """Its session is over; whoever has it next is told what is theirs."""


def licence(ports: Ports, found: Identity, tenant: str, one: Licence) -> None:
    """One waits: it is told where it listens to that."""
    mailbox = ports.mailboxes.get(tenant, found.device)
    route = mailbox.route(licences.OF, MQTT) if mailbox is not None else None
    if route is not None:
        tell(ports, route, _licences(ports, found, [one]))


def tell(ports: Ports, route: Route, message: Downlink) -> None:
    ports.delivery.message(route, message.topic, message.payload, TIMEOUT, response=message.response)


def _waiting(ports: Ports, found: Identity, tenant: str, names: set[str]) -> list[Downlink]:
    told: list[Downlink] = []
    if LICENSE in names:
        every = Shelf(ports, tenant, found.device, found.entry.transfers).every()
        waiting = [one for one in every if one.waits]
        told += [_licences(ports, found, waiting)] if waiting else []
    if INCIDENTS in names:
        open_ = [incidents.view(alarm, found.id) for alarm in open_alarms.of_source(ports, tenant, found.device)]
        told += [codec.telling(found.id, INCIDENTS, open_)] if open_ else []
    if FIRMWARE in names and (newest := files.newest_firmware(ports, found)) is not None:
        body = {"latest_fw_version": newest.version.id, "latest_fw_file_id": newest.id}
        told.append(codec.telling(found.id, FIRMWARE, body))
    return told


def _licences(ports: Ports, found: Identity, waiting: list[Licence]) -> Downlink:
    now = ports.clock.now()
    shown = [{**licences.view(one, found.id, now), **licences.flags(one)} for one in waiting]
    return codec.asking(found.id, LICENSE, shown)
