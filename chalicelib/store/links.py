import os

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.fleet.resources.records import Entrances, Link
from chalicelib.store.tables import Defaults, Table, table_name


class LinkToFileItem(Table):
    """`ttl` is DynamoDB's, which is days late at times."""

    class Meta(Defaults):
        table_name = table_name("links")

    token = UnicodeAttribute(hash_key=True)
    file = UnicodeAttribute()
    size = NumberAttribute()
    md5 = UnicodeAttribute()
    expires = NumberAttribute()
    ttl = NumberAttribute()


class LinkTable:
    @property
    def entrances(self) -> Entrances:
        """An edge, if the operator has named one; otherwise the REST API, which has plain HTTP on a laptop only."""
        edge, api, plain = (os.environ.get(f"HOMEPORT_{name}") for name in ("DOWNLOAD_HOST", "API_HOST", "API_PLAIN"))
        if edge:
            return Entrances(f"https://{edge}", f"http://{edge}", largest=None)
        return Entrances(f"https://{api}" if api else "", f"http://{plain}" if plain else "")

    def put(self, link: Link) -> None:
        LinkToFileItem(
            link.token,
            file=link.file,
            size=link.size,
            md5=link.md5,
            expires=link.expires,
            ttl=-(-link.expires // 1000),
        ).save()

    def get(self, token: str) -> Link | None:
        # A device may begin its download in the moment in which it is told of it.
        try:
            item = LinkToFileItem.get(token, consistent_read=True)
        except LinkToFileItem.DoesNotExist:
            return None
        return Link(item.token, item.file, int(item.size), item.md5, int(item.expires))
