"""What devices send, and what is kept of it: messages, alarms, decoders, the dialects' documents."""

from functools import cache, cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.running import RunningWiring
from chalicelib.wiring.shared import bucket, cached, connection, new_cache

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p
    from chalicelib.fleet.documents import Record
    from chalicelib.store.cache import Cache
    from chalicelib.store.decoders import DecoderTable


class DataWiring:
    @cached_property
    def decoders(self) -> "p.Decoders":
        from chalicelib.store.cache import AnnouncingDecoders

        return AnnouncingDecoders(_decoder_table(), cached("directories"))

    @cached_property
    def messages(self) -> "p.Messages":
        from chalicelib.store.stream_counts import SparingWhereAsked

        return SparingWhereAsked(bucket())

    @cached_property
    def alarms(self) -> "p.Alarms":
        from chalicelib.store.alarms import AlarmTable

        return AlarmTable()

    @cached_property
    def records(self) -> "p.Records":
        from chalicelib.store.records import AnnouncingRecords

        return AnnouncingRecords(_record_cache())


class HotDataWiring(DataWiring, RunningWiring):
    """What is looked up for every message may be a minute old."""

    @cached_property
    def decoders(self) -> "p.Decoders":
        from chalicelib.store.cache import CachedDecoders

        return CachedDecoders(_decoder_table(), cached("directories"), self.clock)

    @cached_property
    def messages(self) -> "p.Messages":
        from chalicelib.store.stream_counts import SparingCounts

        return SparingCounts(bucket())

    @cached_property
    def records(self) -> "p.Records":
        from chalicelib.store.records import CachedRecords

        return CachedRecords(_record_cache())


@cache
def _decoder_table() -> "DecoderTable":
    from chalicelib.store.decoders import DecoderTable

    return DecoderTable(connection())


@cache
def _record_cache() -> "Cache[p.Page[Record]]":
    from chalicelib.store.records import MAX_AGE

    return new_cache(MAX_AGE)
