"""Watches every write and every send, and says at once which rule was broken. Knows the rules, not the engine."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from chalicelib.fleet.commands.records import MAX_HISTORY, AckMode, Command, DeliveryStatus, Policy, Status, Terms
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.mailbox import ANY, USUAL, Mailbox
from tests.sim.scheduler import MINUTE, Violation

S = Status
LEGAL = {
    S.PENDING: {S.PROCESSING, S.PROCESSED, S.ERROR, S.CANCELED, S.EXPIRED},
    S.RETRYING: {S.PROCESSING, S.PROCESSED, S.ERROR, S.CANCELED, S.EXPIRED},
    S.PROCESSING: {S.PROCESSING, S.PENDING, S.RETRYING, S.PROCESSED, S.ERROR, S.CANCELED, S.EXPIRED},
}
WAITING = (S.PENDING, S.RETRYING)
NOT_SENT = (Outcome.ABSENT, Outcome.BUSY)
FEWEST = 10
"""Every route lets so many commands wait."""
SPINS = 40
"""No command is put back more often: who finds a device away learns from it."""
SKEW = 2_000
"""No clock is off by more (ms)."""
READ_TOLERANCE = MINUTE
"""A writer that read the clock just before a deadline may write for as long as it lives after it."""


@dataclass
class Life:
    """What really happened to one command, whatever its record says."""

    device: str
    policy: Policy
    began: int
    connector: str | None = None
    begins: bool = False
    begun: bool = False
    status: Status = S.PENDING
    returned: int | None = None
    expires: int | None = None
    cancel_asked: bool = False
    delete_asked: bool = False
    sends: dict[int, Outcome | None] = field(default_factory=dict)
    sent_at: int = 0
    answers: set[str] = field(default_factory=set)
    reported: Status | None = None
    waiting_since: int = 0
    told: dict[str, set[str]] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        return self.status not in LEGAL

    def over(self, now: int) -> bool:
        """Whether its time to wait is."""
        return self.expires is not None and now >= self.expires


class Monitor:
    """`harmed` says when a handler of a device last died or misheard, `terms` what its routes grant."""

    def __init__(self, harmed: Callable[[str], int], terms: Callable[[str, str], Terms]) -> None:
        self._harmed = harmed
        self._terms = terms
        self.lives: dict[str, Life] = {}
        self.open: dict[str, dict[str, Life]] = {}
        self.deleted: set[str] = set()
        self.counts: Counter[str] = Counter()

    def created(self, command: Command, began: int) -> None:
        life = Life(
            command.device,
            command.policy,
            began,
            connector=command.connector,
            expires=command.expires,
            waiting_since=began,
        )
        self.lives[command.id] = life
        self.open.setdefault(command.device, {})[command.id] = life

    def removed(self, command_id: str) -> None:
        """The record was deleted: by a client, or because its creation was refused."""
        life = self.lives.get(command_id)
        if life is not None:
            self._require(
                life.delete_asked or life.returned is None, "a command vanished that nobody deleted", life, command_id
            )
            self.open[life.device].pop(command_id, None)
            self.deleted.add(command_id)

    def changed(self, old: Command, new: Command, now: int) -> None:
        life = self.lives[new.id]
        rule = self._rules(old, new, life, now)
        if rule is not None:
            raise Violation(f"{rule}: {old.status} → {new.status}", new.device, new.id)
        if old.status not in LEGAL:
            return
        if old.status in WAITING and new.delivery is DeliveryStatus.SENT:
            # Taken: nobody acknowledges that to us.
            life.sends[new.generation] = Outcome.UNCONFIRMED
        life.status = new.status
        life.begun = new.begun is not None
        if new.status in WAITING and old.status not in WAITING:
            life.waiting_since = now
        if life.final:
            self.open[life.device].pop(new.id, None)
            self.counts[f"{new.status}"] += 1

    def mailbox_changed(self, new: Mailbox) -> None:
        other = {name: len(ids) for name, ids in new.lines.items()}
        for name, count in {**other, USUAL: len(new.queue) - sum(other.values())}.items():
            if count > FEWEST and name != ANY and count > self._terms(new.device, name).queue:
                raise Violation(f"more commands wait for {name} than may", new.device)
        if list(new.queue) != sorted(set(new.queue)):
            raise Violation("the queue is out of order", new.device)
        flying: Counter[str] = Counter()
        for command, flight in new.flights.items():
            # Who begins what was never sent to him does so whether there is room or not.
            if command in self.lives and not self.lives[command].begins:
                flying[flight.via or new.line(command)] += 1
        for name, count in flying.items():
            if count > self._terms(new.device, name).window:
                raise Violation("more claims than the window allows", new.device)

    def sending(self, command: Command, now: int) -> None:
        life = self.lives[command.id]
        self._require(command.generation not in life.sends, "one attempt was sent twice", life, command.id)
        used = sum(outcome not in NOT_SENT for outcome in life.sends.values())
        enough = used < life.policy.attempts or command.policy.patient
        self._require(enough, "sent more often than there are attempts", life, command.id)
        self._require(len(life.sends) - used < SPINS, "sent over and over to nobody", life, command.id)
        life.sends[command.generation] = None
        life.sent_at = now
        self.counts["sent"] += 1

    def concluded(self, command: Command, outcome: Outcome) -> None:
        self.lives[command.id].sends[command.generation] = outcome
        self.counts[outcome.name.lower()] += 1

    def told(self, command_id: str, status: str, event: str) -> None:
        """An event went to those who listen."""
        life = self.lives[command_id]
        known = life.told.setdefault(status, set())
        self.counts["told again"] += event in known
        known.add(event)

    def check_told(self, command_id: str) -> None:
        """The state in which a command ends was told, always under the same id."""
        life = self.lives[command_id]
        ids = life.told.get(life.status, set())
        self._require(len(ids) > 0, f"nobody was told that it is {life.status}", life, command_id)
        self._require(len(ids) == 1, f"{life.status} was told as {len(ids)} events", life, command_id)

    def answered(self, command_id: str, event: str) -> None:
        self.lives[command_id].answers.add(event)

    def begins(self, command_id: str) -> None:
        """The device is about to say that it is at it."""
        self.lives[command_id].begins = True

    def taken(self, command: Command) -> None:
        """A poll was answered with it."""
        life = self.lives[command.id]
        self.counts["taken"] += 1
        self._require(command.begun is None, "what was begun was given once more", life, command.id)
        told = command.status is S.PROCESSING and command.connector in (None, "poll")
        self._require(told, "a poll was answered with what is not its", life, command.id)

    def report_handled(self, command_id: str) -> None:
        life = self.lives[command_id]
        self.counts["reported"] += 1
        gone = command_id in self.deleted
        self._require(gone or life.final or life.begun, "a report was handled and lost", life, command_id)

    def answer_handled(self, command_id: str) -> None:
        life = self.lives[command_id]
        gone = command_id in self.deleted
        self._require(
            gone or life.status not in (S.PROCESSING, S.RETRYING), "an answer was handled and lost", life, command_id
        )

    def read(self, command: Command, stored: Command | None, now: int) -> None:
        """What a client was told: a final status must stay."""
        life = self.lives[command.id]
        told_by_clock = stored is not None and stored.status is not command.status
        if told_by_clock and now < command.updated + READ_TOLERANCE:
            return
        if command.final:
            self._require(life.reported in (None, command.status), "a client was told two endings", life, command.id)
            life.reported = command.status

    def _rules(self, old: Command, new: Command, life: Life, now: int) -> str | None:
        if old.status not in LEGAL:
            return _final_rules(old, new, life.answers)
        if new.status is not old.status and life.reported not in (None, new.status):
            return f"a client was told {life.reported} already"
        return _record_rules(old, new) or _begun_rules(old, new, life) or self._step_rules(old, new, life, now)

    def _step_rules(self, old: Command, new: Command, life: Life, now: int) -> str | None:
        outcome = life.sends.get(old.generation)
        if self._forgot(old, new, life, outcome):
            return "the acknowledgement was heard, and forgotten by one that lived"
        match new.status:
            case S.PROCESSING if old.status in WAITING:
                return self._claim_rules(new, life)
            case S.PROCESSING:
                return _delivery_rules(new, outcome)
            case S.PROCESSED:
                return _processed_rules(new, outcome, answered=new.answered_by in life.answers)
            case S.EXPIRED if old.due is not None or old.expires is None or now + SKEW < old.expires:
                return "expired while an attempt was under way, or too early"
            case S.ERROR:
                return _error_rules(old, new, life, outcome, now)
            case S.CANCELED if not (life.cancel_asked or life.delete_asked):
                return "nobody canceled this"
            case S.PENDING | S.RETRYING if old.status is S.PROCESSING:
                return _wait_again_rules(old, new, outcome, now)
        return None

    def _forgot(self, old: Command, new: Command, life: Life, outcome: Outcome | None) -> bool:
        """Delivered means delivered: only if its sender died may a command fail that the device acknowledged."""
        failed = old.status is S.PROCESSING and new.status in (S.RETRYING, S.ERROR)
        if not failed or outcome is not Outcome.CONFIRMED or old.policy.ack_mode is AckMode.APPLICATIVE:
            return False
        self.counts["acknowledged, but its sender died"] += 1
        return self._harmed(life.device) < life.sent_at

    def _claim_rules(self, new: Command, life: Life) -> str | None:
        if new.expired(new.updated):
            return "claimed after it expired"
        if new.begun is not None or life.connector is None:
            return None
        others = [(i, o) for i, o in self.open[life.device].items() if i != new.id and o.connector == life.connector]
        window = self._terms(life.device, life.connector).window
        if sum(o.status is S.PROCESSING and not o.begins for _, o in others) >= window:
            return "more in flight than the window allows"
        if window == 1:
            for other_id, other in others:
                if other.returned is not None and other.returned < life.began and other_id < new.id:
                    return f"overtakes {other_id}"
        return None

    def _require(self, holds: bool, rule: str, life: Life, command_id: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise Violation(rule, life.device, command_id)


def _final_rules(old: Command, new: Command, answers: Collection[str]) -> str | None:
    wanted = old
    if old.status is S.PROCESSED and old.answered_by is None and new.answered_by in answers:
        # It did not wait for an answer, and got its first one.
        wanted = replace(old, delivery=DeliveryStatus.REPLIED, response={"event": new.answered_by})
    before = (old.status, wanted.delivery, wanted.response, old.error, old.attempts_used, old.check_at)
    after = (new.status, new.delivery, new.response, new.error, new.attempts_used, new.check_at)
    return None if before == after else "a final command changed"


def _record_rules(old: Command, new: Command) -> str | None:
    if new.status is not old.status and new.status not in LEGAL[old.status]:
        return "illegal transition"
    if new.generation < old.generation:
        return "the generation fell"
    if new.attempts_used > new.policy.attempts:
        return "more attempts than allowed"
    if new.history[: len(old.history)] != old.history and len(old.history) < MAX_HISTORY:
        return "history was rewritten"
    return None


def _delivery_rules(new: Command, outcome: Outcome | None) -> str | None:
    if new.begun is not None:
        return None
    if new.delivery is DeliveryStatus.DELIVERED and outcome is not Outcome.CONFIRMED:
        return "DELIVERED without the device's acknowledgement"
    if new.delivery is DeliveryStatus.SENT and outcome is not Outcome.UNCONFIRMED:
        return "SENT, and nobody knows that"
    return None


def _begun_rules(old: Command, new: Command, life: Life) -> str | None:
    if old.begun is None:
        return None if new.begun is None or life.begins else "begun, but the device did not say so"
    if new.begun != old.begun:
        return "what was begun is begun no more"
    return "what was begun waits again" if new.status in WAITING else None


def _processed_rules(new: Command, outcome: Outcome | None, *, answered: bool) -> str | None:
    if new.delivery is DeliveryStatus.REPLIED:
        return None if answered and new.response == {"event": new.answered_by} else "REPLIED, but the device did not"
    if new.policy.ack_mode is AckMode.APPLICATIVE:
        return "PROCESSED without the device's answer"
    return None if outcome is Outcome.CONFIRMED else "PROCESSED without the device's acknowledgement"


def _error_rules(old: Command, new: Command, life: Life, outcome: Outcome | None, now: int) -> str | None:
    if new.error == "DEVICE_ERROR":
        return None if new.answered_by in life.answers and new.reason == new.answered_by else "the device did not fail"
    if new.error == "DELIVERY_REFUSED":
        return None if outcome is Outcome.REFUSED else "nobody refused this"
    if new.policy.patient:
        return "a patient command was given up"
    if new.attempts_used != life.policy.attempts:
        return "given up with attempts left"
    return _failed_rules(old, outcome, now)


def _wait_again_rules(old: Command, new: Command, outcome: Outcome | None, now: int) -> str | None:
    if new.attempts_used < old.attempts_used and old.policy.patient:
        return None
    if new.attempts_used < old.attempts_used:
        return None if outcome in NOT_SENT else "an attempt that may have arrived does not count"
    return _failed_rules(old, outcome, now)


def _failed_rules(old: Command, outcome: Outcome | None, now: int) -> str | None:
    unconfirmed = outcome is Outcome.UNCONFIRMED and old.policy.ack_mode is not AckMode.APPLICATIVE
    return None if unconfirmed or now + SKEW >= (old.due or 0) else "the attempt failed before it was due"
