"""OpenSSL contexts and connections for DTLS 1.2 with PSK, over memory instead of sockets.

Everything runs in one thread, and OpenSSL calls back only from within a call of ours: `Context.current` is whose.
"""

import ctypes
from ctypes import addressof, c_char_p, c_int, c_long, c_size_t, c_uint, c_void_p, create_string_buffer, string_at
from typing import Any, Protocol

from infra.gateway.dtls import libssl
from infra.gateway.dtls.libssl import Libssl, OpensslHiddenError
from infra.gateway.dtls.suites import SUITES, Secrets

COOKIE = 16
"""Bytes of a cookie."""

MTU = 1200
_DTLS_1_2 = 0xFEFD
_SET_MTU, _SET_CACHE_MODE, _SET_HOST_NAME, _GET_TIMEOUT, _ON_TIMEOUT = 17, 44, 55, 73, 74
_SET_OLDEST, _SET_NEWEST, _BIO_RESET, _BIO_AT_END = 123, 124, 1, 130
_OPTIONS = 1 << 12 | 1 << 14 | 1 << 17 | 1 << 30  # no query of the MTU, tickets, compression, renegotiation
_COOKIES = 1 << 13
_CACHE_OURS = 0x02 | 0x300  # the server's sessions, looked up and kept by us alone
_CID_EXTENSION, _IN_HELLOS = 54, 0x10 | 0x80 | 0x100
_WANT_READ = 2
_SESSION_S = 24 * 3600
_ALERT_DECODE_ERROR = 50
_BUFFER = 65_536


class HandshakeError(Exception):
    """OpenSSL ended the handshake; the text is its own."""


class Cookies(Protocol):
    """What a cookie proves: that whoever sends it receives at its address."""

    def cookie(self) -> bytes: ...
    def is_cookie(self, cookie: bytes) -> bool: ...


class Party(Protocol):
    """Whose handshake it is, as OpenSSL asks."""

    def psk(self, identity: bytes) -> bytes:
        """The key of an identity (cut at its first NUL)."""

    def introduce(self) -> tuple[bytes, bytes]:
        """As a client: identity and key."""

    def own_cid(self) -> bytes | None:
        """The connection id to offer, or to answer the peer's offer with."""

    def peer_cid(self, cid: bytes) -> None: ...

    def session(self, session_id: bytes) -> bytes | None:
        """The session (DER) that a client wants to resume."""

    def keep_session(self, session_id: bytes, der: bytes) -> None: ...


class _Time(ctypes.Structure):
    _fields_ = (("seconds", c_long), ("microseconds", c_long))


