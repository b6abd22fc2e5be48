"""What reports that came within one moment are going to look at, read together: a request a table, not one a report.

Which records those are follows from who reports, and from what is known of it then. What is not foreseen is read when
it is looked at.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from chalicelib.dialects.lwm2m import wire
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import paths, values_of
from chalicelib.fleet.twin.identities import IDENTITIES
from chalicelib.fleet.twin.library import EVERYBODY
from chalicelib.fleet.twin.observing import OBSERVATIONS
from chalicelib.fleet.twin.paths import ROOT
from chalicelib.fleet.twin.registering import TWINS

log = logging.getLogger(__name__)


@contextmanager
def foreseen(ports: Ports, events: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Within the block a first glance at what these reports concern asks for nothing more."""
    with ExitStack() as stack:
        try:
            _foresee(ports, [each for each in events if each.get("door") == wire.RUN], stack)
        except Exception:  # each report is read, and fails, for itself
            log.exception("reports are looked up one by one")
        yield


def _foresee(ports: Ports, reports: Sequence[Mapping[str, Any]], stack: ExitStack) -> None:
    """Who reports; then where they are, what they have and observe; then what of that is shown already."""
    reports = [each for each in reports if "principal" in each]
    presented = {str(each["principal"]).partition(":")[2]: None for each in reports}
    names = [IDENTITIES.named(EVERYBODY, identity) for identity in presented if identity]
    credentials = [IDENTITIES.value(each) for each in stack.enter_context(ports.records.foreseen(names)) if each]
    known = {each.principal: (each.tenant, each.device) for each in credentials}
    told = [(known[each["principal"]], str(each.get("token", ""))) for each in reports if each["principal"] in known]
    devices = list(dict.fromkeys(device for device, _ in told))
    notifying = list(dict.fromkeys(device for device, token in told if token))
    ports.devices.foresee(devices)
    stack.enter_context(ports.mailboxes.foreseen(devices))
    names = [*(OBSERVATIONS.named(*device) for device in notifying), *(TWINS.named(*device) for device in devices)]
    observed = stack.enter_context(ports.records.foreseen(names))
    names = []
    for (tenant, device), found in zip(notifying, observed, strict=False):
        entries = OBSERVATIONS.value(found).entries if found else ()
        tokens = {token for each, token in told if each == (tenant, device)}
        objects = {paths.parse(path)[:1] for each in entries if each.token in tokens for path in each.paths}
        names += [values_of.named(tenant, device, number) for (number,) in objects - {ROOT}]
    stack.enter_context(ports.records.foreseen(names))
