"""What a device is told as it subscribes: all that waits for it, but for commands, which the fleet sends (Sync)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.topics import Downlink
from chalicelib.dialects.xyte import codec, files, identities, licences, listening, topics
from chalicelib.dialects.xyte.files import File
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.licences import Licence, Shelf
from chalicelib.dialects.xyte.topics import CHILDRENS, FIRMWARE, INCIDENTS, LICENSE
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import MQTT, Route

_MOST_TOLD = 10_000
_told: dict[str, str] = {}
"""By device: the newest firmware that it was told of from here."""


def observe(ports: Ports, claim: Claim, event: Mapping[str, Any]) -> None:
    """What one that has an owner listens to from now on."""
    if event.get("eventType") != "subscribed" or claim.device is None:
        return
    names = {parsed[1] for topic in event.get("topics", ()) if (parsed := topics.parsed(str(topic))) is not None}
    listening.subscribed(ports, claim.tenant, names)
    if not names & {LICENSE, INCIDENTS, FIRMWARE, CHILDRENS}:
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
    ports.delivery.message(route, message.topic, message.payload, listening.TIMEOUT, response=message.response)


def _waiting(ports: Ports, found: Identity, tenant: str, names: set[str]) -> list[Downlink]:
    told: list[Downlink] = []
    if LICENSE in names:
        every = Shelf(ports, tenant, found.device, found.entry.transfers).every()
        waiting = [one for one in every if one.waits]
        told += [_licences(ports, found, waiting)] if waiting else []
    if INCIDENTS in names:
        open_ = listening.opened(ports, tenant, found.id)
        told += [codec.telling(found.id, INCIDENTS, open_)] if open_ else []
    if CHILDRENS in names and (heads := listening.heads(ports, tenant, found.children)):
        told.append(codec.telling(found.id, CHILDRENS, heads, listening.answered(found.id)))
    if FIRMWARE in names and (newest := files.newest_firmware(ports, found)) is not None:
        told.append(codec.telling(found.id, FIRMWARE, _firmware(newest)))
    return told


def firmware(ports: Ports, found: Identity, tenant: str) -> None:
    """A device speaks: it is told of newer firmware, once by each instance. As that was known a minute ago."""
    newest = files.newest_firmware(ports, found)
    if newest is None or _told.get(found.id) == newest.id:
        return
    if len(_told) >= _MOST_TOLD:
        _told.clear()
    _told[found.id] = newest.id
    listening.tell(ports, tenant, found.id, FIRMWARE, lambda: _firmware(newest))


def forget() -> None:
    """As an instance that has just begun."""
    _told.clear()


def _firmware(newest: File) -> dict[str, Any]:
    return {"latest_fw_version": newest.version.id, "latest_fw_file_id": newest.id}


def _licences(ports: Ports, found: Identity, waiting: list[Licence]) -> Downlink:
    now = ports.clock.now()
    shown = [{**licences.view(one, found.id, now), **licences.flags(one)} for one in waiting]
    return codec.asking(found.id, LICENSE, shown)
