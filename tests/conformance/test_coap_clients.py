"""Others' DTLS stacks and CoAP clients against the gateway: OpenSSL, GnuTLS, Mbed TLS, libcoap, aiocoap."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.gateway.coap.message import Message, path_options
from infra.gateway.coap.numbers import Code, Option, Type
from infra.gateway.coap.requests import Request
from infra.gateway.coaps import Coaps
from infra.gateway.dtls.half_open import Credential, Lookup, Refusal
from infra.gateway.dtls.suites import SUITES
from tests.conformance.environments import python_environment
from tests.conformance.gateway import LARGE, PATIENCE_S, Bare, InThread, Judged, bare, gateway
from tests.gateway.coaps_rig import KEY

pytestmark = [pytest.mark.conformance, pytest.mark.row("F1", "J1")]

CLIENTS = Path(__file__).parent / "clients"
REGISTER = Message(
    Type.CON, Code.POST, 7, b"t", [*path_options(("rd",)), (int(Option.URI_QUERY), b"ep=device-1")], b"</3/0>"
).encode()
GNUTLS = {
    "PSK-AES128-CCM8": "AES-128-CCM-8",
    "PSK-AES256-CCM8": "AES-256-CCM-8",
    "PSK-AES128-CCM": "AES-128-CCM",
    "PSK-AES256-CCM": "AES-256-CCM",
    "PSK-AES128-GCM-SHA256": "AES-128-GCM",
    "PSK-AES256-GCM-SHA384": "AES-256-GCM",
}
MBEDTLS = {
    "PSK-AES128-CCM8": "TLS-PSK-WITH-AES-128-CCM-8",
    "PSK-AES256-CCM8": "TLS-PSK-WITH-AES-256-CCM-8",
    "PSK-AES128-CCM": "TLS-PSK-WITH-AES-128-CCM",
    "PSK-AES256-CCM": "TLS-PSK-WITH-AES-256-CCM",
    "PSK-AES128-GCM-SHA256": "TLS-PSK-WITH-AES-128-GCM-SHA256",
    "PSK-AES256-GCM-SHA384": "TLS-PSK-WITH-AES-256-GCM-SHA384",
}
AIOCOAP = ("aiocoap", "aiocoap==0.4.17")


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def until(true: Callable[[], object], what: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < ends, f"in vain: {what}"
        time.sleep(0.02)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Judged, Coaps]]:
    with gateway(tmp_path) as both:
        yield both


def talk(command: list[str], application: Judged) -> str:
    """A program that sends what it reads: a Register, which must arrive; then it may end."""
    before = len(application.requests)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        assert client.stdin is not None
        opened = len(application.peers)
        until(lambda: len(application.peers) > opened or client.poll() is not None, "the handshake")
        client.stdin.write(REGISTER)
        client.stdin.flush()
        try:
            until(lambda: len(application.requests) > before or client.poll() is not None, "the Register")
        finally:
            client.stdin.close()
            client.terminate()
        output = client.stdout.read() if client.stdout else b""
    assert len(application.requests) == before + 1, output.decode(errors="replace")
    assert application.requests[-1].payload == b"</3/0>"
    return output.decode(errors="replace")


@pytest.mark.parametrize("suite", SUITES)
def test_openssl_registers_with_every_suite_and_resumes(
    served: tuple[Judged, Coaps], tmp_path: Path, suite: str
) -> None:
    needs("openssl")
    application, coaps = served
    command = ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{coaps.port}", "-quiet"]
    command += ["-psk", KEY.hex(), "-psk_identity", "device-1", "-cipher", f"{suite}:@SECLEVEL=0"]
    session = str(tmp_path / "session.pem")
    talk([*command, "-sess_out", session], application)
    association = application.peers[0].user
    assert (association.secrets.suite.name, association.peer.identity) == (suite, b"device-1")
    talk([*command, "-sess_in", session], application)
    assert application.peers[1].user.resumed


@pytest.mark.parametrize("suite", SUITES)
def test_gnutls_registers_with_every_suite(served: tuple[Judged, Coaps], suite: str) -> None:
    needs("gnutls-cli")
    application, coaps = served
    priority = f"NONE:+VERS-DTLS1.2:+PSK:+{GNUTLS[suite]}:+AEAD:+SIGN-ALL:+COMP-NULL:+GROUP-ALL"
    command = ["gnutls-cli", "--udp", "--priority", priority, "-p", str(coaps.port), "127.0.0.1"]
    talk([*command, "--pskusername", "device-1", "--pskkey", KEY.hex()], application)
    assert application.peers[0].user.secrets.suite.name == suite


@pytest.mark.parametrize("suite", SUITES)
def test_mbedtls_registers_with_every_suite(served: tuple[Judged, Coaps], suite: str) -> None:
    application, coaps = served
    python = python_environment("mbedtls", "python-mbedtls==2.10.1")
    script = str(CLIENTS / "mbedtls_psk.py")
    command = [str(python), script, str(coaps.port), "device-1", KEY.hex(), REGISTER.hex(), MBEDTLS[suite]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert bytes.fromhex(done.stdout.strip())[1] == Code.CREATED
    assert application.peers[0].user.secrets.suite.name == suite


@pytest.mark.parametrize("stack", ["openssl", "gnutls"])
def test_libcoap_registers_sends_and_moves_blocks(served: tuple[Judged, Coaps], tmp_path: Path, stack: str) -> None:
    """Its keys are text, so the device's is one that text can write."""
    program = f"coap-client-{stack}"
    needs(program)
    application, coaps = served
    coaps.server._lookup = known("device-libcoap", b"a key of text")

    def ask(method: str, path: str, *more: str) -> bytes:
        answer = tmp_path / "answer"
        answer.write_bytes(b"")
        url = f"coaps://127.0.0.1:{coaps.port}{path}"
        command = [program, "-u", "device-libcoap", "-k", "a key of text", "-B", "30", "-o", str(answer), "-m", method]
        done = subprocess.run([*command, *more, url], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stderr
        return answer.read_bytes()

    ask("post", "/rd?ep=device-libcoap&lt=300&lwm2m=1.1", "-t", "40", "-e", "</1/0>,</3/0>")
    assert application.requests[-1].query == [("ep", "device-libcoap"), ("lt", "300"), ("lwm2m", "1.1")]
    report = tmp_path / "report"
    report.write_bytes(b'[{"n":"/3303/0/5700","v":21.5}]')
    ask("post", "/dp", "-t", "110", "-f", str(report))
    assert application.requests[-1].content_format == 110
    assert ask("get", "/large") == LARGE
    assert ask("get", "/large", "-b", "64") == LARGE
    upload = tmp_path / "upload"
    upload.write_bytes(LARGE)
    assert ask("put", "/echo", "-b", "256", "-f", str(upload)) == LARGE
    assert application.requests[-1].payload == LARGE
    assert ask("get", "/slow") == b"slow"


def known(name: str, key: bytes) -> Lookup:
    async def lookup(identity: bytes, _: str | None) -> Credential | None:
        return Credential(key, name) if identity == name.encode() else None

    return lookup


@pytest.mark.parametrize(("identity", "key"), [("device-1", "00" * 16), ("stranger", KEY.hex())])
def test_a_client_with_another_key_or_name_gets_nowhere(served: tuple[Judged, Coaps], identity: str, key: str) -> None:
    needs("openssl")
    application, coaps = served
    command = ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{coaps.port}", "-psk", key]
    command += ["-psk_identity", identity, "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        until(lambda: application.refused_, "the refusal")
        client.kill()
    why = Refusal.BAD_KEY if identity == "device-1" else Refusal.UNKNOWN_IDENTITY
    assert application.refused_ == [(why, identity.encode())]
    assert not application.peers


def test_a_later_openssl_makes_the_same_handshakes() -> None:
    """Container images bring OpenSSL 3.5 or newer: here the one that psycopg2's wheels carry."""
    python = python_environment("openssl-3.5", "psycopg2-binary==2.9.13")
    (library,) = (python.parent.parent / "lib").glob("python*/site-packages/psycopg2_binary.libs/libssl-*.so.3")
    environment = {**os.environ, "OPENSSL_UNDER_TEST": str(library)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:cacheprovider"]
    command += ["tests/gateway/dtls", "tests/gateway/test_coaps.py", "-m", "not soak"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.fixture
def undressed() -> Iterator[tuple[Bare, InThread]]:
    with bare() as both:
        yield both


@pytest.mark.row("F2")
def test_aiocoap_asks_everything(undressed: tuple[Bare, InThread]) -> None:
    server, _ = undressed
    python = python_environment(*AIOCOAP)
    command = [str(python), str(CLIENTS / "aiocoap_client.py"), str(server.socket.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert [re.sub(r"\?\S*", "", line) for line in done.stdout.splitlines()] == [
        "/rd 2.01 0",
        "/echo 2.05 10000",
        f"/large 2.05 {len(LARGE)}",
        "/echo 2.05 2",
        "/echo 2.05 2",
        "/slow 2.05 4",
        "/nothing 4.04 0",
    ]


def test_aiocoap_is_read_written_and_observed(undressed: tuple[Bare, InThread]) -> None:
    """As a device: our side asks, in blocks both ways, observes, and stops observing."""
    server, thread = undressed
    python = python_environment(*AIOCOAP)
    command = [str(python), str(CLIENTS / "aiocoap_device.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as device:
        assert device.stdout is not None
        try:
            peer = server.peer(("127.0.0.1", int(device.stdout.readline())))
            content = LARGE * 5
            written = thread.run(peer.ask(Request(Code.PUT, ("5", "0", "0"), content, content_format=42)))
            assert written.code == Code.CHANGED
            assert thread.run(peer.ask(Request(Code.GET, ("5", "0", "0")))).payload == content
            observe = Request(Code.GET, ("3", "0", "9"), observe=0, token=b"observed")
            first = thread.run(peer.ask(observe))
            assert (first.payload, first.uint(Option.OBSERVE) is None) == (b"100", False)
            notified = server.application.notifications
            until(lambda: len(notified) >= 3, "notifications")
            assert [each.payload for each in notified[:3]] == [b"99", b"98", b"97"]
            assert {each.token for each in notified} == {b"observed"}
            ended = thread.run(peer.ask(Request(Code.GET, ("3", "0", "9"), observe=1, token=b"observed")))
            assert ended.option(Option.OBSERVE) is None
        finally:
            device.kill()


def test_libcoap_without_dtls_observes_nothing_but_asks(undressed: tuple[Bare, InThread]) -> None:
    needs("coap-client-notls")
    server, _ = undressed
    url = f"coap://127.0.0.1:{server.socket.port}/large"
    done = subprocess.run(
        ["coap-client-notls", "-B", "20", "-b", "128", url], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip(b"\n") == LARGE.rstrip(b"\n")
