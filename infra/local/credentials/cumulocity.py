"""HTTP Basic with the tenant, any name, and the key in the place of a password."""

from chalicelib.fleet.access.records import ApiKey


def presented(key: ApiKey, secret: str) -> dict[str, str]:
    return {"tenant": key.tenant, "user": "local", "password": secret}
