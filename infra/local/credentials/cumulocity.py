"""HTTP Basic with the tenant, any name, and the key in the place of a password; and how devices come in at first."""

from typing import Any

from chalicelib.fleet.access.records import ApiKey


def presented(key: ApiKey, secret: str) -> dict[str, Any]:
    from chalicelib import wiring
    from chalicelib.dialects.cumulocity import bootstrap

    told: dict[str, Any] = {"tenant": key.tenant, "user": "local", "password": secret}
    user, password = f"{bootstrap.TENANT}/{bootstrap.USER}", bootstrap.PASSWORD
    if bootstrap.fits(wiring.ports(), user, password):
        told["bootstrap"] = {"user": user, "password": password}
    return told
