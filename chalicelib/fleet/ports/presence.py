"""Who is connected as what, and what waits for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from chalicelib.fleet.ports.answers import Page

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chalicelib.fleet.presence.claims import Claim
    from chalicelib.fleet.presence.gateways import Gateway, Waiting
    from chalicelib.fleet.presence.mailbox import Mailbox
    from chalicelib.fleet.tenancy.records import Share


class Claims(Protocol):
    def get(self, client: str) -> Claim | None: ...
    def glance(self, client: str) -> Claim | None:
        """A moment late, for half of what `get` costs."""

    def current(self, client: str) -> Claim | None:
        """As it is now, where `get` may be a while old."""

    def put_new(self, claim: Claim, share: Share | None = None) -> bool:
        """False if there is a claim of this client id already. QuotaReached."""

    def replace(self, old: Claim, new: Claim, share: Share | None = None, returned: Share | None = None) -> bool:
        """False if what is stored is not `old` any more: changed, or somebody else's by now. QuotaReached.

        One share at most is taken, or given back, with it.
        """

    def of_key(self, tenant: str, key_id: str, *, after: str | None, limit: int) -> Page[str]:
        """Clients whose last connection was opened with that key, in order; a moment late."""

    def guests(self, tenant: str, keys: Iterable[str]) -> int:
        """How many clients that are no devices came in with these keys, however long it takes to count them."""


class Mailboxes(Protocol):
    def get(self, tenant: str, device: str) -> Mailbox | None: ...
    def glance(self, tenant: str, device: str) -> Mailbox | None:
        """A moment late, for half of what `get` costs."""

    def foreseen(self, names: Sequence[tuple[str, str]], /) -> AbstractContextManager[object]:
        """As of records: those of that (tenant, device) are read in as few requests as possible."""
        ...

    def some(self, tenant: str, devices: Sequence[str]) -> dict[str, Mailbox]:
        """By device."""

    def online(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[str]:
        """Devices with a connected interface, in order of their ids; a moment late."""

    def count_online(self, tenant: str, most: int) -> int: ...
    def replace(self, old: Mailbox, new: Mailbox) -> bool: ...


class Gateways(Protocol):
    def get(self, tenant: str, client: str) -> Gateway | None: ...
    def replace(self, old: Gateway, new: Gateway) -> bool: ...
    def wait(self, waiting: Waiting) -> None:
        """Note the device, in the place of an older note of it."""

    def waiting(self, tenant: str, client: str) -> Iterator[Waiting]: ...
    def woken(self, waiting: Waiting) -> None:
        """Drop this note, but none that was written since."""


class PresencePorts(Protocol):
    @property
    def claims(self) -> Claims: ...
    @property
    def fence_rest(self) -> int:
        """How long (ms) a client id rests on its way to another tenant, once nobody is connected with it.

        Four times as long as a claim may be remembered without being read again.
        """

    @property
    def mailboxes(self) -> Mailboxes: ...
    @property
    def gateways(self) -> Gateways: ...
