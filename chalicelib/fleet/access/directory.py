"""Who devices are that belong to a stage before they belong to a tenant: one entry each, outside every tenant.

A device that registers itself has an identity and a secret from then on, whoever owns it. Owning it is a pointer: the
entry names its owner, or nobody, and counts how often that has changed, so that who remembers an entry finds out that
it is another's by now. What such devices have in common, a model for example, has an entry as well.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible


@dataclass(frozen=True, slots=True)
class Entry(Extensible):
    """One of them; its `id` is unique in the stage, and so is each of `names`.

    Of `proofs`, by which it is looked for, several may have the same. None of these ever changes.
    `maker` is the tenant that answers for it, `owner` the one that has it as a device, None while nobody does, and
    `transfers` how often that has changed. Its secret is kept as a salted digest. `attributes` are what its kind says
    of it. Times in ms.
    """

    id: str
    maker: str
    created: int
    names: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    owner: str | None = None
    transfers: int = 0
    parent: str | None = None
    children: tuple[str, ...] = ()
    salt: str = ""
    digest: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0

    def fits(self, secret: str) -> bool:
        return bool(self.digest) and hmac.compare_digest(digest(secret, self.salt), self.digest)


def digest(secret: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}{secret}".encode(errors="surrogatepass")).hexdigest()
