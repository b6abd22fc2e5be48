"""A tenant's account and settings (OpenAPI, `Tenant` and `SettingsSection`)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.dialects.live_objects.rest.shapes.api_keys import rate_limit
from chalicelib.fleet.access.records import Tenant
from chalicelib.fleet.tenancy.records import Kept, Settings, Stored
from chalicelib.fleet.tenancy.retention import DEFAULTS

_VERSION = "1"
STORED: Mapping[str, str] = {Stored.KEYS: "apiKeys", Stored.POLICIES: "actionPolicies", Stored.QUEUES: "fifos"}
"""What of that which a tenant may have so many of has another name here."""
_KEPT: Mapping[str, str] = {Kept.AUDIT: "auditLog", Kept.QUEUED: "fifoMessages"}


def render(tenant: Tenant, settings: Settings | None) -> dict[str, Any]:
    """Without `settings` for those who may not read them."""
    shown = {} if settings is None else _sections(settings)
    return {"id": tenant.id, "name": tenant.name, "creationTs": tenant.created, "accountType": "CUSTOMER", **shown}


def _sections(settings: Settings) -> dict[str, Any]:
    """What the offer allows, and how long (s) what is stored is kept; FIFOs keep messages as long as each says."""
    quotas = {STORED.get(name, name): quota.most for name, quota in settings.quotas.items()}
    kept = {_KEPT.get(what, what.value): settings.kept(what) or DEFAULTS.get(what) for what in Kept}
    revision = settings.revision
    return {
        "offerSettings": {
            "quotas": _section(quotas, revision),
            "rateLimit": _section(rate_limit(settings.limits) or {}, revision),
        },
        "technicalSettings": {"retention": _section(present(kept), revision)},
        "userSettings": {},
    }


def _section(content: Mapping[str, Any], revision: int) -> dict[str, Any]:
    return {"content": dict(content), "revision": revision, "version": _VERSION}
