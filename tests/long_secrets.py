"""Secrets of the long form, as they were made before: `tenant(6) id(24) chance(43) check(6)`."""

import hashlib

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def made(tenant: str, identifier: str, chance: bytes) -> str:
    body = tenant + identifier + _base62(int.from_bytes(chance[:32]), 43)
    return body + _base62(int.from_bytes(hashlib.sha256(b"homeport" + body.encode()).digest()[:8]), 6)


def _base62(number: int, digits: int) -> str:
    return "".join(_DIGITS[number // 62**place % 62] for place in reversed(range(digits)))
