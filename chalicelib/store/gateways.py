from collections.abc import Iterator
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.fleet.presence.gateways import Gateway, Waiting
from chalicelib.fleet.shapes import Kind
from chalicelib.store.conditions import held
from chalicelib.store.tables import SEPARATOR, Defaults, Table, key, table_name

_SELF = SEPARATOR
"""In the place of a device's id: the gateway itself. It sorts before every id."""
GATEWAY = Kind(Gateway, frozenset({"tenant", "client", "revision"}))


class GatewayItem(Table):
    """A gateway, and the devices for which something waits until it is back."""

    class Meta(Defaults):
        table_name = table_name("gateways")

    pk = UnicodeAttribute(hash_key=True)
    device = UnicodeAttribute(range_key=True)
    revision = NumberAttribute(null=True)
    mark = UnicodeAttribute(null=True)
    doc = UnicodeAttribute(null=True)


class GatewayTable:
    def get(self, tenant: str, client: str) -> Gateway | None:
        try:
            item = GatewayItem.get(key(tenant, client), _SELF, consistent_read=True)
        except GatewayItem.DoesNotExist:
            return None
        return GATEWAY.load(item.doc or "{}", tenant=tenant, client=client, revision=int(item.revision or 0))

    def replace(self, old: Gateway, new: Gateway) -> bool:
        stored = replace(new, revision=old.revision + 1)
        text = GATEWAY.dump(stored)
        item = GatewayItem(key(new.tenant, new.client), _SELF, revision=stored.revision, doc=text)
        # A connection that begins and one that ends are told at the same time: each change builds on the other.
        unchanged = GatewayItem.revision == old.revision
        return held(lambda: item.save(condition=unchanged if old.revision else GatewayItem.pk.does_not_exist()))

    def wait(self, waiting: Waiting) -> None:
        GatewayItem(key(waiting.tenant, waiting.client), waiting.device, mark=waiting.mark).save()

    def waiting(self, tenant: str, client: str) -> Iterator[Waiting]:
        noted = GatewayItem.query(key(tenant, client), GatewayItem.device > _SELF, consistent_read=True)
        for item in noted:
            yield Waiting(tenant, client, item.device, item.mark or "")

    def woken(self, waiting: Waiting) -> None:
        # The device may have been noted again since: that note stays.
        held(
            lambda: GatewayItem(key(waiting.tenant, waiting.client), waiting.device).delete(
                condition=GatewayItem.mark == waiting.mark
            )
        )
