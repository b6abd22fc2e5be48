"""Devices that register themselves, and children that their parents register (Register Device, Register Child)."""

import json
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from chalicelib.dialects.xyte import models, owning, proofs
from chalicelib.dialects.xyte.errors import DeviceUnknown
from chalicelib.dialects.xyte.identities import ABOUT, About, Identity
from chalicelib.dialects.xyte.models import SEMVER, Claiming, Model
from chalicelib.dialects.xyte.proofs import Known
from chalicelib.fleet.access import own_secrets
from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.errors import Conflict, FleetError, Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports

_SEMVER = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII
)
LARGEST_DETAILS = 16 * 1024
TAKEN = "has already been taken"


@dataclass(frozen=True, slots=True)
class Registered:
    """The `secret` is shown this once."""

    identity: Identity
    secret: str


def register(ports: Ports, body: Mapping[str, Any]) -> Registered:
    """Errors: DeviceUnknown (the model), Invalid, Conflict (it has registered already)."""
    model = _model(ports, body)
    about = described(model, body)
    sent = proofs.of_model(model, proofs.shown(dict(body)))
    known = replace(about, mac=sent.mac, sn=sent.sn or about.sn, cloud_id=sent.cloud_id)
    made = create(ports, model, known, Known(sent.name(model.hardware_key), sent.proof))
    if model.claiming is Claiming.AUTOMATIC:
        # It has registered in any case, and is told its key this once: where the maker has no room for it, or another
        # was there before, or too many write at once, it may be claimed later.
        with suppress(FleetError):
            return replace(made, identity=owning.take(ports, made.identity, model.tenant))
    return made


def create(ports: Ports, model: Model, about: About, known: Known, parent: str | None = None) -> Registered:
    """Errors: Conflict (it has registered already)."""
    secret, salt, digest = own_secrets.mint(ports)
    name, proof = known.name, known.proof
    entry = Entry(
        new_uuid(ports),
        model.tenant,
        ports.clock.now(),
        names=(name,) if name is not None else (),
        proofs=(proof,) if proof is not None else (),
        parent=parent,
        salt=salt,
        digest=digest,
        attributes=ABOUT.body(about),
    )
    # Its answer may have been lost on the way: then the name is ours already.
    if not ports.directory.create(entry) and (name is None or ports.directory.named(name) != entry.id):
        raise Conflict(f"{'Cloud' if about.cloud_id is not None and about.mac is None else 'Sn'} {TAKEN}")
    return Registered(Identity(entry, about, model), secret)


def described(model: Model, body: Mapping[str, Any]) -> About:
    """What it says of itself. Errors: Invalid (the version of its firmware)."""
    firmware = body.get("firmware_version")
    ensure_version(model, firmware)
    ensure_small(body.get("details"))
    return About(
        model=model.hardware_key,
        sn=body.get("sn"),
        firmware=firmware,
        name=body.get("name"),
        sub_model=body.get("sub_model"),
        details=body.get("details") or {},
    )


def ensure_version(model: Model, firmware: str | None) -> None:
    """Errors: Invalid."""
    if model.since(SEMVER) and (firmware is None or not _SEMVER.fullmatch(firmware)):
        raise Invalid("Invalid firmware version", "firmware_version")


def ensure_small(details: Any) -> None:
    """Errors: Invalid. They stand in what is read with each request."""
    if details is not None and len(json.dumps(details, ensure_ascii=False).encode(errors="replace")) > LARGEST_DETAILS:
        raise Invalid(f"Details have at most {LARGEST_DETAILS} bytes", "details")


def new_uuid(ports: Ports) -> str:
    return str(uuid.UUID(bytes=ports.chance(16), version=4))


def _model(ports: Ports, body: Mapping[str, Any]) -> Model:
    """By its hardware key, which older devices call their partner's. Errors: DeviceUnknown."""
    key = body.get("hardware_key") or body.get("partner_key")
    found = models.find(ports, key) if isinstance(key, str) else None
    if found is None or found.closed:
        raise DeviceUnknown("Hardware key not found")
    wanted = body.get("model_id") or body.get("nano_id")
    if wanted is not None and wanted != found.model_id:
        raise DeviceUnknown("Model not found")
    return found
