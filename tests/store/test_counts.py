"""What a hot function remembers between two writes of a stream's count, and what a contact takes along."""

from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import StreamUse
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Counted, Mailbox
from chalicelib.store.mailboxes import item_of
from chalicelib.store.objects import Objects
from chalicelib.store.stream_counts import ALONE, ANEW, SparingCounts, SparingWhereAsked

BEGAN = 1_800_000_000_000
MINUTE = 60_000


def counts() -> SparingCounts:
    return SparingCounts(Objects("", lambda: None))


def test_the_first_message_of_a_stream_is_counted_at_once(dynamodb: Ports) -> None:
    counts().count("counted1", "d", "s", BEGAN, kept=60)
    assert dynamodb.messages.streams("counted1", "d") == [StreamUse("s", 1, BEGAN)]


def test_others_that_no_contact_takes_along_are_counted_a_quarter_of_an_hour_later(dynamodb: Ports) -> None:
    counted = counts()
    for at in (BEGAN, BEGAN + 1, BEGAN + ALONE - 1):
        counted.count("counted2", "d", "s", at, kept=60)
    assert dynamodb.messages.streams("counted2", "d")[0].count == 1
    counted.count("counted2", "d", "s", BEGAN + ALONE, kept=60)
    assert dynamodb.messages.streams("counted2", "d") == [StreamUse("s", 4, BEGAN + ALONE)]


def test_a_device_that_speaks_once_an_hour_is_counted_with_its_contacts(dynamodb: Ports) -> None:
    counted = counts()
    for hour in range(1, 6):
        counted.count("counted7", "d", "s", BEGAN + hour * 60 * MINUTE, kept=60)
        counted.counted("counted7", "d", counted.uncounted("counted7", "d"))
    assert dynamodb.messages.streams("counted7", "d") == [StreamUse("s", 1, BEGAN + 60 * MINUTE)]


def test_streams_are_counted_apart(dynamodb: Ports) -> None:
    counted = counts()
    counted.count("counted3", "d", "a", BEGAN, kept=60)
    counted.count("counted3", "d", "b", BEGAN, kept=60)
    assert {use.stream for use in dynamodb.messages.streams("counted3", "d")} == {"a", "b"}


def test_others_are_sparing_where_they_are_asked(dynamodb: Ports) -> None:
    counted = SparingWhereAsked(Objects("", lambda: None))
    for at in (BEGAN, BEGAN + 1, BEGAN + 2):
        counted.count("counted8", "d", "often", at, kept=60, sparing=True)
        counted.count("counted8", "d", "seldom", at, kept=60)
    assert {use.stream: use.count for use in dynamodb.messages.streams("counted8", "d")} == {"often": 1, "seldom": 3}


def test_what_was_taken_along_is_not_written_again(dynamodb: Ports) -> None:
    counted = counts()
    for at in range(BEGAN, BEGAN + ANEW, 5 * MINUTE):
        counted.count("counted4", "d", "s", at, kept=60)
        if at % (15 * MINUTE) == BEGAN % (15 * MINUTE):
            counted.counted("counted4", "d", counted.uncounted("counted4", "d"))
    assert dynamodb.messages.streams("counted4", "d") == [StreamUse("s", 1, BEGAN)]
    counted.count("counted4", "d", "s", BEGAN + ANEW, kept=60)
    (use,) = dynamodb.messages.streams("counted4", "d")
    assert use.last == BEGAN + ANEW, "a stream that goes on would expire"


def test_what_comes_while_it_is_taken_along_waits_for_the_next_time(dynamodb: Ports) -> None:
    counted = counts()
    for at in (BEGAN, BEGAN + 1, BEGAN + 2):
        counted.count("counted5", "d", "s", at, kept=60)
    taken = counted.uncounted("counted5", "d")
    assert taken == {"s": Counted(2, BEGAN + 2)}
    counted.count("counted5", "d", "s", BEGAN + 3, kept=60)
    counted.counted("counted5", "d", taken)
    assert counted.uncounted("counted5", "d") == {"s": Counted(1, BEGAN + 3)}
    assert dynamodb.messages.streams("counted5", "d")[0].count == 1


def test_a_reader_is_told_of_both_counts(dynamodb: Ports) -> None:
    tenant, device = "counted6", "d"
    counts().count(tenant, device, "s", BEGAN, kept=60)
    counts().count(tenant, device, "t", BEGAN + 1, kept=60)
    item_of(Mailbox(tenant, device, counted={"s": Counted(3, BEGAN + 9)})).save()
    assert messages.streams(dynamodb, tenant, device, 10) == [
        StreamUse("s", 4, BEGAN + 9),
        StreamUse("t", 1, BEGAN + 1),
    ]


def test_a_mailbox_counts_streams_as_long_as_it_stays_small() -> None:
    long = "x" * 92
    mailbox = Mailbox("t", "d").counting({"short": Counted(1, 5), long: Counted(1, 6)})
    assert mailbox.counted == {"short": Counted(1, 5)}
    assert mailbox.counting({"short": Counted(2, 3)}).counted == {"short": Counted(3, 5)}
