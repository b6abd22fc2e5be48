"""The files of the console, as they stand, and how browsers may keep and run them."""

import hashlib
from functools import cache
from pathlib import Path

from chalicelib.web.request import Raw

FOLDER = Path(__file__).with_name("static")
INDEX = "index.html"
BESIDE = "console"
"""The last segment of the page's own address: a browser that was given a slash after it looks for that once more."""
_PLACE = "@files@"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}
"""Of a host name that is one's own: on this machine http and https have ports of their own."""
NEVER_KEPT = {"Cache-Control": "no-cache"}
KEPT_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def files() -> dict[str, bytes]:
    """All of them by their paths below the folder."""
    found = (path for path in FOLDER.rglob("*") if path.is_file() and path.suffix in _TYPES)
    return dict(sorted((path.relative_to(FOLDER).as_posix(), path.read_bytes()) for path in found))


@cache
def version() -> str:
    """What changes when any of them does: it is part of their addresses, so that they may be kept for ever."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


@cache
def index() -> Raw:
    """The page. It names its files beside itself: whoever stands in front may put anything before our paths."""
    page = files()[INDEX].decode().replace(_PLACE, f"{BESIDE}/{version()}")
    return Raw(page.encode(), _TYPES[".html"])


def file(name: str) -> Raw | None:
    """None where there is none of that name."""
    content = files().get(name)
    return None if content is None or name == INDEX else Raw(content, _TYPES[Path(name).suffix])
