"""Sealed secrets when the stage key is rotated: all are sealed again before the generation before last ends."""

from dataclasses import replace
from functools import partial

from chalicelib.fleet.access import sealing
from chalicelib.fleet.access.sealing import Unsealable
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import bootstrap, identities
from chalicelib.fleet.twin.library import EVERYBODY
from chalicelib.fleet.twin.records import BootstrapEntry


def reseal(ports: Ports) -> None:
    """May be begun again: what is sealed under the generation that is written with stays as it is."""
    for records in (identities.IDENTITIES, bootstrap.IDENTITIES):
        for identity, credential in list(records.items(ports, EVERYBODY)):
            records.change(ports, EVERYBODY, identity, partial(identities.resealed, ports))
            if records is bootstrap.IDENTITIES:
                again = partial(_entry, ports, credential.tenant)
                bootstrap.change(ports, credential.tenant, credential.node, again)


def _entry(ports: Ports, tenant: str, entry: BootstrapEntry) -> BootstrapEntry:
    def again(sealed: str | None) -> str | None:
        if sealed is None or sealing.is_fresh(ports, sealed):
            return sealed
        try:
            secret = bootstrap.shown(ports, tenant, entry.endpoint, sealed)
        except Unsealable:
            return sealed
        return bootstrap.sealed(ports, tenant, entry.endpoint, secret)

    run = tuple(replace(each, sealed=again(each.sealed)) for each in entry.run)
    sent = tuple(replace(each, sealed=again(each.sealed)) for each in entry.sent)
    sequence = entry.sequence
    if sequence is not None:
        servers = tuple(replace(each, sealed=again(each.sealed)) for each in sequence.servers)
        sequence = replace(sequence, servers=servers)
    return replace(entry, run=run, sent=sent, sequence=sequence)
