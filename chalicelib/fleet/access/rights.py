"""What who holds one key may do to another: nobody changes a key above or beside their own, or one that can do more."""

from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden
from chalicelib.fleet.ports import Ports


def ensure_may_change(ports: Ports, by: ApiKey, other: ApiKey) -> None:
    """Errors: Forbidden (the other key is above or beside the caller's, or can do more)."""
    ensure_under(ports, by, other)
    ensure_within(by, other)


def ensure_under(ports: Ports, by: ApiKey, other: ApiKey) -> None:
    """Everybody has their own key and those below it; people have no key of their own, and all but the master key.

    Errors: Forbidden.
    """
    if by.master or other.id == by.id:
        return
    if by.session:
        if other.master:
            raise Forbidden("the master key is changed by itself alone")
        return
    above = other.parent
    while above is not None and above != by.id:
        # Not from a cache: a key that was moved or deleted since then decides.
        parent = ports.keys.current(by.tenant, above)
        above = parent.parent if parent is not None else None
    if above is None:
        raise Forbidden("this API key is above or beside yours")


def ensure_within(by: ApiKey, other: ApiKey) -> None:
    """Errors: Forbidden (the other key can do more than the caller's)."""
    ensure_roles(by, other.roles)
    if by.queues and not (other.queues and other.queues <= by.queues):
        raise Forbidden("this API key may use queues that yours may not")
    # A session ends before the rights of its user do.
    if by.valid_to is not None and not by.session and (other.valid_to is None or other.valid_to > by.valid_to):
        raise Forbidden("this API key is valid longer than yours")
    if by.client_certificate_required and not (
        other.client_certificate_required and set(other.ca_certificates) <= set(by.ca_certificates)
    ):
        raise Forbidden("this API key asks for less of a client certificate than yours")


def ensure_roles(by: ApiKey, roles: "frozenset[Role]") -> None:
    """Errors: Forbidden."""
    if not roles <= by.roles:
        raise Forbidden(f"your API key lacks the roles {', '.join(sorted(roles - by.roles))}")
