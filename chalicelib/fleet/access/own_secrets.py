"""Secrets of entries of the directory: chance itself, kept as a salted digest."""

from chalicelib.fleet.access.directory import digest
from chalicelib.fleet.ports import Ports

SECRET, SALT = 16, 16
"""Bytes."""


def mint(ports: Ports) -> tuple[str, str, str]:
    """A secret, and the salt and digest that are kept of it."""
    secret, salt = ports.chance(SECRET).hex(), ports.chance(SALT).hex()
    return secret, salt, digest(secret, salt)
