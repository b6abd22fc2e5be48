"""Whatever one client does, the broker stays up, forgets it in the end, and the other clients do not notice."""

import logging
import random
import resource
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.iot_core import Limits, packets
from infra.local.iot_core.packets import Publish

from .cloud import EVERYTHING
from .conftest import MakeSite, Site
from .device import Device, connect_packet
from .fuzzing import Mutations, run_on_fake_transports

SEED = 20_261_120
FAST = Limits(publishes_per_second=None, bytes_per_second=None)


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the broker logs as its own fault."""
    caplog.set_level(logging.ERROR)
    return caplog.records


def _wait_for_nobody(site: Site) -> None:
    site.cloud.wait_until(lambda: not site.core.broker.connections)


# -- mutated connections


@pytest.mark.parametrize("lenient", [False, True])
def test_mutated_connections_leave_nothing_behind(errors: list[logging.LogRecord], *, lenient: bool) -> None:
    left = run_on_fake_transports(SEED, connections=5_000, lenient=lenient)
    assert left.busy > 500, "the mutations must not all fail at once"
    assert (left.connections, left.sessions, left.subscriptions) == (0, 0, False)
    assert [record.getMessage() for record in errors] == []


@pytest.mark.soak
@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_50_000_mutated_connections_leave_nothing_behind(
    errors: list[logging.LogRecord],
    seed: int,
    *,
    lenient: bool,
) -> None:
    left = run_on_fake_transports(seed, connections=50_000, lenient=lenient)
    assert (left.connections, left.sessions, left.subscriptions) == (0, 0, False)
    assert [record.getMessage() for record in errors] == []


def _hostile(site: Site, seed: int) -> None:
    """One connection over TLS that sends mutated packets and reads until it is thrown out or has enough."""
    mutations = Mutations(random.Random(seed))
    try:
        device = Device(site.port, site.tls)
    except OSError:
        return
    try:
        for data in mutations.conversation():
            device.send(data)
        device.half_close()
    except (OSError, ssl.SSLError):
        pass
    finally:
        device.shut()


def test_500_mutated_connections_over_tls_disturb_nobody(
    make_site: MakeSite,
    errors: list[logging.LogRecord],
) -> None:
    site = make_site(limits=FAST)
    site.cloud.policy = EVERYTHING
    bystander = site.connected("bystander")
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda seed: _hostile(site, seed), range(500)):
            pass
    bystander.publish("dev/data", b"still here")
    bystander.ping()
    bystander.leave()
    _wait_for_nobody(site)
    assert ("dev/data", b"still here") in site.cloud.uplinks()
    assert [record.getMessage() for record in errors] == []


def test_bytes_that_are_no_tls_are_dropped(site: Site, errors: list[logging.LogRecord]) -> None:
    rng = random.Random(SEED)
    for length in (0, 1, 4, 5, 100, 20_000):
        raw = site.raw()
        raw.sendall(rng.randbytes(length))
        try:
            raw.shutdown(socket.SHUT_WR)
            assert raw.recv(1) == b""
        except OSError:
            continue  # it was already reset
    site.connected().ping()
    assert [record.getMessage() for record in errors] == []


# -- slow and silent peers


def test_a_reader_that_stops_reading_holds_up_nobody_else(make_site: MakeSite) -> None:
    site = make_site(limits=FAST)
    site.cloud.policy = EVERYTHING
    stuck = site.connected("stuck")
    stuck.subscribe(("room", 0))
    reader = site.connected("reader")
    reader.subscribe(("room", 0))
    writer = site.connected("writer")
    for number in range(300):
        writer.publish("room", bytes(100_000), packet_id=number + 1)
        assert len(reader.message().payload) == 100_000
    assert site.core.broker.discarded > 0


def test_the_queue_of_a_slow_reader_holds_its_publisher_back(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(publishes_per_second=None, bytes_per_second=None, queued_messages=100))
    site.cloud.policy = EVERYTHING
    slow = site.connected("slow")
    slow.subscribe(("room", 1))
    writer = site.connected("writer")
    total = 500
    sent = threading.Thread(
        target=lambda: writer.send(*(packets.publish(Publish("room", b"x", 1, packet_id=n + 1)) for n in range(total))),
    )
    sent.start()
    for _ in range(total):
        slow.send(packets.puback(slow.message().packet_id))
    sent.join()
    assert site.core.broker.discarded == 0


def test_a_recipient_that_never_acknowledges_frees_the_publishers_in_the_end(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(publishes_per_second=None, bytes_per_second=None, queued_messages=100))
    site.cloud.policy = EVERYTHING
    stuck = site.connected("stuck")
    stuck.subscribe(("room", 1))
    writer = site.connected("writer")
    writer.send(*(packets.publish(Publish("room", b"x", 1, packet_id=n + 1)) for n in range(200)))
    site.cloud.wait_until(lambda: bool(site.core.broker.sessions["stuck"].waiting))
    site.cloud.elapsed += 16
    assert site.cloud.lifecycle("disconnected", "stuck")["disconnectReason"] == "THROTTLED"
    for _ in range(200):
        writer.expect(packets.PUBACK)
    writer.ping()


def test_a_client_that_pings_and_never_reads_is_not_read_either(make_site: MakeSite) -> None:
    site = make_site(limits=FAST)
    device = site.connected()
    device.set_timeout(0.3)
    pings = b"\xc0\x00" * 10_000_000
    with pytest.raises(TimeoutError):
        device.send(pings)
    site.connected("other").ping()


def test_half_open_sockets_are_closed_after_a_while(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(connect_timeout=0.5))
    raw = [site.raw() for _ in range(50)]
    silent = site.device()
    site.connected("other").ping()
    for sock in raw:
        assert sock.recv(1) == b""
    assert silent.closed


def test_a_peer_that_vanishes_without_a_word_is_missed_by_its_keep_alive(site: Site) -> None:
    site.connected("gone", keep_alive=30)
    other = site.connected("other", keep_alive=1200)
    site.cloud.elapsed += 46
    assert site.cloud.lifecycle("disconnected", "gone")["disconnectReason"] == "MQTT_KEEP_ALIVE_TIMEOUT"
    other.ping()


# -- crowds


def test_a_flood_from_one_client_leaves_the_others_their_turn(make_site: MakeSite) -> None:
    site = make_site(limits=FAST)
    site.cloud.policy = EVERYTHING
    flood = site.connected("flood")
    other = site.connected("other")
    batch = packets.publish(Publish("dev/flood", b"x" * 100)) * 500
    flooding = threading.Thread(target=lambda: flood.send(*[batch] * 40))
    flooding.start()
    for number in range(20):
        other.publish("dev/other", b"y", packet_id=number + 1)
    flooding.join()
    flood.ping()
    site.cloud.wait_until(lambda: len(site.cloud.uplinks()) == 20_020)


def test_a_storm_of_handshakes_is_served(make_site: MakeSite) -> None:
    site = make_site()

    def connect(number: int) -> int:
        device = site.device()
        return device.connect(f"sensor-{number}")[1]

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(connect, range(200))) == {packets.ACCEPTED}
    assert len(site.core.broker.sessions) == 200


def test_wrong_passwords_for_a_live_client_id_do_not_disturb_it(site: Site) -> None:
    victim = site.connected()
    victim.subscribe(("dev/cmd", 1))

    def attack(number: int) -> int:
        return site.device().connect(password=b"wrong", clean=bool(number % 2))[1]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(attack, range(50))) == {packets.NOT_AUTHORIZED}
    victim.ping()
    assert site.core.list_subscriptions("urn:lo:nsid:dev:1") == [{"topicFilter": "dev/cmd", "qos": 1}]
    assert [event["eventType"] for event in site.cloud.events("presence")].count("disconnected") == 0


def _take_over(site: Site, times: int) -> None:
    with ThreadPoolExecutor(4) as pool:

        def connect(_number: int) -> None:
            device = Device(site.port, site.tls)
            device.send(connect_packet())
            device.receive()
            device.shut()

        for _ in pool.map(connect, range(times)):
            pass
    last = site.connected()
    last.ping()
    last.leave()
    _wait_for_nobody(site)
    site.cloud.wait_until(lambda: len(site.cloud.events("presence")) == 2 * times + 2)
    order = [event["eventType"] for event in site.cloud.events("presence")]
    assert order == ["connected", "disconnected"] * (times + 1)
    assert not site.core.broker.sessions


def test_many_takeovers_of_one_id_come_in_order_and_leave_one(site: Site) -> None:
    _take_over(site, 100)


@pytest.mark.soak
def test_1000_takeovers_of_one_id_come_in_order_and_leave_one(site: Site) -> None:
    _take_over(site, 1000)


def test_when_files_run_out_the_broker_waits_and_goes_on(site: Site) -> None:
    first = site.connected("first")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = [socket.socket() for _ in range(20)]
    limit = max(sock.fileno() for sock in held) + 1
    waiting = held.pop()
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        waiting.connect(("127.0.0.1", site.port))  # into the listening queue; accepting it needs one more file
        first.ping()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for sock in (*held, waiting):
            sock.close()
    site.connected("second").ping()
