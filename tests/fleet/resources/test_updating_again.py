"""What a device is told again, and by which link it fetches its file."""

import pytest

from chalicelib.fleet.resources import links, updating
from chalicelib.fleet.resources.records import Entrances
from chalicelib.fleet.resources.updates import MAX_TRIES, NOT_INSTALLED, Origin, Report, UpdateStatus
from tests.fakes import MemoryPorts
from tests.fleet.updating_rig import CONTENT, DEVICE, MD5, TENANT, accept, ask, connect, newest, report, stocked


@pytest.fixture
def ports() -> MemoryPorts:
    return stocked()


def test_a_device_that_reports_the_old_version_after_it_accepted_is_told_again(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    report(ports, "1.0")
    ask(ports, "1.1")
    accept(ports)
    report(ports, "1.0")
    assert len(ports.delivery.offers) == 2
    assert newest(ports).status is UpdateStatus.SENT
    accept(ports)
    report(ports, "1.1")
    assert newest(ports).status is UpdateStatus.DONE


def test_after_a_power_cut_it_is_told_again_in_its_next_session(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    accept(ports)
    connect(ports, "s2")
    assert newest(ports).status is UpdateStatus.ACCEPTED
    report(ports, "1.0")
    assert [offer.correlation for _, offer in ports.delivery.offers] == [newest(ports).correlation] * 2


def test_an_update_that_never_succeeds_ends(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    for _ in range(MAX_TRIES):
        assert newest(ports).status is UpdateStatus.SENT
        accept(ports)
        report(ports, "1.0")
    failure = newest(ports).failure
    assert newest(ports).status is UpdateStatus.FAILED
    assert failure is not None
    assert (failure.origin, failure.code) == (Origin.INTERNAL, NOT_INSTALLED)
    ask(ports, "1.1")
    assert newest(ports).status is UpdateStatus.SENT


def test_a_report_from_before_the_answer_that_arrives_after_it_says_nothing(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    before = ports.clock.now()
    ports.clock.advance(seconds=1)
    accept(ports)
    report(ports, "1.0", before)
    assert newest(ports).status is UpdateStatus.ACCEPTED
    assert len(ports.delivery.offers) == 1


def test_a_report_of_another_resource_says_nothing_of_an_accepted_update(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    accept(ports)
    updating.report(ports, TENANT, DEVICE, {"other": Report("7")}, ports.clock.now())
    assert newest(ports).status is UpdateStatus.ACCEPTED


def test_being_busy_does_not_count_as_a_try(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    for _ in range(MAX_TRIES + 2):
        updating.put_off(ports, TENANT, DEVICE, newest(ports).correlation)
        report(ports, "1.0")
    assert newest(ports).status is UpdateStatus.SENT


def test_a_device_gets_a_short_link_where_there_is_an_entrance(ports: MemoryPorts) -> None:
    ports.links.entrances = Entrances(https="https://files.example.com")
    connect(ports, "s1")
    ask(ports, "1.1")
    ((_, offer),) = ports.delivery.offers
    base, _, name = offer.uri.rpartition("/")
    assert base == "https://files.example.com/dl"
    found = links.find(ports, name)
    assert found is not None
    assert (found.file, found.size, found.md5) == ("f1.1", len(CONTENT), MD5)
    ports.clock.advance(seconds=links.LINK_VALID)
    assert links.find(ports, name) is None


@pytest.mark.parametrize(
    ("secured", "entrances", "begins"),
    [
        ("true", Entrances("https://a.example", "http://a.example"), "https://a.example/dl/"),
        ("false", Entrances("https://a.example", "http://a.example"), "http://a.example/dl/"),
        (None, Entrances("https://a.example", "http://a.example"), "http://a.example/dl/"),
        (None, Entrances("https://a.example"), "https://a.example/dl/"),
        ("true", Entrances(http="http://a.example"), "https://files.test/"),
        (None, Entrances("https://a.example", largest=len(CONTENT)), "https://a.example/dl/"),
        (None, Entrances("https://a.example", largest=len(CONTENT) - 1), "https://files.test/"),
        (None, Entrances("https://a.example", largest=None), "https://a.example/dl/"),
    ],
)
def test_the_entrance_goes_by_security_and_size(
    ports: MemoryPorts, secured: str | None, entrances: Entrances, begins: str
) -> None:
    ports.links.entrances = entrances
    connect(ports, "s1")
    ask(ports, "1.1", **({} if secured is None else {"secured": secured}))
    ((_, offer),) = ports.delivery.offers
    assert offer.uri.startswith(begins)
