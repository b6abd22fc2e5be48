"""What a key passes on: the keys below it never can do more than it can itself, and what they opened is closed."""

from dataclasses import replace

from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports

MAX_LABEL = 24
MAX_DESCRIPTION = 140
_PAGE = 100


def check(parent: ApiKey, request: KeyRequest) -> None:
    """Errors: Invalid (more than the parent may, or longer than may be)."""
    if request.roles is not None and not request.roles <= parent.roles:
        raise Invalid("a key's roles are among those of its parent", Field.ROLES)
    if request.label is not None and len(request.label) > MAX_LABEL:
        raise Invalid(f"a label has at most {MAX_LABEL} characters", Field.LABEL)
    if request.description is not None and len(request.description) > MAX_DESCRIPTION:
        raise Invalid(f"a description has at most {MAX_DESCRIPTION} characters", Field.DESCRIPTION)
    start, end = request.valid_from, request.valid_to
    if start is not None and end is not None and end <= start:
        raise Invalid("the validity ends before it begins", Field.ENDS)
    if parent.valid_to is not None and end is not None and end > parent.valid_to:
        raise Invalid("a key is not valid longer than its parent", Field.ENDS)
    if parent.valid_from is not None and start is not None and start < parent.valid_from:
        raise Invalid("a key is not valid earlier than its parent", Field.STARTS)
    if parent.queues and request.queues is not None and not (request.queues and request.queues <= parent.queues):
        raise Invalid("a key's queues are among those of its parent", Field.QUEUES)
    if parent.idle is not None and request.idle is not None and request.idle > parent.idle:
        raise Invalid("a key may not go unused for longer than its parent", Field.IDLE)
    _check_certificates(parent, request)


def _check_certificates(parent: ApiKey, request: KeyRequest) -> None:
    if not parent.client_certificate_required:
        return
    if request.client_certificate_required is False:
        raise Invalid("a key requires a client certificate where its parent does", Field.CLIENT_CERTIFICATE)
    asked = request.ca_certificates
    if asked is not None and not (asked and set(asked) <= set(parent.ca_certificates)):
        raise Invalid("the CA certificates of a key are among those of its parent", Field.CA_CERTIFICATES)


def inherited(parent: ApiKey, request: KeyRequest) -> KeyRequest:
    """What a new key is to be, where the request leaves that to the parent."""
    required, authorities = request.client_certificate_required, request.ca_certificates
    return replace(
        request,
        valid_from=request.valid_from if request.valid_from is not None else parent.valid_from,
        valid_to=request.valid_to if request.valid_to is not None else parent.valid_to,
        queues=request.queues if request.queues is not None else parent.queues,
        client_certificate_required=parent.client_certificate_required if required is None else required,
        ca_certificates=parent.ca_certificates if authorities is None else authorities,
        idle=parent.idle if request.idle is None else request.idle,
    )


def narrowed(key: ApiKey, parent: ApiKey) -> ApiKey:
    """The key with no more rights than its parent.

    One that is left without a queue, or without a CA that could have signed its clients' certificates, is left without
    roles.
    """
    queues = key.queues & parent.queues if key.queues and parent.queues else key.queues or parent.queues
    authorities = _authorities(key, parent)
    cut_off = bool((key.queues and not queues) or (parent.client_certificate_required and not authorities))
    return replace(
        key,
        roles=frozenset() if cut_off else key.roles & parent.roles,
        queues=key.queues if cut_off else queues,
        valid_from=_latest(key.valid_from, parent.valid_from),
        valid_to=_earliest(key.valid_to, parent.valid_to),
        suspended=parent.suspended or not parent.active,
        limits=(*parent.limits, *(limit for limit in key.limits if limit.holder == key.id)),
        client_certificate_required=key.client_certificate_required or parent.client_certificate_required,
        ca_certificates=authorities or key.ca_certificates,
        idle=_earliest(key.idle, parent.idle),
    )


def _authorities(key: ApiKey, parent: ApiKey) -> tuple[str, ...]:
    if not parent.client_certificate_required:
        return key.ca_certificates
    if not key.ca_certificates:
        return parent.ca_certificates
    return tuple(each for each in key.ca_certificates if each in parent.ca_certificates)


def weaker(after: ApiKey, before: ApiKey) -> bool:
    """Whether a connection opened with the key as it was may not be open with the key as it is."""
    return (
        (after.digest, after.password) != (before.digest, before.password)
        or (after.active, after.suspended) != (before.active, before.suspended)
        or not before.roles <= after.roles
        or after.queues != before.queues
        or (after.valid_from, after.valid_to) != (before.valid_from, before.valid_to)
        or (after.client_certificate_required, after.ca_certificates)
        != (before.client_certificate_required, before.ca_certificates)
    )


def pass_on(ports: Ports, parent: ApiKey) -> None:
    """Narrow all keys below. Repeated, it finds what an earlier call that broke off has left."""
    every = ports.keys.all(parent.tenant)
    waiting = [parent]
    while waiting:
        above = waiting.pop()
        waiting += [_narrow(ports, key, above) for key in every if key.parent == above.id]


def close(ports: Ports, tenant: str, key_id: str, after: str | None, until: int) -> None:
    """Close the connections of a key one by one; what is left when the clock shows `until` goes on later."""
    while True:
        page = ports.claims.of_key(tenant, key_id, after=after, limit=_PAGE)
        for client in page.items:
            ports.background.disconnect(client, tenant)
        if page.cursor is None:
            return
        after = page.cursor
        if ports.clock.now() >= until:
            ports.background.revoke(tenant, key_id, after)
            return


def _narrow(ports: Ports, key: ApiKey, parent: ApiKey) -> ApiKey:
    def read() -> ApiKey | None:
        return ports.keys.current(key.tenant, key.id)

    def tell(before: ApiKey, after: ApiKey) -> None:
        if weaker(after, before):
            ports.background.revoke(key.tenant, key.id)

    # Somebody may be changing the child itself: its own change and ours both have to last.
    write = ports.keys.replace
    narrow, _ = change_record(ports, "this API key", read, write, lambda one: narrowed(one, parent), key, tell)
    return narrow or narrowed(key, parent)


def _latest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def _earliest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)
