"""What a caller may do to a key: nobody changes a key above or beside their own, or one that can do more."""

from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden
from chalicelib.fleet.ports import Ports


def ensure_may_change(ports: Ports, by: Caller, other: ApiKey) -> None:
    """Errors: Forbidden (the other key is above or beside the caller's, or can do more)."""
    ensure_under(ports, by, other)
    ensure_within(by, other)


def ensure_under(ports: Ports, by: Caller, other: ApiKey) -> None:
    """Everybody has their own key and those below it; people have no key of their own, and all but the master key.

    Errors: Forbidden.
    """
    if by.kind is Kind.OPERATOR or by.master or by.holds(other):
        return
    if by.kind is Kind.USER:
        if other.master:
            raise Forbidden("the master key is changed by itself alone")
        return
    own, above = by.key.id if by.key is not None else None, other.parent
    while above is not None and above != own:
        # Not from a cache: a key that was moved or deleted since then decides.
        parent = ports.keys.current(by.tenant, above)
        above = parent.parent if parent is not None else None
    if above is None:
        raise Forbidden("this API key is above or beside yours")


def ensure_within(by: Caller, other: ApiKey) -> None:
    """Errors: Forbidden (the other key can do more than the caller)."""
    ensure_roles(by, other.roles)
    if by.queues and not (other.queues and other.queues <= by.queues):
        raise Forbidden("this API key may use queues that yours may not")
    # A session ends before the rights of its user do.
    ends = by.ends if by.kind is Kind.KEY else None
    if ends is not None and (other.valid_to is None or other.valid_to > ends):
        raise Forbidden("this API key is valid longer than yours")
    own = by.key
    if own is None or not own.client_certificate_required:
        return
    if not other.client_certificate_required or not set(other.ca_certificates) <= set(own.ca_certificates):
        raise Forbidden("this API key asks for less of a client certificate than yours")


def ensure_unbound(by: Caller) -> None:
    """For what no queue, end or client certificate could be asked of. Errors: Forbidden (they are of the caller)."""
    bound = by.key if by.kind is Kind.KEY else None
    if bound is None:
        return
    if bound.queues or bound.valid_to is not None or bound.client_certificate_required:
        raise Forbidden("an API key of some queues, for some time or with a client certificate stands for no user")


def ensure_roles(by: Caller, roles: "frozenset[Role]") -> None:
    """Errors: Forbidden."""
    if not roles <= by.roles:
        raise Forbidden(f"your API key lacks the roles {', '.join(sorted(roles - by.roles))}")
