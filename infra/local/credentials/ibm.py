"""An API key and its token, which is the same secret (manual 3.1.1)."""

from chalicelib.dialects.ibm.identity import api_key_name
from chalicelib.fleet.access.records import ApiKey


def presented(key: ApiKey, secret: str) -> dict[str, str]:
    return {"org": key.tenant, "apiKey": api_key_name(key.tenant, key.id), "token": secret}
