"""What the stack asks of the product itself at its start: a tenant to begin with, and its deadlines."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.local.data_directory import read_credentials

if TYPE_CHECKING:
    from chalicelib.fleet.ports import Ports

_log = logging.getLogger(__name__)
_MOST_NAMES = 1000


def ensure_stage_key() -> None:
    from chalicelib import wiring
    from chalicelib.fleet.access import stage_key

    made = stage_key.first(wiring.ports().chance(stage_key.LENGTH))
    wiring.stage_key_store().create(stage_key.dump(made))


def ensure_tenant(folder: Path) -> tuple[str, str]:
    """Tenant id and master key: those of `credentials.json` while that key opens it, else those of a new tenant."""
    from chalicelib import wiring
    from chalicelib.fleet.access import keys, tenants
    from chalicelib.fleet.errors import TenantDuplicate

    ports = wiring.ports()
    kept = read_credentials(folder)
    known = keys.owner(ports, kept.apiKey) if kept is not None else None
    if kept is not None and known is not None and known.tenant == kept.tenant:
        _enable(kept.tenant)
        return kept.tenant, kept.apiKey
    for number in range(1, _MOST_NAMES):
        try:
            tenant, _, secret = tenants.create(ports, "local" if number == 1 else f"local {number}")
        except TenantDuplicate:
            continue  # its key went with an earlier credentials.json
        _enable(tenant.id)
        return tenant.id, secret
    raise RuntimeError(f"no free name for a tenant after {_MOST_NAMES}")


def _enable(tenant: str) -> None:
    """What an operator does for those who want it: here everything is to be tried."""
    from chalicelib import wiring
    from chalicelib.dialects import registry
    from chalicelib.fleet.inventory import numbering

    ports = wiring.ports()
    if "xyte" in registry.enabled():
        _open_xyte(ports, tenant)
    if "cumulocity" not in registry.enabled():
        return
    from chalicelib.dialects.cumulocity import bootstrap

    if ports.tenants.current_settings(tenant).objects is None:
        numbering.enable(ports, tenant)
    if bootstrap.name(ports) is None:
        bootstrap.put(ports, f"{bootstrap.TENANT}/{bootstrap.USER}", bootstrap.PASSWORD)


def _open_xyte(ports: "Ports", tenant: str) -> None:
    """With a model by which devices register, and are the tenant's at once."""
    from chalicelib.dialects.xyte import modelling
    from chalicelib.dialects.xyte.models import Claiming, Model
    from chalicelib.fleet.tenancy import settings
    from infra.local.credentials import xyte

    settings.open_dialect(ports, tenant, "xyte")
    if xyte.model(ports, tenant) is None:
        key = modelling.new_key(ports)
        modelling.create(ports, Model(tenant, key, "Demo", xyte.MODEL, claiming=Claiming.AUTOMATIC))


def association_keys() -> list[bytes]:
    """What the CoAP gateway seals its associations with, the newest first."""
    from chalicelib import wiring

    return [generation.digest("coaps", "associations") for generation in wiring.ports().stage_key.current().generations]


def presented(api_key: str) -> dict[str, dict[str, Any]]:
    """The key as clients of each dialect present it, by dialect."""
    from chalicelib import wiring
    from chalicelib.fleet.access import keys
    from infra.local import credentials

    key = keys.owner(wiring.ports(), api_key)
    return credentials.presented(key, api_key) if key else {}


def register_certificates() -> None:
    """Let the broker know the CA certificates that tenants uploaded in an earlier run."""
    from chalicelib import wiring
    from chalicelib.fleet.errors import Invalid
    from chalicelib.store.authorities import AuthoritiesTable
    from chalicelib.store.tables import shared_connection

    trust = wiring.ports().trust
    for authorities in AuthoritiesTable(shared_connection()).everyone():
        for entry in authorities.entries:
            try:
                trust.accept(entry.pem)
            except Invalid as error:
                _log.warning("CA certificate %s of tenant %s: %s", entry.id, authorities.tenant, error)


def arm_deadlines() -> None:
    """Start the executions again that went with an earlier process, nearest deadline first."""
    from chalicelib import wiring
    from chalicelib.triggers import deadlines

    found = deadlines.sweep(wiring.ports(), everything=True)
    _log.info("deadlines looked at: %s", found)


def speaks(dialect: str) -> bool:
    """Whether this stage speaks it."""
    from chalicelib.dialects import registry

    return dialect in registry.enabled()
