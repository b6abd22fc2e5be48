"""The quotas of AWS IoT Core ("AWS IoT Core endpoints and quotas", General Reference) and how they are counted."""

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Defaults are those of a large region; None lifts a limit. Times are in seconds, sizes in bytes."""

    topic_bytes: int | None = 256
    topic_slashes: int | None = 7
    payload_bytes: int = 128 * KIB
    packet_bytes: int = 146 * KIB
    packet_bytes_least: int = 512  # the least that a client of MQTT 5 may take at most
    client_id_bytes: int | None = 128
    subscriptions_per_request: int | None = 8
    subscriptions_per_event: int = 8  # a SUBSCRIBE of more is announced in several
    subscriptions_per_connection: int | None = 50
    publishes_per_second: int | None = 100  # a connection, both directions together; the excess is discarded
    bytes_per_second: int | None = 512 * KIB  # a connection; the excess waits
    unacknowledged_in: int = 100
    unacknowledged_out: int = 100
    # IoT Core allows one CONNECT a second and client id. Off here: tests and a developer's restarts
    # reconnect the same device many times a second, and a refusal would only cost them time.
    connects_per_second: int | None = None
    keep_alive_min: int = 30
    keep_alive_max: int | None = 1200
    session_expiry: float = 3600.0  # the quota; for clients of MQTT 3.1.1, and the most that MQTT 5 gets
    stored_per_second: int | None = 10  # messages kept for a persistent session, once it is back
    queued_messages: int = 20_000
    connect_timeout: float = 10.0
    newcomers: int = 4096  # connections that were not let in yet
    authorizer_timeout: float = 5.0
    policy_documents: int = 10
    policy_characters: int = 2048
    connection_seconds_min: int = 300  # bounds of disconnectAfterInSeconds and refreshAfterInSeconds
    connection_seconds_max: int = 86_400
    connection_api_per_client: int | None = 1  # GetConnection, ListSubscriptions, DeleteConnection: a second
    connection_api_per_account: int | None = 100

    @classmethod
    def lifted(cls) -> "Limits":
        """What an edge broker of one's own need not refuse.

        What remains bounds memory, and what becomes one event of a rule: Lambda takes 1 MB of JSON, in which a payload
        is base64, and each byte of a topic or a client id may take six characters.
        """
        return cls(
            topic_bytes=8 * KIB,
            topic_slashes=None,
            payload_bytes=512 * KIB,
            packet_bytes=(512 + 16) * KIB,
            packet_bytes_least=1,
            client_id_bytes=4 * KIB,
            subscriptions_per_request=None,
            subscriptions_per_connection=None,
            publishes_per_second=None,
            bytes_per_second=None,
            keep_alive_min=0,
            keep_alive_max=None,
            stored_per_second=None,
            connection_api_per_client=None,
            connection_api_per_account=None,
        )

    def topic_fits(self, topic: str) -> bool:
        """Whether a name or filter keeps to the length and the number of slashes."""
        if self.topic_bytes is not None and len(topic.encode()) > self.topic_bytes:
            return False
        return self.topic_slashes is None or topic.count("/") <= self.topic_slashes

    def session_seconds(self, asked: int) -> float:
        """How long a session of MQTT 5 outlives its connection."""
        return min(float(asked), self.session_expiry)

    def keep_alive(self, asked: int) -> int:
        """The keep-alive in force, 0 for none: IoT Core raises short ones and gives 1200 s for 0 and for longer."""
        if self.keep_alive_max is not None and (not asked or asked > self.keep_alive_max):
            return self.keep_alive_max
        return max(asked, self.keep_alive_min) if asked else 0


class Meter:
    """Counts what happens within a second; AWS does not say how it cuts seconds, here from the first event on."""

    __slots__ = ("_count", "_limit", "_since")

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._since = float("-inf")
        self._count = 0

    def admit(self, now: float, amount: int = 1) -> bool:
        """Count `amount` at monotonic time `now`; False, uncounted, when that would exceed the limit."""
        if self._limit is None:
            return True
        if now - self._since >= 1.0:
            self._since, self._count = now, 0
        if self._count + amount > self._limit:
            return False
        self._count += amount
        return True

    def idle(self, now: float) -> bool:
        """Whether the last counted second is over."""
        return now - self._since >= 1.0

    def overdrawn(self, now: float, amount: int) -> float:
        """Count `amount` in any case; the seconds to wait until the next second when the limit is exceeded."""
        if self._limit is None:
            return 0.0
        if now - self._since >= 1.0:
            self._since, self._count = now, 0
        self._count += amount
        return max(0.0, self._since + 1.0 - now) if self._count > self._limit else 0.0
