"""Whose secret it is: a keyed digest of a secret leads to its key, as the secret itself names nobody.

A signpost changes only where its key has gone; that of a secret which was replaced, or whose key was deleted, leads to
a digest that no longer matches, or nowhere.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from chalicelib.fleet.access import secrets
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.stage_key import Generation
from chalicelib.fleet.errors import Conflict
from chalicelib.fleet.ports import Ports

_PURPOSE = "signpost"
_DIGITS = 40


def name(ports: Ports, text: str) -> str:
    """What the signpost of a new secret is called."""
    return _name(ports.stage_key.current().writing(ports.clock.now()), text)


def of_name(tenant: str, text: str) -> str:
    """What the signpost of a name is called, where a secret alone would not do."""
    return f"name.{tenant}.{text}"


def named(ports: Ports, tenant: str, text: str) -> "ApiKey | None":
    """The key that a name leads to, whatever the secret."""
    return _led(ports, of_name(tenant, text), lambda key: key)


def follow(ports: Ports, presented: str) -> "ApiKey | None":
    """The key that a presented secret is the secret of. Junk costs no read."""
    long = secrets.parse(presented)
    if long is not None:
        return _fitting(ports.keys.get(long.tenant, long.id), presented)
    if not _may_lead(ports, presented):
        return None
    first, *others = ports.stage_key.current().reading(ports.clock.now())
    post = _name(first, presented)
    fitting = partial(_fitting, presented=presented)
    key = _led(ports, post, fitting)
    for generation in others if key is None else ():
        key = _led(ports, _name(generation, presented), fitting)
        if key is not None:
            ports.keys.put_signpost(post, key)
            break
    if key is not None and key.signpost != post:
        # Found by the present generation from now on, so that the one before can go. Whoever changes the key at the
        # same time comes first: then its next use says so.
        ports.keys.replace(key, replace(key, signpost=post))
    return key


def put_up(ports: Ports, key: ApiKey) -> None:
    """After the key was stored: one that led nowhere would be left over from a crash, and nobody has the secret yet.

    Errors: Conflict (the secret is another key's).
    """
    post = key.signpost
    if post is None or (leads_to := ports.keys.put_signpost(post, key)) is None:
        return
    other = ports.keys.current(*leads_to)
    # One that a deleted key left behind leads nowhere.
    stands = other is not None and other.signpost == post
    if stands or ports.keys.put_signpost(post, key, instead_of=leads_to) is not None:
        raise Conflict("this secret, or its name, opens a key already")


def take_down(ports: Ports, key: ApiKey) -> None:
    """The key has another secret by now, or is gone."""
    if key.signpost is not None:
        ports.keys.remove_signpost(key.signpost, (key.tenant, key.id))


def left(ports: Ports, generation: Generation) -> int:
    """How many secrets are found by that generation alone; signposts that lead nowhere any more are taken away."""
    found = 0
    for post, (tenant, key_id) in ports.keys.signposts(generation.number):
        key = ports.keys.current(tenant, key_id)
        if key is None or key.signpost != post:
            ports.keys.remove_signpost(post, (tenant, key_id))
        else:
            found += 1
    return found


def _name(generation: Generation, text: str) -> str:
    return f"{generation.number}.{generation.digest(_PURPOSE, text).hex()[:_DIGITS]}"


def _may_lead(ports: Ports, presented: str) -> bool:
    return secrets.is_minted(presented) or (secrets.is_foreign(presented) and ports.keys.imports())


def _led(ports: Ports, post: str, fitting: "Callable[[ApiKey | None], ApiKey | None]") -> "ApiKey | None":
    leads_to = ports.keys.signpost(post)
    if leads_to is None:
        return None
    key = fitting(ports.keys.get(*leads_to))
    if key is None:
        # It has gone, or has another secret: somebody else may have this one by now.
        anew = ports.keys.signpost(post, fresh=True)
        key = fitting(ports.keys.get(*anew)) if anew is not None and anew != leads_to else None
    return key


def _fitting(key: "ApiKey | None", presented: str) -> "ApiKey | None":
    return key if key is not None and secrets.matches(presented, key.salt, key.digest) else None
