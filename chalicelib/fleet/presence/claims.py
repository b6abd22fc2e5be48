"""Claims: whom an MQTT client id belongs to, and to whom it belonged before.

A broker knows one connection per client id for the whole account. Each time an id changes hands its claim's generation
is raised; the holders before are remembered for as long as their events may still come. To another tenant an id goes
only through a fence: the old holder's presence is ended, its connection is closed, and then the id rests. In the middle
of that rest lies the line between the events of the two, so that neither needs an exact time stamp.
"""

import re
from dataclasses import replace

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import Interface
from chalicelib.fleet.presence.records import interface_key
from chalicelib.fleet.shapes import Extensible

MEMORY = 15 * 86_400_000
"""How long (ms) a former holder is remembered: longer than a dead letter is kept."""
MOST_REMEMBERED = 20
FOR_DEVICES = 86_400_000
"""How long (ms) an id that was taken from an application for a device is kept from applications."""
NOBODY = ""
_PRINCIPAL = re.compile(r"([a-z0-9]{1,64})G([0-9]{1,12})K[A-Za-z0-9]*")
_PASSING = re.compile(r"([a-z0-9]{1,64})PASSING([a-z0-9]{1,32})MODE([a-z0-9]{1,32})")


@dataclass(frozen=True, slots=True)
class Holder(Extensible):
    """Who held an id from `since` (ms) until the next one did; `principal` is a certificate's, where there was one.

    `entitled` where the id itself named the tenant; `node` and `relays` as in a claim.
    """

    generation: int
    tenant: str
    dialect: str
    mode: str
    since: int
    device: str | None = None
    connector: str = ""
    key: str | None = None
    principal: str = ""
    entitled: bool = False
    node: str = ""
    relays: bool = False


@dataclass(frozen=True, slots=True)
class Fence(Extensible):
    """Between two tenants, begun `at`. Times in ms.

    `ending` is since when the old holder's presence is being ended, `closed` when it had been, `gone` when the broker
    knew of no connection any more. With `devices` the id was taken from an application, because a device wants it.
    It is `wanted` by another tenant where its client, no device, left by itself: until then what it left is kept.
    """

    at: int
    ending: int | None = None
    closed: int | None = None
    gone: int | None = None
    devices: bool = False
    wanted: bool = False

    def opens(self, rest: int) -> int | None:
        """When another tenant may connect, as far as that is known. A broker that cannot be asked is waited for."""
        return None if self.closed is None else (self.gone or self.closed) + rest

    @property
    def done(self) -> bool:
        return self.closed is not None and self.gone is not None


@dataclass(frozen=True, slots=True)
class Principal:
    """What the broker may vouch for: whose connection, of which generation."""

    tenant: str
    generation: int


@dataclass(frozen=True, slots=True)
class Claim(Extensible):
    """`device` is None for clients that are not devices.

    `key` is the id of the key of the last accepted connection, None where that came with a secret of its own.

    Without a `mode` the id is reserved: its client was never connected. A claim of NOBODY only remembers. `seen` is the
    last admission (ms), kept for clients that are not devices: their ids are often made up for one run of a program.
    `since` (ms) is from when events are this holder's; while there is a `fence` none are. `entitled` where the id
    itself names its tenant.
    `node` is the device's node where the client id is another spelling of it. A device that `relays` is a gateway as
    well: other devices speak through it. Who is `passing` holds no id: nothing is stored of it, and whoever else
    connects by the same id may do so. Its principal alone tells of it, in small letters and digits.
    """

    client: str
    tenant: str
    dialect: str
    mode: str
    key: str | None
    created: int
    device: str | None = None
    connector: str = ""
    username: str = ""
    enabled: bool = True
    keep_alive: int | None = None
    server_name: str | None = None
    certificate: bool = False
    secured: bool = True
    seen: int | None = None
    generation: int = 0
    since: int = 0
    fence: Fence | None = None
    former: tuple[Holder, ...] = ()
    principal: str = ""
    entitled: bool = False
    node: str = ""
    relays: bool = False
    passing: bool = False

    @property
    def own_node(self) -> str:
        return self.node or self.client

    @property
    def interface(self) -> str:
        """The key of its device's interface."""
        return interface_key(self.connector, self.own_node)

    @property
    def vacant(self) -> bool:
        return self.tenant == NOBODY

    @property
    def settled(self) -> bool:
        """Whether its holder may be connected."""
        return not self.vacant and self.fence is None

    @property
    def guest(self) -> bool:
        """A client that is no device: an application, or a connector."""
        return not self.vacant and self.device is None and bool(self.mode)

    @property
    def left(self) -> bool:
        """Whether a client that is no device has gone, and nobody wants its id."""
        fence = self.fence
        untouched = fence is not None and fence.gone is not None and fence.ending is None
        return self.vacant and untouched and fence is not None and not fence.wanted

    def waits_for_another(self, tenant: str) -> bool:
        """Whether the id names the tenant that let go of it last, and that is not this one.

        Its client may be away for a moment only, and something be waiting for it that would go with the id.
        """
        last = self.former[-1] if self.vacant and self.former else None
        return last is not None and last.entitled and last.tenant != tenant

    def holds(self, tenant: str, interface: Interface) -> bool:
        """Whether this is the claim of that interface of that tenant."""
        known = self.tenant == tenant and self.device is not None
        return known and self.connector == interface.connector and self.own_node == interface.node

    def named(self) -> str:
        """The principal that the authorizer gives this holder's connection."""
        if self.passing:
            return f"{self.tenant}PASSING{self.dialect}MODE{self.mode}"
        return self.principal or f"{self.tenant}G{self.generation}K{self.key or ''}"

    def holder(self, at: int, principal: str, now: int) -> "Claim | None":
        """Whoever held the id when the broker took something: the claim, or as it was for that holder.

        By what the broker vouches for, where that is there and ours; else by its time stamp. None where nobody fits.
        """
        held = self.settled and bool(self.mode)
        holders = (*self.former, _held(self)) if held else self.former
        told = vouched(principal)
        if told is not None:
            fitting = [h for h in holders if (h.tenant, h.generation) == (told.tenant, told.generation)]
        else:
            shown = [h for h in holders if principal and h.principal == principal]
            fitting = shown if len(shown) == 1 else [h for h in holders if h.since <= at]
            if not fitting and at >= now - MEMORY and len(self.former) < MOST_REMEMBERED:
                # Nobody before them is forgotten yet.
                fitting = list(holders[:1])
        if not fitting:
            return None
        found = fitting[-1]
        return self if held and found.generation == self.generation else self._as_of(found)

    def remembered(self, now: int) -> tuple[Holder, ...]:
        """Who held the id up to now, without those whose events are too old to come."""
        held = self.settled and bool(self.mode)
        holders = (*self.former, _held(self)) if held else self.former
        over = now if held or self.fence is None else self.fence.at
        ends = [*(h.since for h in holders[1:]), over]
        kept = [h for h, end in zip(holders, ends, strict=True) if end >= now - MEMORY] if holders else []
        return tuple(kept[-MOST_REMEMBERED:])

    def _as_of(self, holder: Holder) -> "Claim":
        return Claim(
            client=self.client,
            tenant=holder.tenant,
            dialect=holder.dialect,
            mode=holder.mode,
            key=holder.key,
            created=holder.since,
            device=holder.device,
            connector=holder.connector,
            generation=holder.generation,
            since=holder.since,
            principal=holder.principal,
            node=holder.node,
            relays=holder.relays,
        )


