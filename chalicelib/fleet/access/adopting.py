"""Secrets that were made elsewhere: clients that carry them, and cannot be changed, go on with them."""

from dataclasses import replace

from chalicelib.fleet.access import attempts, keys, secrets, signposts
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.errors import Conflict, Invalid, KeyNotFound
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.records import Stored

_SHORTEST, _LONGEST = 8, 255


def adopt(
    ports: Ports, by: Caller, parent: str, presented: str, request: KeyRequest, *, name: str | None = None
) -> ApiKey:
    """A key below that `parent` whose secret was made elsewhere, for clients that carry it and cannot be changed.

    A secret that comes with a `name` need not be one that nobody could guess. Every instance takes it after a minute.
    Errors: Invalid (no such secret can be taken; not a subset), Conflict (secret or name open a key already).
    """
    if name is None and not secrets.is_foreign(presented):
        raise Invalid("a secret made elsewhere that comes without a name is 32 letters and digits", Field.SECRET)
    if name is not None and not (_SHORTEST <= len(presented) <= _LONGEST and presented.isprintable()):
        raise Invalid(
            f"a secret that comes with a name has {_SHORTEST} to {_LONGEST} printable characters", Field.SECRET
        )
    taken = keys.owner(ports, presented) if name is None else signposts.named(ports, by.tenant, name)
    if taken is not None:
        raise Conflict("this secret, or its name, opens a key already")
    made, _ = keys.create_child(ports, by, parent, request)
    salt = ports.chance(16)
    if name is None:
        post = signposts.name(ports, presented)
        adopted = replace(made, salt=salt, digest=secrets.digest(presented, salt), signpost=post)
    else:
        post = signposts.of_name(by.tenant, name)
        adopted = replace(made, salt=b"", digest=b"", signpost=post, password=ports.hasher.keep(presented, salt))
    # Whoever deleted the new key since then, alone or with its parent, has won.
    if not ports.keys.replace(made, adopted):
        raise KeyNotFound("no such API key")
    if name is None:
        ports.keys.note_import()
    try:
        signposts.put_up(ports, adopted)
    except Conflict:
        # Somebody else took the same secret at the same time, and was first.
        keys.end(ports, adopted, quotas.share(ports, adopted.tenant, Stored.KEYS))
        raise
    finally:
        signposts.take_down(ports, made)
    return replace(adopted, revision=made.revision + 1)


def named(ports: Ports, tenant: str, name: str, presented: str, *, address: str = "") -> ApiKey | None:
    """The key that this name and this secret, made elsewhere, open together; `address` is where they come from.

    Errors: RateLimitReached.
    """
    key = signposts.named(ports, tenant, name)
    if key is None or key.password is None:
        return None
    if ports.hasher.remembers(presented, key.password):
        return key
    attempts.guess(ports, tenant, f"key {name}", address)
    return key if ports.hasher.matches(presented, key.password, patient=True) else None
