"""Which other sites' pages may ask: an operator's list of origins (WHATWG Fetch, "CORS protocol")."""

from collections.abc import Collection

SETTING = "HOMEPORT_CORS_ORIGINS"
ANY = "*"
_MAX_AGE = "7200"
"""Seconds that browsers keep the answer to a preflight; they take no more."""


def origins(text: str) -> frozenset[str]:
    """Separated by commas; `*` is any."""
    return frozenset(part.strip().rstrip("/") for part in text.split(",") if part.strip())


def headers(origin: str | None, allowed: Collection[str]) -> dict[str, str]:
    """Those of every answer. No credentials are allowed: keys come in header fields, and cookies mean nothing here."""
    if not allowed:
        return {}
    # Caches must not give one site's answer to another.
    varying = {"Vary": "Origin"}
    if origin is None or not (ANY in allowed or origin in allowed):
        return varying
    return {**varying, "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "*"}


def preflight(origin: str | None, asked: str | None, methods: str, allowed: Collection[str]) -> dict[str, str]:
    """Those of the answer to OPTIONS; `asked` are the header fields that the page wants to send."""
    granted = headers(origin, allowed)
    if "Access-Control-Allow-Origin" not in granted:
        return granted
    wanted = {"Access-Control-Allow-Headers": asked} if asked else {}
    return {**granted, "Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": _MAX_AGE, **wanted}