def vouched(principal: str) -> Principal | None:
    """What a principal of ours says; None for any other one."""
    found = _PRINCIPAL.fullmatch(principal)
    return Principal(found[1], int(found[2])) if found else None


def passing(client: str, principal: str, at: int) -> Claim | None:
    """Who that principal says is passing, under that id since `at` (ms) at the latest; None for any other one."""
    found = _PASSING.fullmatch(principal)
    return Claim(client, found[1], found[2], found[3], None, at, passing=True) if found else None


def succeeded(old: Claim | None, new: Claim, now: int, rest: int) -> Claim:
    """The claim of the next holder; with a fence where it may not connect yet. `rest` in ms."""
    if old is None:
        # What is not remembered ended longer ago than anything may still come of.
        return replace(new, generation=1, since=max(0, now - MEMORY), fence=None, former=())
    former = old.remembered(now)
    next_ = replace(new, generation=old.generation + 1, former=former)
    if not former:
        return replace(next_, since=max(0, now - MEMORY), fence=None)
    last = former[-1]
    if _returns(old, last, new):
        return replace(new, generation=last.generation, former=former[:-1], since=last.since, fence=None)
    if last.tenant == new.tenant:
        # Of one tenant's two holders the newer one gets what does not say which: times are not exact enough to tell.
        return replace(next_, since=last.since, fence=None)
    return opened(replace(next_, fence=replace(old.fence, devices=False) if old.fence else Fence(now)), now, rest)


def opened(claim: Claim, now: int, rest: int) -> Claim:
    """The claim without its fence, if that is over."""
    opens = claim.fence.opens(rest) if claim.fence else None
    if opens is None or now < opens:
        return claim
    return replace(claim, fence=None, since=opens - rest // 2)


def _returns(old: Claim, last: Holder, new: Claim) -> bool:
    """Whether a client that is no device only comes back: its id has not changed hands meanwhile."""
    untouched = old.vacant and old.fence is not None and old.fence.ending is None
    same = (last.tenant, last.dialect, last.mode, last.connector) == (new.tenant, new.dialect, new.mode, new.connector)
    return untouched and same and last.device is None and new.guest


def vacated(old: Claim, now: int, *, gone: int | None = None, devices: bool = False) -> Claim:
    """The id belongs to nobody; who held it last may come back at once, anybody else through the fence."""
    fence = old.fence or Fence(now, gone=gone)
    return Claim(
        client=old.client,
        tenant=NOBODY,
        dialect=old.dialect,
        mode="",
        key=None,
        created=now,
        generation=old.generation,
        since=old.since,
        fence=replace(fence, devices=fence.devices or devices),
        former=old.remembered(now),
    )


def _held(claim: Claim) -> Holder:
    return Holder(
        claim.generation,
        claim.tenant,
        claim.dialect,
        claim.mode,
        claim.since,
        claim.device,
        claim.connector,
        claim.key,
        claim.principal,
        claim.entitled,
        claim.node,
        claim.relays,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A claim as it was read, None for none, and as it is to be."""

    old: Claim | None
    new: Claim
