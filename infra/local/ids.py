"""Ids that need to be unique, not secret."""

import random

_random = random.Random()  # noqa: S311 - seeded by the system


def new_uuid() -> str:
    """A random UUID, version 4. `uuid.uuid4` takes four times as long, and every message needs several."""
    digits = f"{_random.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
