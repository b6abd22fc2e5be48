"""The order of notifications (RFC 7641, 3.4)."""

_HALF = 1 << 23
FRESH_S = 128.0


def is_newer(number: int, at: float, than: int, then: float) -> bool:
    """Whether a notification with this Observe value, received at this second, is newer than the newest so far."""
    return than < number < than + _HALF or number + _HALF < than or at > then + FRESH_S
