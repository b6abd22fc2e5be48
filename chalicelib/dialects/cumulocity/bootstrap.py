"""The user of a stage that devices come as before they have credentials of their own; none until an operator sets it.

It does nothing but ask for credentials that somebody accepted. Firmware has its password built in, and the vendor's own
is public: what keeps strangers out is that an id is registered first.
"""

import hashlib
import hmac

from chalicelib.fleet.access import callers
from chalicelib.fleet.access.proven import Known
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Invalid, Unauthenticated
from chalicelib.fleet.ports import Ports

TENANT, USER, PASSWORD = "management", "devicebootstrap", "Fhdt1bb1f"
"""What devices of the vendor come with where nobody has told them anything else."""
_NOBODYS, _KIND, _ID = "!", "cumulocity.bootstrap", "user"
_SALT = 16
_LONGEST = 200


def put(ports: Ports, name: str, password: str) -> None:
    """Let devices come as `tenant/user` with that password; known everywhere after a minute. Errors: Invalid."""
    if not name or ":" in name or len(name) > _LONGEST:
        raise Invalid(f"a user name has 1 to {_LONGEST} characters and no colon", "user")
    if not 0 < len(password) <= _LONGEST:
        raise Invalid(f"a password has 1 to {_LONGEST} characters", "password")
    salt = ports.chance(_SALT).hex()
    remove(ports)
    ports.records.create(Record(_NOBODYS, _KIND, _ID, {"name": name, "salt": salt, "digest": _digest(password, salt)}))


def remove(ports: Ports) -> None:
    """From a minute on nobody comes in that way."""
    ports.records.delete(_NOBODYS, _KIND, _ID)


def name(ports: Ports) -> str | None:
    """What the user is called, with its tenant; None where there is none."""
    found = ports.records.get(_NOBODYS, _KIND, _ID)
    return str(found.body["name"]) if found is not None else None


def ensure(ports: Ports, sent: str, password: str) -> None:
    """Errors: Unauthenticated."""
    digest = ports.proven.digest("\0bootstrap", sent, password)
    known, now = ports.proven.get(digest), ports.clock.now()
    if known is not None and known.fresh(now):
        return
    if not fits(ports, sent, password):
        raise Unauthenticated("devices without credentials come in as the user of the stage for that")
    ports.proven.keep(digest, Known(callers.of_device(_NOBODYS, None, frozenset(), sent), None, now))


def fits(ports: Ports, sent: str, password: str) -> bool:
    """Whether that is the user, and its password."""
    found = ports.records.get(_NOBODYS, _KIND, _ID)
    if found is None or sent != found.body["name"]:
        return False
    return hmac.compare_digest(_digest(password, found.body["salt"]), str(found.body["digest"]))


def _digest(password: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}{password}".encode(errors="surrogatepass")).hexdigest()
