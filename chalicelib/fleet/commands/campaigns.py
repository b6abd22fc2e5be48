"""Campaigns: one command to many devices, one after the other, from a moment on.

Who is meant is looked up when it begins. What falls due is made by the sweep, so that it comes up to a minute late, and
several at once where their moments are closer than that. Each command has its id before it is made: whoever dies in
between makes the same one again, and no device gets two.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Any

from chalicelib.fleet import ids
from chalicelib.fleet.commands import creating
from chalicelib.fleet.errors import (
    CampaignNotFound,
    CommandDuplicate,
    CommandNotFound,
    Contended,
    FleetError,
    IllegalTransition,
    TemporarilyUnavailable,
)
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.typed_records import TypedRecords

MOST = 1_000
"""Campaigns of a tenant."""
_LONGEST_REASON = 300


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    MADE = "made"
    """All that it has to make; what becomes of it the commands say."""
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Campaign(Extensible):
    """`starts` and `due` are moments (ms), `ramp` lies between two commands (ms), `order` is what is to be done.

    `total` is how many are meant, None before it has begun; `made` how many had their turn, `last` whose it was.
    `failed` says why nobody could tell who is meant.
    """

    id: str
    created: int
    starts: int
    ramp: int
    order: Mapping[str, Any]
    due: int | None
    state: State = State.WAITING
    total: int | None = None
    made: int = 0
    last: str | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Member(Extensible):
    """`command` is the id of the one it is given, which is there when it was `made`.

    `failed` says why it could not be given any. `outcome` is how its command ended, for whoever has looked.
    """

    target: str
    command: str = ""
    made: bool = False
    failed: str | None = None
    outcome: str | None = None


CAMPAIGN, MEMBER = Kind(Campaign), Kind(Member)


@dataclass(frozen=True, slots=True)
class Program:
    """What a dialect makes of campaigns: `kind` is what its records are called.

    `members` are the targets, in any order; `make` gives one of them a command of that id. Its FleetErrors are told as
    why there is none.
    """

    kind: str
    members: Callable[[Ports, str, Campaign], Iterable[str]]
    make: Callable[[Ports, str, Campaign, str, str], object]
    campaigns: TypedRecords[Campaign] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "campaigns", TypedRecords(self.kind, CAMPAIGN, lambda campaign: campaign.due))

    def of(self, campaign: str) -> TypedRecords[Member]:
        return TypedRecords(f"{self.kind}.members", MEMBER).of(campaign)


def create(ports: Ports, program: Program, tenant: str, starts: int, ramp: int, order: Mapping[str, Any]) -> Campaign:
    """Errors: Contended."""
    now = ports.clock.now()
    for _ in range(_TRIES):
        number = ids.number(now, ports.chance(2))
        made = Campaign(number, now, starts, ramp, order, max(starts, now))
        if program.campaigns.create(ports, tenant, ids.sortable(number), made):
            return made
    raise Contended("campaigns are made by too many at once")


_TRIES = 20


def get(ports: Ports, program: Program, tenant: str, number: str) -> Campaign:
    """Errors: CampaignNotFound."""
    found = program.campaigns.get(ports, tenant, ids.sortable(number)) if ids.is_number(number) else None
    if found is None:
        raise CampaignNotFound(f"there is no campaign {number[:64]}")
    return found


def change(ports: Ports, program: Program, campaign: Campaign, tenant: str, **changes: Any) -> Campaign:
    """What it is to do, and when, as long as it has not begun. Errors: CampaignNotFound, IllegalTransition."""

    def changed(present: Campaign) -> Campaign:
        if present.state is not State.WAITING:
            raise IllegalTransition("what has begun, or is over, stays as it is")
        after = replace(present, **changes)
        return replace(after, due=max(after.starts, ports.clock.now()))

    return _changed(ports, program, tenant, campaign, changed)


def cancel(ports: Ports, program: Program, campaign: Campaign, tenant: str) -> Campaign:
    """Nobody is given any more, and who has not begun with his command is not to. Errors: CampaignNotFound."""
    now = ports.clock.now()
    return _changed(ports, program, tenant, campaign, lambda one: replace(one, state=State.CANCELED, due=now))


def members(ports: Ports, program: Program, tenant: str, campaign: str) -> Iterator[Member]:
    return program.of(campaign).every(ports, tenant)


def note(ports: Ports, program: Program, tenant: str, campaign: str, member: Member, outcome: str) -> None:
    """How its command has ended: nobody need look again."""
    members_ = program.of(campaign)
    members_.change(ports, tenant, member.target, lambda present: replace(present, outcome=outcome))


def work(ports: Ports, program: Program, tenant: str, number: str, until: int) -> None:
    """Go on with it until the clock shows `until` (ms): what is left stays due."""
    try:
        campaign = get(ports, program, tenant, number)
    except CampaignNotFound:
        return
    if campaign.state is State.CANCELED:
        _withdraw(ports, program, tenant, campaign, until)
        return
    if campaign.state is State.MADE or ports.clock.now() < campaign.starts:
        return
    if campaign.total is None:
        campaign = _begin(ports, program, tenant, campaign)
    _go_on(ports, program, tenant, campaign, until)


def _begin(ports: Ports, program: Program, tenant: str, campaign: Campaign) -> Campaign:
    """Whoever dies here is followed by one who finds what was written: each target is there once."""
    kept = program.of(campaign.id)
    try:
        for target in program.members(ports, tenant, campaign):
            kept.create(ports, tenant, target, Member(target))
    except (Contended, TemporarilyUnavailable):
        raise
    except FleetError as error:
        reason = str(error)[:_LONGEST_REASON]
        return _changed(
            ports, program, tenant, campaign, lambda one: replace(one, failed=reason, state=State.MADE, due=None)
        )
    total = kept.count(ports, tenant)
    return _changed(
        ports,
        program,
        tenant,
        campaign,
        lambda one: replace(one, total=total, state=State.RUNNING) if one.state is State.WAITING else one,
    )


def _go_on(ports: Ports, program: Program, tenant: str, campaign: Campaign, until: int) -> None:
    made, last = campaign.made, campaign.last
    while campaign.state is State.RUNNING:
        now = ports.clock.now()
        following = program.of(campaign.id).after(ports, tenant, last, 1)
        if not following:
            break
        if now >= until or now < campaign.starts + made * campaign.ramp:
            break
        _give(ports, program, tenant, campaign, following[0])
        made, last = made + 1, following[0].target
    over = last is not None or not campaign.total
    over = over and not program.of(campaign.id).after(ports, tenant, last, 1)

    def gone_on(present: Campaign) -> Campaign:
        if present.state is not State.RUNNING:
            return replace(present, made=max(made, present.made))
        if over:
            return replace(present, made=made, last=last, state=State.MADE, due=None)
        return replace(present, made=made, last=last, due=present.starts + made * present.ramp)

    _changed(ports, program, tenant, campaign, gone_on)


def _give(ports: Ports, program: Program, tenant: str, campaign: Campaign, member: Member) -> None:
    kept = program.of(campaign.id)
    if member.made or member.failed is not None:
        return
    drawn = ids.of_number(ids.number(ports.clock.now(), ports.chance(2)))
    chosen = kept.change(ports, tenant, member.target, lambda one: one if one.command else replace(one, command=drawn))
    if chosen is None:
        return
    failed: str | None = None
    try:
        program.make(ports, tenant, campaign, member.target, chosen.command)
    except CommandDuplicate:
        # An earlier run has made it, and died.
        pass
    except (Contended, TemporarilyUnavailable):
        raise
    except FleetError as error:
        failed = str(error)[:_LONGEST_REASON] or "it could not be made"
    kept.change(ports, tenant, member.target, lambda one: replace(one, made=failed is None, failed=failed))


def _withdraw(ports: Ports, program: Program, tenant: str, campaign: Campaign, until: int) -> None:
    for member in members(ports, program, tenant, campaign.id):
        if ports.clock.now() >= until:
            return
        if member.made and member.outcome is None:
            _cancel(ports, tenant, member.command)
    _changed(ports, program, tenant, campaign, lambda one: replace(one, due=None))


def _cancel(ports: Ports, tenant: str, command: str) -> None:
    """Unless its device is at it, or it is over."""
    try:
        creating.cancel(ports, tenant, command, begun=False)
    except (IllegalTransition, CommandNotFound):
        return


def _changed(
    ports: Ports, program: Program, tenant: str, campaign: Campaign, changed: Callable[[Campaign], Campaign]
) -> Campaign:
    """Errors: CampaignNotFound."""
    after = program.campaigns.change(ports, tenant, ids.sortable(campaign.id), changed)
    if after is None:
        raise CampaignNotFound(f"there is no campaign {campaign.id}")
    return after