class Context:
    """What all connections of one role share. `retransmit_ms`: after how long a flight is repeated first (doubles)."""

    def __init__(
        self,
        lib: Libssl,
        *,
        cookies: Cookies | None = None,
        suites: tuple[str, ...] = tuple(SUITES),
        retransmit_ms: int = 1000,
    ) -> None:
        """With `cookies` a server's context, without a client's."""
        self.lib, self.server = lib, cookies is not None
        self.current: Party | None = None
        self._cookies = cookies
        self._handle = lib.SSL_CTX_new(lib.DTLS_server_method() if self.server else lib.DTLS_client_method())
        if not self._handle:
            raise OpensslHiddenError("the interpreter's OpenSSL speaks no DTLS")
        for which in (_SET_OLDEST, _SET_NEWEST):
            lib.SSL_CTX_ctrl(self._handle, which, _DTLS_1_2, None)
        # CCM with short tags is below the default security level, and named in no default list
        if lib.SSL_CTX_set_cipher_list(self._handle, f"{':'.join(suites)}:@SECLEVEL=0".encode()) != 1:
            raise OpensslHiddenError(f"the interpreter's OpenSSL has none of the suites {', '.join(suites)}")
        lib.SSL_CTX_set_options(self._handle, _OPTIONS | (_COOKIES if self.server else 0))
        lib.SSL_CTX_set_timeout(self._handle, _SESSION_S)
        lib.SSL_CTX_set_session_id_context(self._handle, b"coaps", 5)
        self._callbacks = self._hear(retransmit_ms)
        self.buffer = create_string_buffer(_BUFFER)
        self.memory, self.anybody = lib.BIO_s_mem(), lib.BIO_ADDR_new()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.lib.SSL_CTX_free(self._handle)

    def new(self, host_name: str | None = None) -> "Connection":
        """A connection that has sent and received nothing; `host_name` is a client's SNI."""
        return Connection(self, self.lib.SSL_new(self._handle), host_name)

    @property
    def timer(self) -> Any:
        return self._callbacks["timer"]

    def _hear(self, retransmit_ms: int) -> dict[str, Any]:
        lib, handle = self.lib, self._handle
        made = {
            "extension_add": libssl.EXTENSION_ADD(self._add_extension),
            "extension_free": libssl.EXTENSION_FREE(lambda *_: None),
            "extension_parse": libssl.EXTENSION_PARSE(self._parse_extension),
            "timer": libssl.TIMER(lambda _, before: 2 * before if before else retransmit_ms * 1000),
        }
        done = lib.SSL_CTX_add_custom_ext(
            *(handle, _CID_EXTENSION, _IN_HELLOS, made["extension_add"], made["extension_free"], None),
            *(made["extension_parse"], None),
        )
        if done != 1:
            raise OpensslHiddenError("the interpreter's OpenSSL takes no extension for connection ids")
        if self.server:
            made["generate"] = libssl.COOKIE_GENERATE(self._generate_cookie)
            made["verify"] = libssl.COOKIE_VERIFY(self._verify_cookie)
            made["psk"] = libssl.PSK_SERVER(self._psk)
            made["get"] = libssl.SESSION_GET(self._get_session)
            lib.SSL_CTX_ctrl(handle, _SET_CACHE_MODE, _CACHE_OURS, None)
            lib.SSL_CTX_set_cookie_generate_cb(handle, made["generate"])
            lib.SSL_CTX_set_cookie_verify_cb(handle, made["verify"])
            lib.SSL_CTX_set_psk_server_callback(handle, made["psk"])
            lib.SSL_CTX_sess_set_get_cb(handle, made["get"])
            made["new"] = libssl.SESSION_NEW(self._new_session)
            lib.SSL_CTX_sess_set_new_cb(handle, made["new"])
        else:
            made["psk"] = libssl.PSK_CLIENT(self._introduce)
            lib.SSL_CTX_set_psk_client_callback(handle, made["psk"])
        return made

    def _generate_cookie(self, _ssl: int, out: int, length: Any) -> int:
        cookie = self._cookies.cookie() if self._cookies else b""
        ctypes.memmove(out, cookie, len(cookie))
        length[0] = len(cookie)
        return 1

    def _verify_cookie(self, _ssl: int, cookie: int, length: int) -> int:
        return int(self._cookies is not None and self._cookies.is_cookie(string_at(cookie, length)))

    def _psk(self, _ssl: int, identity: bytes | None, out: int, most: int) -> int:
        key = self.current.psk(identity or b"") if self.current else b""
        if not 0 < len(key) <= most:
            return 0
        ctypes.memmove(out, key, len(key))
        return len(key)

    def _introduce(self, _ssl: int, _hint: bytes | None, name: int, longest: int, out: int, most: int) -> int:
        identity, key = self.current.introduce() if self.current else (b"", b"")
        if len(identity) >= longest or not 0 < len(key) <= most:
            return 0
        ctypes.memmove(name, identity + b"\0", len(identity) + 1)
        ctypes.memmove(out, key, len(key))
        return len(key)

    def _add_extension(
        self,
        _ssl: int,
        _type: int,
        _where: int,
        out: Any,
        length: Any,
        _certificate: int,
        _index: int,
        _alert: Any,
        _: int,
    ) -> int:
        cid = self.current.own_cid() if self.current else None
        if cid is None:
            return 0
        self._extension = create_string_buffer(
            bytes((len(cid),)) + cid, 1 + len(cid)
        )  # OpenSSL reads it after we return
        out[0] = addressof(self._extension)
        length[0] = 1 + len(cid)
        return 1

    def _parse_extension(
        self,
        _ssl: int,
        _type: int,
        _where: int,
        data: int,
        size: int,
        _certificate: int,
        _index: int,
        alert: Any,
        _: int,
    ) -> int:
        content = string_at(data, size) if size else b""
        if not content or content[0] != size - 1:
            alert[0] = _ALERT_DECODE_ERROR
            return 0
        if self.current:
            self.current.peer_cid(content[1:])
        return 1

    def _get_session(self, _ssl: int, session_id: int, length: int, copy: Any) -> int | None:
        copy[0] = 0  # the reference that we make becomes OpenSSL's
        der = self.current.session(string_at(session_id, length)) if self.current else None
        return self.session_from(der) if der else None

    def _new_session(self, _ssl: int, session: int) -> int:
        if self.current:
            length = c_uint()
            session_id = string_at(self.lib.SSL_SESSION_get_id(session, length), length.value)
            self.current.keep_session(session_id, self.session_to(session))
        return 0

    def session_from(self, der: bytes) -> int | None:
        """A session out of DER, to be freed by whoever takes it."""
        data = create_string_buffer(der, len(der))
        found: int | None = self.lib.d2i_SSL_SESSION(None, c_void_p(addressof(data)), len(der))
        return found

    def session_to(self, session: int) -> bytes:
        """DER; a session is far smaller than the buffer, as the names in it are at most 256 bytes."""
        at = c_void_p(addressof(self.buffer))
        return string_at(self.buffer, self.lib.i2d_SSL_SESSION(session, at))


