"""Who is connected as what: client ids, gateways, mailboxes."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.aws import fence
from chalicelib.wiring.shared import cached

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p


class PresenceWiring:
    fence_rest = fence.rest()

    @cached_property
    def claims(self) -> "p.Claims":
        from chalicelib.store.cache import Announcing

        return Announcing(cached("claims"))

    @cached_property
    def mailboxes(self) -> "p.Mailboxes":
        from chalicelib.store.mailboxes import MailboxTable

        return MailboxTable()

    @cached_property
    def gateways(self) -> "p.Gateways":
        from chalicelib.store.gateways import GatewayTable

        return GatewayTable()


class HotPresenceWiring(PresenceWiring):
    """Whose a client id is may be a minute old, or what the fence rests."""

    @cached_property
    def claims(self) -> "p.Claims":
        from chalicelib.store.cache import CachedClaims

        return CachedClaims(cached("claims"))
