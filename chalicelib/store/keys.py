from collections.abc import Iterator
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy.records import Share
from chalicelib.store import usages
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, table_name

KEY = Kind(ApiKey, frozenset({"tenant", "id", "revision"}))
_IMPORTS = ("~imports", "first")
_SHARDS = range(256)
"""What signposts of one generation are spread over: a fleet that connects at once follows them all."""


class KeyItem(Table):
    class Meta(Defaults):
        table_name = table_name("keys")

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    ttl = NumberAttribute(null=True)
    revision = NumberAttribute(default=0)
    doc = UnicodeAttribute()


class SignpostItem(Table):
    """What leads to a key, beside the keys: shards begin with a tilde, and no tenant's id does."""

    class Meta(Defaults):
        table_name = table_name("keys")

    shard = UnicodeAttribute(hash_key=True, attr_name="tenant")
    id = UnicodeAttribute(range_key=True)
    ttl = NumberAttribute(null=True)
    leads_to = UnicodeAttribute(attr_name="doc")


class KeyTable:
    """API keys and the signposts to them. Sessions that are over are removed."""

    def get(self, tenant: str, key: str) -> ApiKey | None:
        return self.current(tenant, key)

    def current(self, tenant: str, key: str) -> ApiKey | None:
        try:
            item = KeyItem.get(tenant, key, consistent_read=True)
        except KeyItem.DoesNotExist:
            return None
        return _load(item)

    def put(self, key: ApiKey, share: Share | None = None) -> None:
        usages.saved(_item(key), None, share)

    def replace(self, old: ApiKey, new: ApiKey) -> bool:
        # Whoever changed or deleted the key since `old` was read has won.
        return held(
            lambda: _item(replace(new, revision=old.revision + 1)).save(condition=KeyItem.revision == old.revision)
        )

    def delete(self, tenant: str, key: str, share: Share | None = None) -> None:
        # Two deletions at once: one of them gives the share back.
        usages.removed(KeyItem(tenant, key), KeyItem.id.exists() if share else None, share)

    def all(self, tenant: str) -> list[ApiKey]:
        return [_load(item) for item in KeyItem.query(tenant, consistent_read=True)]

    def signpost(self, name: str, *, fresh: bool = False) -> tuple[str, str] | None:  # noqa: ARG002 - it always is
        try:
            return _leads_to(SignpostItem.get(*_post(name), consistent_read=True))
        except SignpostItem.DoesNotExist:
            return None

    def put_signpost(
        self, name: str, key: ApiKey, *, instead_of: tuple[str, str] | None = None
    ) -> tuple[str, str] | None:
        # Two tenants may take over one secret at the same time: the first has it.
        free = SignpostItem.id.does_not_exist() | (SignpostItem.leads_to == f"{key.tenant} {key.id}")
        if instead_of is not None:
            free |= SignpostItem.leads_to == " ".join(instead_of)
        item = SignpostItem(*_post(name), ttl=_ends(key), leads_to=f"{key.tenant} {key.id}")
        return None if held(lambda: item.save(condition=free)) else KeyTable.signpost(self, name)

    def remove_signpost(self, name: str, leads_to: tuple[str, str]) -> None:
        # Who has the secret by now has put up one of the same name.
        held(lambda: SignpostItem(*_post(name)).delete(condition=SignpostItem.leads_to == " ".join(leads_to)))

    def signposts(self, generation: int) -> Iterator[tuple[str, tuple[str, str]]]:
        for shard in _SHARDS:
            partition = f"~{generation}.{shard:02x}"
            for item in SignpostItem.query(partition, consistent_read=True):
                yield f"{partition[1:]}{item.id}", _leads_to(item)

    def imports(self) -> bool:
        try:
            SignpostItem.get(*_IMPORTS, consistent_read=True)
        except SignpostItem.DoesNotExist:
            return False
        return True

    def note_import(self) -> None:
        SignpostItem(*_IMPORTS, leads_to="").save()


def _post(name: str) -> tuple[str, str]:
    """A signpost's place."""
    generation, _, digits = name.partition(".")
    return f"~{generation}.{digits[:2]}", digits[2:]


def _leads_to(item: SignpostItem) -> tuple[str, str]:
    tenant, _, key = item.leads_to.partition(" ")
    return tenant, key


def _ends(key: ApiKey) -> int | None:
    return key.valid_to // 1000 if key.session and key.valid_to is not None else None


def _load(item: KeyItem) -> ApiKey:
    return KEY.load(item.doc, tenant=item.tenant, id=item.id, revision=int(item.revision))


def _item(key: ApiKey) -> KeyItem:
    text = KEY.dump(key)
    return KeyItem(key.tenant, key.id, ttl=_ends(key), revision=key.revision, doc=text)
