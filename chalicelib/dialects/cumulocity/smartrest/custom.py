"""Messages by templates of one's own: `s/uc/{xid}`, `s/ud`, and `s/ut/{xid}` (guide "SmartREST 2.0").

A collection may be made at this very moment by a message that is taken beside this one: what is unknown is tried again
for a while before it is refused.
"""

import base64
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import naming, replying, topics
from chalicelib.dialects.cumulocity.smartrest import collections, requests, responses, rows, static
from chalicelib.dialects.cumulocity.smartrest.collections import Collection
from chalicelib.dialects.cumulocity.smartrest.faults import FAILED, NO_COLLECTION, NOT_MADE, UNKNOWN, Fault
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.speaking import Speaker
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet.errors import Contended, FleetError, TemporarilyUnavailable, Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim

AGAIN, TRIES = 5, 6
"""Seconds until an unknown collection is looked for again, and how often."""
LARGEST = 100_000
"""Bytes of a message that is tried again."""


def receive(speaker: Speaker, xid: str, down: str, tried: int = 0) -> None:
    """`down` is where responses go. Errors: Malformed, for the last row that was wrong."""
    found = collections.find(speaker.ports, speaker.tenant, xid) if collections.XID.fullmatch(xid) else None
    every = list(rows.parse(static.text_of(speaker)))
    if not every:
        raise Malformed("the message has no rows")
    if found is None:
        if tried < TRIES and collections.XID.fullmatch(xid) and len(speaker.uplink.payload) <= LARGEST:
            _put_off(speaker, tried)
            return
        raise static.told(speaker, every[0], Fault(NO_COLLECTION, f"there is no collection {xid[:64]}"))
    wrong: list[Fault] = []
    answers: list[str] = []
    for row in every[: rows.MOST]:
        fault = _attempt(speaker, row, found[1], answers)
        if fault is not None:
            wrong.append(static.told(speaker, row, fault))
    if answers:
        replying.reply(speaker.ports, speaker.claim, down, "\n".join(answers), speaker.uplink.event)
    if wrong:
        raise wrong[-1]


def _attempt(speaker: Speaker, row: Row, collection: Collection, answers: list[str]) -> Fault | None:
    request = collection.requests.get(row.id)
    if request is None:
        return Fault(UNKNOWN, f"the collection has no request {row.id[:64]}")
    try:
        document = requests.execute(speaker, row, request)
    except Fault as fault:
        return fault
    except (TemporarilyUnavailable, Contended, Unauthenticated):
        raise
    except FleetError as error:
        return Fault(FAILED, str(error))
    if request.responds and (answer := responses.render(collection, document)):
        answers.append(answer)
    return None


def _put_off(speaker: Speaker, tried: int) -> None:
    claim, uplink = speaker.claim, speaker.uplink
    matter = {
        "kind": "custom",
        "tenant": claim.tenant,
        "client": claim.client,
        "generation": claim.generation,
        "mode": speaker.mode.value,
        "topic": uplink.topic,
        "payload": base64.b64encode(uplink.payload).decode(),
        "at": uplink.at,
        "event": uplink.event,
        "tried": tried + 1,
    }
    speaker.ports.background.later(naming.DIALECT, matter, AGAIN)


def resume(ports: Ports, matter: Mapping[str, Any]) -> tuple[Claim, Uplink, int] | None:
    """What was put off, if its client is still whose it was."""
    claim = ports.claims.current(str(matter["client"]))
    if claim is None or (claim.tenant, claim.generation) != (matter["tenant"], matter["generation"]):
        return None
    payload = base64.b64decode(matter["payload"])
    return claim, Uplink(str(matter["topic"]), payload, int(matter["at"]), str(matter["event"])), int(matter["tried"])


def collection(speaker: Speaker, xid: str) -> None:
    """`s/ut/{xid}`: make a collection; without rows, tell whether there is one. Errors: Malformed."""
    every = list(rows.parse(static.text_of(speaker)))
    if not collections.XID.fullmatch(xid):
        wrong = f"the id of a collection has 1 to 60 characters without /, + and #, not {xid[:64]!r}"
        text = rows.render((str(NOT_MADE), xid[:64], wrong))
        replying.error(speaker.ports, speaker.claim, text, f"{speaker.uplink.event}:row")
        raise Malformed(wrong)
    if not every:
        found = collections.find(speaker.ports, speaker.tenant, xid)
        answer = ("20", xid, found[0].id) if found is not None else ("41", xid)
        _tell(speaker, answer)
        return
    try:
        said = speaker.uplink.at, speaker.stamp(0)
        made = collections.make(speaker.ports, speaker.tenant, speaker.owner, xid, every, said)
    except Fault as fault:
        known = collections.find(speaker.ports, speaker.tenant, xid)
        text = rows.render((str(NOT_MADE), xid, str(fault)))
        replying.error(speaker.ports, speaker.claim, text, f"{speaker.uplink.event}:{'made' if known else 'row'}")
        raise
    _tell(speaker, ("20", xid, made.id))


def _tell(speaker: Speaker, values: tuple[str, ...]) -> None:
    replying.reply(speaker.ports, speaker.claim, topics.TEMPLATES, rows.render(values), speaker.uplink.event)
