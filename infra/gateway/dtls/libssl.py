"""OpenSSL's public C API, as far as handshakes need it, on the very library that this interpreter is linked with."""

import ctypes
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_long, c_size_t, c_uint, c_uint64, c_ulong, c_void_p
from typing import Any

OLDEST = 0x1_01_01_00_0
"""OpenSSL 1.1.1, the first with custom extensions that are seen on resumption."""

COOKIE_GENERATE = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(c_uint))
COOKIE_VERIFY = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint)
PSK_SERVER = CFUNCTYPE(c_uint, c_void_p, c_char_p, c_void_p, c_uint)
PSK_CLIENT = CFUNCTYPE(c_uint, c_void_p, c_char_p, c_void_p, c_uint, c_void_p, c_uint)
EXTENSION_ADD = CFUNCTYPE(
    c_int, c_void_p, c_uint, c_uint, POINTER(c_void_p), POINTER(c_size_t), c_void_p, c_size_t, POINTER(c_int), c_void_p
)
EXTENSION_FREE = CFUNCTYPE(None, c_void_p, c_uint, c_uint, c_void_p, c_void_p)
EXTENSION_PARSE = CFUNCTYPE(
    c_int, c_void_p, c_uint, c_uint, c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_int), c_void_p
)
SESSION_NEW = CFUNCTYPE(c_int, c_void_p, c_void_p)
SESSION_GET = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
TIMER = CFUNCTYPE(c_uint, c_void_p, c_uint)

SIGNATURES: dict[str, tuple[Any, ...]] = {
    "OpenSSL_version_num": (c_ulong,),
    "ERR_get_error": (c_ulong,),
    "ERR_clear_error": (None,),
    "ERR_error_string_n": (None, c_ulong, c_void_p, c_size_t),
    "BIO_ADDR_new": (c_void_p,),
    "BIO_ctrl": (c_long, c_void_p, c_int, c_long, c_void_p),
    "BIO_new": (c_void_p, c_void_p),
    "BIO_read": (c_int, c_void_p, c_void_p, c_int),
    "BIO_s_mem": (c_void_p,),
    "BIO_write": (c_int, c_void_p, c_char_p, c_int),
    "DTLS_client_method": (c_void_p,),
    "DTLS_server_method": (c_void_p,),
    "DTLS_set_timer_cb": (None, c_void_p, TIMER),
    "DTLSv1_listen": (c_int, c_void_p, c_void_p),
    "SSL_CIPHER_get_name": (c_char_p, c_void_p),
    "SSL_CTX_add_custom_ext": (
        c_int,
        *(c_void_p, c_uint, c_uint),
        *(EXTENSION_ADD, EXTENSION_FREE, c_void_p),
        *(EXTENSION_PARSE, c_void_p),
    ),
    "SSL_CTX_ctrl": (c_long, c_void_p, c_int, c_long, c_void_p),
    "SSL_CTX_free": (None, c_void_p),
    "SSL_CTX_new": (c_void_p, c_void_p),
    "SSL_CTX_sess_set_get_cb": (None, c_void_p, SESSION_GET),
    "SSL_CTX_sess_set_new_cb": (None, c_void_p, SESSION_NEW),
    "SSL_CTX_set_cipher_list": (c_int, c_void_p, c_char_p),
    "SSL_CTX_set_cookie_generate_cb": (None, c_void_p, COOKIE_GENERATE),
    "SSL_CTX_set_cookie_verify_cb": (None, c_void_p, COOKIE_VERIFY),
    "SSL_CTX_set_options": (c_uint64, c_void_p, c_uint64),
    "SSL_CTX_set_psk_client_callback": (None, c_void_p, PSK_CLIENT),
    "SSL_CTX_set_psk_server_callback": (None, c_void_p, PSK_SERVER),
    "SSL_CTX_set_session_id_context": (c_int, c_void_p, c_char_p, c_uint),
    "SSL_CTX_set_timeout": (c_long, c_void_p, c_long),
    "SSL_SESSION_free": (None, c_void_p),
    "SSL_SESSION_get_id": (c_void_p, c_void_p, POINTER(c_uint)),
    "SSL_SESSION_get_master_key": (c_size_t, c_void_p, c_void_p, c_size_t),
    "SSL_ctrl": (c_long, c_void_p, c_int, c_long, c_void_p),
    "SSL_do_handshake": (c_int, c_void_p),
    "SSL_free": (None, c_void_p),
    "SSL_get_client_random": (c_size_t, c_void_p, c_void_p, c_size_t),
    "SSL_get_current_cipher": (c_void_p, c_void_p),
    "SSL_get_error": (c_int, c_void_p, c_int),
    "SSL_get_server_random": (c_size_t, c_void_p, c_void_p, c_size_t),
    "SSL_get_servername": (c_char_p, c_void_p, c_int),
    "SSL_get_session": (c_void_p, c_void_p),
    "SSL_new": (c_void_p, c_void_p),
    "SSL_session_reused": (c_int, c_void_p),
    "SSL_set_accept_state": (None, c_void_p),
    "SSL_set_bio": (None, c_void_p, c_void_p, c_void_p),
    "SSL_set_connect_state": (None, c_void_p),
    "SSL_set_session": (c_int, c_void_p, c_void_p),
    "d2i_SSL_SESSION": (c_void_p, c_void_p, POINTER(c_void_p), c_long),
    "i2d_SSL_SESSION": (c_int, c_void_p, POINTER(c_void_p)),
}
"""What a function answers, then what it takes."""


class OpensslHiddenError(Exception):
    """The interpreter shows no OpenSSL that DTLS could be spoken with; the text says what is missing."""


class Libssl:
    """The functions of SIGNATURES as attributes."""

    def __init__(self, library: ctypes.CDLL) -> None:
        missing = [name for name in SIGNATURES if not hasattr(library, name)]
        if missing:
            raise OpensslHiddenError(f"the interpreter's OpenSSL does not show {', '.join(missing)}")
        for name, (result, *arguments) in SIGNATURES.items():
            function = library[name]  # an object of its own: whoever else uses the library keeps their signatures
            function.restype, function.argtypes = result, arguments
            self.__dict__[name] = function
        version = self.OpenSSL_version_num()
        if version < OLDEST:
            raise OpensslHiddenError(f"the interpreter's OpenSSL is older than 1.1.1 (version number {version:#x})")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(f"{name} stands in no signature")


def load(path: str | None = None) -> Libssl:
    """The interpreter's own OpenSSL; raises OpensslHiddenError where it is linked in without showing its functions.

    `path` names a library that depends on libssl, by default the extension module behind `ssl`: a handle on it finds
    what it was linked with, wherever the system keeps that.
    """
    try:
        import _ssl
    except ImportError as error:
        raise OpensslHiddenError(f"this interpreter was built without OpenSSL ({error})") from error
    try:
        library = ctypes.CDLL(path or getattr(_ssl, "__file__", None))
    except OSError as error:
        raise OpensslHiddenError(f"the interpreter's OpenSSL cannot be opened: {error}") from error
    return Libssl(library)
