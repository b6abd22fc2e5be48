"""The parts by themselves, against models of them and numbers that others published."""

import _ctypes
import _ssl
import ctypes
import inspect
import re

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from infra.gateway.dtls import contexts, libssl, records
from infra.gateway.dtls.contexts import Context, probe
from infra.gateway.dtls.libssl import SIGNATURES, OpensslHiddenError
from infra.gateway.dtls.protection import Protection
from infra.gateway.dtls.reassembly import Reassembly
from infra.gateway.dtls.records import Message, Record
from infra.gateway.dtls.replay import WIDTH, ReplayWindow
from infra.gateway.dtls.suites import SUITES, Secrets, prf
from tests.gateway.dtls.rig import LIB


def test_this_interpreter_shows_its_openssl() -> None:
    assert probe() is None


def test_every_function_that_is_called_stands_in_the_table_and_is_called() -> None:
    """The table is all there is, so it is checked against the code that calls it."""
    source = inspect.getsource(contexts)
    called = set(re.findall(r"lib\.([A-Za-z0-9_]+)\(", source))
    assert called == set(SIGNATURES) - {"OpenSSL_version_num"}
    for name in SIGNATURES:
        assert callable(getattr(LIB, name))
    with pytest.raises(AttributeError, match="SSL_read"):
        _ = LIB.SSL_read


def test_signatures_leave_other_users_of_the_library_alone() -> None:
    assert ctypes.CDLL(_ssl.__file__).SSL_new.restype is ctypes.c_int


def test_what_is_missing_is_named() -> None:
    with pytest.raises(OpensslHiddenError, match=r"does not show .*SSL_new"):
        libssl.load(_ctypes.__file__)
    with pytest.raises(OpensslHiddenError, match="cannot be opened"):
        libssl.load("/nowhere/_ssl.so")
    with pytest.raises(OpensslHiddenError, match="none of the suites NO-SUCH-SUITE"):
        Context(LIB, suites=("NO-SUCH-SUITE",))


def test_suites_have_the_registrys_numbers() -> None:
    assert [(suite.number, suite.key, suite.tag) for suite in SUITES.values()] == [
        (0xC0A8, 16, 8),
        (0xC0A9, 32, 8),
        (0xC0A4, 16, 16),
        (0xC0A5, 32, 16),
        (0x00A8, 16, 16),
        (0x00A9, 32, 16),
    ]


@pytest.mark.parametrize(
    ("digest", "secret", "seed", "out"),
    [
        (
            "sha256",
            "9bbe436ba940f017b17652849a71db35",
            "74657374206c6162656c" + "a0ba9f936cda311827a6f796ffd5198c",
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a",
        ),
        (
            "sha384",
            "b80b733d6ceefcdc71566ea48e5567df",
            "74657374206c6162656c" + "cd665cf6a8447dd6ff8b27555edb7465",
            "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd",
        ),
    ],
)
def test_the_prf_gives_what_others_published(digest: str, secret: str, seed: str, out: str) -> None:
    """Test vectors of the IETF TLS working group for TLS 1.2."""
    assert prf(digest, bytes.fromhex(secret), bytes.fromhex(seed), 32).hex() == out


@given(st.lists(st.integers(min_value=0, max_value=200)), st.sampled_from([1, 7, 100]))
def test_the_window_passes_each_number_once_unless_it_is_too_old(numbers: list[int], step: int) -> None:
    window, passed = ReplayWindow(), set[int]()
    for number in (each * step for each in numbers):
        old = bool(passed) and number <= max(passed) - WIDTH
        assert window.fresh(number) == (number not in passed and not old)
        if window.fresh(number):
            window.mark(number)
            passed.add(number)


def secrets_of(suite: str) -> Secrets:
    return Secrets(SUITES[suite], bytes(48), b"c" * 32, b"s" * 32)


@given(
    st.sampled_from(sorted(SUITES)),
    st.binary(max_size=40),
    st.integers(min_value=0, max_value=2**48 - 1),
    st.sampled_from([b"", b"\x00", b"abc", b"12345678"]),
)
def test_what_one_end_seals_the_other_opens(suite: str, body: bytes, number: int, cid: bytes) -> None:
    server = Protection(secrets_of(suite), server=True, cid_in=b"", cid_out=cid)
    client = Protection(secrets_of(suite), server=False, cid_in=cid, cid_out=b"")
    (record,) = records.read(server.seal(23, number, body), len(cid))
    assert (record.epoch, record.sequence, record.cid) == (1, number, cid)
    assert client.open(record) == (23, body)
    assert server.open(record) is None


