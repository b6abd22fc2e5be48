"""What a hot function remembers between two writes of a stream's count."""

from chalicelib.fleet.data.records import StreamUse
from chalicelib.fleet.ports import Ports
from chalicelib.store.cache import SparingCounts, SparingWhereAsked
from chalicelib.store.objects import Objects

QUARTER = 15 * 60_000


def counts() -> SparingCounts:
    return SparingCounts(Objects("", lambda: None))


def test_the_first_message_of_a_quarter_of_an_hour_is_counted_at_once(dynamodb: Ports) -> None:
    counts().count("counted1", "d", "s", QUARTER, kept=60)
    assert dynamodb.messages.streams("counted1", "d") == [StreamUse("s", 1, QUARTER)]


def test_the_others_are_counted_with_the_first_of_the_next(dynamodb: Ports) -> None:
    counted = counts()
    for at in (QUARTER, QUARTER + 1, QUARTER + 2):
        counted.count("counted2", "d", "s", at, kept=60)
    assert dynamodb.messages.streams("counted2", "d")[0].count == 1
    counted.count("counted2", "d", "s", 2 * QUARTER, kept=60)
    assert dynamodb.messages.streams("counted2", "d") == [StreamUse("s", 4, 2 * QUARTER)]


def test_streams_are_counted_apart(dynamodb: Ports) -> None:
    counted = counts()
    counted.count("counted3", "d", "a", QUARTER, kept=60)
    counted.count("counted3", "d", "b", QUARTER, kept=60)
    assert {use.stream for use in dynamodb.messages.streams("counted3", "d")} == {"a", "b"}


def test_others_are_sparing_where_they_are_asked(dynamodb: Ports) -> None:
    counted = SparingWhereAsked(Objects("", lambda: None))
    for at in (QUARTER, QUARTER + 1, QUARTER + 2):
        counted.count("counted5", "d", "often", at, kept=60, sparing=True)
        counted.count("counted5", "d", "seldom", at, kept=60)
    assert {use.stream: use.count for use in dynamodb.messages.streams("counted5", "d")} == {"often": 1, "seldom": 3}
