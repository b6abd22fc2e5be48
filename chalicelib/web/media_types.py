"""Content types as they are sent, asked for and offered (RFC 9110 8.3.1 and 12.5.1)."""

from collections.abc import Sequence

ANY = "*/*"


def named(header: str | None, otherwise: str = "") -> str:
    """Type and subtype alone, in lower case."""
    return (header or otherwise).partition(";")[0].strip().lower()


def matches(pattern: str, kind: str) -> bool:
    """`pattern` may be `*/*`, `text/*` or a type; `kind` is a type, with or without parameters."""
    wanted, kind = named(pattern), named(kind)
    return wanted in (ANY, kind) or (wanted.endswith("/*") and kind.startswith(wanted[:-1]))


def choose(accept: str | None, offers: Sequence[str]) -> str | None:
    """The offer that the client likes best, the earlier of two that it likes as well; None where it takes none."""
    if not (accept or "").strip():
        return offers[0]
    ranges = [_range(part) for part in (accept or "").split(",") if part.strip()]
    liked = [(_quality(ranges, offer), offer) for offer in offers]
    best = max(quality for quality, _ in liked)
    return next(offer for quality, offer in liked if quality == best) if best > 0 else None


def _range(part: str) -> tuple[str, float]:
    pattern, *options = (option.strip() for option in part.split(";"))
    for option in options:
        name, _, value = option.partition("=")
        if name.strip().lower() == "q":
            try:
                return pattern, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return pattern, 0.0
    return pattern, 1.0


def _quality(ranges: Sequence[tuple[str, float]], offer: str) -> float:
    """That of the most specific range."""
    fitting = [(pattern.count("*"), quality) for pattern, quality in ranges if matches(pattern, offer)]
    fewest = min((wildcards for wildcards, _ in fitting), default=0)
    return max((quality for wildcards, quality in fitting if wildcards == fewest), default=0.0)