@given(st.data())
def test_a_record_that_was_changed_anywhere_is_not_opened(data: st.DataObject) -> None:
    cid = data.draw(st.sampled_from([b"", b"12345678"]))
    sender = Protection(secrets_of("PSK-AES128-CCM8"), server=False, cid_in=b"", cid_out=cid)
    receiver = Protection(secrets_of("PSK-AES128-CCM8"), server=True, cid_in=cid, cid_out=b"")
    sealed = bytearray(sender.seal(23, 77, b"some content"))
    at = data.draw(st.integers(min_value=0, max_value=len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(min_value=1, max_value=255))
    opened = [receiver.open(record) for record in records.read(bytes(sealed), 8)]
    # the version is not protected in the clear, only as the receiver knows it
    assert all(each is None for each in opened) or at in (1, 2)


@given(st.binary(max_size=80), st.sampled_from([0, 8]))
def test_whatever_arrives_reads_as_records_or_not_at_all(datagram: bytes, cid: int) -> None:
    read = list(records.read(datagram, cid))
    assert b"".join(each.raw for each in read) == datagram[: sum(len(each.raw) for each in read)]
    for each in read:
        assert list(records.messages(each.body)) is not None


@given(st.binary(min_size=1, max_size=60), st.data())
def test_pieces_make_the_message_in_whatever_order_and_overlap(body: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(1, 30)), max_size=12))
    pieces = [(at, body[at : at + size]) for at, size in [*cuts, (0, 17), (17, 30), (47, 30)]]
    pieces = data.draw(st.permutations([(at, piece) for at, piece in pieces if piece]))
    reassembly = Reassembly(16)
    wholes = [reassembly.add(Message(16, len(body), 4, at, piece)) for at, piece in pieces]
    assert body in wholes
    assert all(whole in (None, body) for whole in wholes)


def test_a_message_that_is_none_of_ours_or_too_long_is_left_alone() -> None:
    reassembly = Reassembly(16)
    assert reassembly.add(Message(1, 4, 0, 0, b"abcd")) is None
    assert reassembly.add(Message(16, 1 << 20, 0, 0, b"abcd")) is None
    assert reassembly.add(Message(16, 4, 0, 0, b"ab")) is None
    assert reassembly.add(Message(16, 4, 1, 2, b"cd")) is None  # of another message


def test_a_record_with_a_connection_id_is_protected_as_rfc_9146_says() -> None:
    """Written out by section 5.3, figures 3 and 5, without our code."""
    secrets, cid, number = secrets_of("PSK-AES128-GCM-SHA256"), b"\xaa\xbb\xcc", bytes.fromhex("0001000000000007")
    block = prf("sha256", secrets.master, b"key expansion" + secrets.server_random + secrets.client_random, 40)
    key, iv = block[16:32], block[36:40]  # server_write_key, server_write_IV
    inner = b"hello" + b"\x17"  # content, real type, no padding
    additional = b"\xff" * 8 + b"\x19" + b"\x03" + b"\x19" + b"\xfe\xfd" + number + cid + b"\x00\x06"
    fragment = number + AESGCM(key).encrypt(iv + number, inner, additional)
    record = b"\x19\xfe\xfd" + number + cid + len(fragment).to_bytes(2, "big") + fragment
    assert Protection(secrets, server=True, cid_in=b"", cid_out=cid).seal(23, 7, b"hello") == record


def test_padding_is_taken_off_and_padding_alone_is_nothing() -> None:
    sender = Protection(secrets_of("PSK-AES128-GCM-SHA256"), server=False, cid_in=b"", cid_out=b"c")
    receiver = Protection(secrets_of("PSK-AES128-GCM-SHA256"), server=True, cid_in=b"c", cid_out=b"")
    (padded,) = records.read(sender.seal(0, 1, b"text\x17\x00\x00"), 1)
    assert receiver.open(padded) == (23, b"text")
    (empty,) = records.read(sender.seal(0, 2, b"\x00\x00"), 1)
    assert receiver.open(empty) is None
    assert receiver.open(Record(23, empty.number, b"", b"", b"")) is None
