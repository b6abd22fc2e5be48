"""Secrets that have to be read again: sealed with the stage key, so that a copy of the tables opens nothing.

Such a secret is the key of a handshake; a digest of it would not do. What is sealed says under which generation of the
stage key, and only whoever names the same purpose and the same context opens it.
"""

import base64
import binascii
from typing import TYPE_CHECKING

from chalicelib.fleet.access.stage_key import Generation
from chalicelib.fleet.ports import Ports

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Unsealable(Exception):
    """It was sealed for something else, or under a generation of the stage key that is gone."""


def seal(ports: Ports, purpose: str, context: str, secret: bytes) -> str:
    """As text, `{generation}.{base64}`."""
    generation = ports.stage_key.current().writing(ports.clock.now())
    nonce = ports.chance(_NONCE)
    sealed = _cipher(generation, purpose).encrypt(nonce, secret, context.encode())
    return f"{generation.number}.{base64.b64encode(nonce + sealed).decode()}"


def unseal(ports: Ports, purpose: str, context: str, text: str) -> bytes:
    """Errors: Unsealable."""
    from cryptography.exceptions import InvalidTag

    number, _, body = text.partition(".")
    generation = next((g for g in ports.stage_key.current().generations if str(g.number) == number), None)
    if generation is None:
        raise Unsealable("the generation of the stage key that it was sealed under is gone")
    try:
        raw = base64.b64decode(body, validate=True)
        return bytes(_cipher(generation, purpose).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode()))
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise Unsealable("it was sealed for something else") from error


def is_fresh(ports: Ports, text: str) -> bool:
    """Whether it is sealed under the generation that is written with by now."""
    generation = ports.stage_key.current().writing(ports.clock.now())
    return text.startswith(f"{generation.number}.")


def _cipher(generation: Generation, purpose: str) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(generation.digest("seal", purpose))