class Connection:
    """One OpenSSL connection. What is read from it is for the peer, in one datagram or several."""

    __slots__ = ("_context", "_in", "_lib", "_out", "_ssl")

    def __init__(self, context: Context, ssl: int, host_name: str | None) -> None:
        self._context, self._ssl = context, ssl
        lib = self._lib = context.lib
        self._in, self._out = lib.BIO_new(context.memory), lib.BIO_new(context.memory)
        for bio in (self._in, self._out):
            lib.BIO_ctrl(bio, _BIO_AT_END, -1, None)
        lib.SSL_set_bio(ssl, self._in, self._out)
        lib.SSL_set_accept_state(ssl) if context.server else lib.SSL_set_connect_state(ssl)
        lib.SSL_ctrl(ssl, _SET_MTU, MTU, None)
        lib.DTLS_set_timer_cb(ssl, context.timer)
        if host_name:
            lib.SSL_ctrl(ssl, _SET_HOST_NAME, 0, ctypes.cast(c_char_p(host_name.encode("idna")), c_void_p))

    def __del__(self) -> None:
        self._lib.SSL_free(self._ssl)

    def write(self, record: bytes) -> None:
        """Hand over what the peer sent."""
        self._lib.BIO_write(self._in, record, len(record))

    def read(self) -> bytes:
        """What is to be sent; empty if nothing."""
        size = self._lib.BIO_read(self._out, self._context.buffer, _BUFFER)
        return string_at(self._context.buffer, size) if size > 0 else b""

    def listen(self) -> bool:
        """Whether the ClientHello handed over last carried a good cookie; else an answer may stand ready.

        A connection that answered False has kept nothing and can listen again.
        """
        if self._lib.DTLSv1_listen(self._ssl, self._context.anybody) > 0:
            return True
        self._lib.ERR_clear_error()
        self._lib.BIO_ctrl(self._in, _BIO_RESET, 0, None)
        return False

    def step(self, party: Party) -> bool:
        """Go on with the handshake; whether it is complete. Raises HandshakeError."""
        self._context.current = party
        try:
            return self._checked(self._lib.SSL_do_handshake(self._ssl)) == 1
        finally:
            self._context.current = None

    def repeat(self, party: Party) -> None:
        """Repeat the last flight if it is time; raises HandshakeError when it was repeated too often."""
        self._context.current = party
        try:
            if self._lib.SSL_ctrl(self._ssl, _ON_TIMEOUT, 0, None) < 0:
                self._checked(-1)
        finally:
            self._context.current = None

    def repeats_in(self) -> float | None:
        """Seconds until the last flight is to be repeated, if it is."""
        time = _Time()
        if self._lib.SSL_ctrl(self._ssl, _GET_TIMEOUT, 0, c_void_p(addressof(time))) <= 0:
            return None
        return float(time.seconds) + float(time.microseconds) / 1e6

    def _checked(self, result: int) -> int:
        if result == 1 or self._lib.SSL_get_error(self._ssl, result) == _WANT_READ:
            self._lib.ERR_clear_error()
            return result
        text = create_string_buffer(256)
        self._lib.ERR_error_string_n(self._lib.ERR_get_error(), text, c_size_t(len(text)))
        self._lib.ERR_clear_error()
        raise HandshakeError(text.value.decode())

    def secrets(self) -> Secrets | None:
        """What is agreed on; None as long as it is not."""
        lib, buffer = self._lib, self._context.buffer
        session, cipher = lib.SSL_get_session(self._ssl), lib.SSL_get_current_cipher(self._ssl)
        if not session or not cipher:
            return None
        master = string_at(buffer, lib.SSL_SESSION_get_master_key(session, buffer, 48))
        suite = SUITES.get(lib.SSL_CIPHER_get_name(cipher).decode())
        if not master or suite is None:
            return None
        client = string_at(buffer, lib.SSL_get_client_random(self._ssl, buffer, 32))
        return Secrets(suite, master, client, string_at(buffer, lib.SSL_get_server_random(self._ssl, buffer, 32)))

    def resumed(self) -> bool:
        return bool(self._lib.SSL_session_reused(self._ssl))

    def server_name(self) -> str | None:
        """The SNI that the client sent."""
        name: bytes | None = self._lib.SSL_get_servername(self._ssl, c_int(0))
        return name.decode("ascii", "replace") if name else None

    def session(self) -> bytes | None:
        """A client's session (DER), to be resumed later."""
        session = self._lib.SSL_get_session(self._ssl)
        return self._context.session_to(session) if session else None

    def resume(self, der: bytes) -> None:
        """As a client, offer a session."""
        session = self._context.session_from(der)
        if session:
            self._lib.SSL_set_session(self._ssl, session)
            self._lib.SSL_SESSION_free(session)


def probe() -> str | None:
    """Why this interpreter cannot serve CoAP over DTLS; None if it can."""

    class NoCookies:
        def cookie(self) -> bytes:
            return bytes(COOKIE)

        def is_cookie(self, _: bytes) -> bool:
            return False

    try:
        lib = libssl.load()
        for name in SUITES:
            Context(lib, cookies=NoCookies(), suites=(name,))
    except OpensslHiddenError as error:
        return str(error)
    return None
