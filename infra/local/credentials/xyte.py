"""An API key as an organization sends it, bare, and the model by whose hardware key devices register."""

from typing import TYPE_CHECKING

from chalicelib.fleet.access.records import ApiKey

if TYPE_CHECKING:
    from chalicelib.dialects.xyte.models import Model
    from chalicelib.fleet.ports import Ports

MODEL = "demo"


def presented(key: ApiKey, secret: str) -> dict[str, str]:
    from chalicelib import wiring

    found = model(wiring.ports(), key.tenant)
    shown = {} if found is None else {"hardwareKey": found.hardware_key, "model": found.model_id}
    return {**shown, "organizationKey": secret}


def model(ports: "Ports", tenant: str) -> "Model | None":
    """The one that is made for the first tenant."""
    from chalicelib.dialects.xyte import models

    return models.named(ports, tenant, MODEL)
