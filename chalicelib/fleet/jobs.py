"""Work that goes on after whoever asked for it was answered: what it is says its kind, not what it comes with."""

from enum import StrEnum


class Job(StrEnum):
    DELIVER = "deliver"
    """To a device: `{tenant, device}`."""
    WAKE = "wake"
    """All that wait behind a gateway: `{tenant, gateway}`."""
    DISCONNECT = "disconnect"
    """A client: `{client}`."""
    FENCE = "fence"
    """A client, as far as its claim's fence goes: `{client, generation}`."""
    REVOKE = "revoke"
    """All clients of a key: `{tenant, key, after}`."""
    PUMP = "pump"
    """A queue to its consumers: `{tenant, queue}`."""
    PURGE = "purge"
    """What a deleted queue left: `{tenant, queue, purge}`, the last its id."""
