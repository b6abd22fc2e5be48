"""Cipher suites as the vendor names them: by IANA's registry and not by OpenSSL's names."""

_EXCHANGES = ("ECDHE-RSA", "ECDHE-ECDSA", "DHE-RSA")
_CIPHERS = {
    "AES128": "AES_128_CBC",
    "AES256": "AES_256_CBC",
    "AES128-GCM": "AES_128_GCM",
    "AES256-GCM": "AES_256_GCM",
    "CHACHA20-POLY1305": "CHACHA20_POLY1305",
}
_SHA256 = "SHA256"


def standard(suite: str) -> str:
    """IANA's name of a suite that OpenSSL names; what is none of the usual ones stays as it is."""
    if suite.startswith("TLS_"):
        return suite
    exchange = next((name for name in _EXCHANGES if suite.startswith(f"{name}-")), "RSA")
    rest = suite.removeprefix(f"{exchange}-")
    if rest == "CHACHA20-POLY1305":
        # OpenSSL leaves off its only digest.
        rest = f"{rest}-{_SHA256}"
    cipher, _, digest = rest.rpartition("-")
    if cipher not in _CIPHERS:
        return suite
    return f"TLS_{exchange.replace('-', '_')}_WITH_{_CIPHERS[cipher]}_{digest}"
