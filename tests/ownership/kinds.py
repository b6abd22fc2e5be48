"""What may come of a client id: every kind of event of every function, and every message of a dialect."""

import importlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from chalicelib.aws import later, pushes
from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.dialects.topics import Direction, overlap
from chalicelib.fleet.commands.finishing import NotDue
from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.jobs import Job
from chalicelib.triggers.functions import FUNCTIONS
from tests.dialects.walked import CLIENT, messages, written
from tests.ownership.scene import MINUTE, QUEUE, Event, Instance, Scene
from tests.ownership.side import Who

Kind = Callable[[Scene, str], Event]
"""The event as the broker, or whoever else, makes it now, with a word of the old tenant in it."""


def kinds(who: Who) -> dict[str, Kind]:
    """Of a client of that mode of that dialect, by name."""
    made = [one for function in FUNCTIONS for one in OF_FUNCTIONS[function.name](who).items()]
    assert len(dict(made)) == len(made)
    return dict(made)


def topics_of(who: Who) -> list[str]:
    """The filters of good messages that such a client may send."""
    dialect, mode = who
    ups = [t.filter for t in registry.topics(dialect).TOPICS if (t.direction, t.mode) == (Direction.UP, mode)]
    return [pattern for pattern in messages(dialect).GOOD if any(overlap(pattern, up) for up in ups)]


def said(
    scene: Scene,
    dialect: str,
    pattern: str,
    word: str,
    *,
    known: bool = True,
    session: str = "s-old",
    client: str = "",
) -> Event:
    """A good message with that word in it, on a topic that names what is there, or with the word in that as well."""
    topic, good = pattern, messages(dialect).GOOD[pattern]
    if known:
        for levels, names in messages(dialect).KNOWN.items():
            topic = topic.replace(levels, names.replace(CLIENT, client or scene.client))
    # What is called so is a name and a format.
    topic = topic.replace("+", "json" if known else word)
    text = written(good, word).decode().replace('"cid": 7', f'"cid": {scene.correlation}')
    return scene.message(topic, text.replace("0" * 24, scene.command).encode(), session, client)


def _messages(who: Who) -> dict[str, Kind]:
    dialect, _ = who
    made: dict[str, Kind] = {}
    for pattern in topics_of(who):
        made[f"publish {pattern}"] = lambda s, w, p=pattern: said(s, dialect, p, w)  # type: ignore[misc]
        # Those of a filter that takes anything below it are variations enough.
        if "+" in pattern and pattern in {t.filter for t in registry.topics(dialect).TOPICS}:
            made[f"publish {pattern} of another"] = lambda s, w, p=pattern: said(s, dialect, p, w, known=False)  # type: ignore[misc]
    for root in registry.topics(dialect).ROOTS:
        made[f"publish {root}"] = lambda s, w, r=root: s.message(f"{r}/{w}", b"{}")  # type: ignore[misc]
    return made | _messages_beside(who)


def _messages_beside(who: Who) -> dict[str, Kind]:
    """Of other clients of the tenant, which the one that changes hands may hear of."""
    dialect, own = who

    def spoken(scene: Scene, word: str, mode: str, pattern: str) -> Event:
        client = scene.old.inhabitant.logins[mode].client
        return said(scene, dialect, pattern, word, session=scene.beside(mode), client=client)

    made: dict[str, Kind] = {}
    for mode in sorted({t.mode for t in registry.topics(dialect).TOPICS} - {own}):
        for pattern in topics_of((dialect, mode))[:1]:
            made[f"a {mode} publishes {pattern}"] = lambda s, w, m=mode, p=pattern: spoken(s, w, m, p)  # type: ignore[misc]
    return made


def _lifecycle(_: Who) -> dict[str, Kind]:
    refused = {"connectFailureReason": "AUTHORIZATION_FAILED"}
    return {
        "connected": lambda s, _: s.lifecycle("connected", "s-old-2"),
        "subscribed": lambda s, _: s.lifecycle("subscribed", "s-old-2"),
        "subscribed again": lambda s, _: s.lifecycle("subscribed", "s-old"),
        "unsubscribed": lambda s, _: s.lifecycle("unsubscribed", "s-old"),
        "disconnected": lambda s, _: s.lifecycle("disconnected", "s-old"),
        "thrown out": lambda s, w: s.lifecycle("disconnected", "s-old", disconnectReason="CLIENT_ERROR", word=w),
        "told two minutes late": lambda s, _: s.lifecycle("connected", "s-old-3", wrong=2 * MINUTE),
        "connection failed": lambda s, _: s.lifecycle("connect_failed", "s-old-4", **refused),
        "subscription refused": lambda s, w: s.lifecycle("subscribe_refused", "s-old", topics=[w]),
    }


_BODIES: Mapping[Job, Callable[[Scene], dict[str, Any]]] = {
    Job.DELIVER: lambda s: {"tenant": s.old.tenant, "device": s.device or s.client},
    Job.WAKE: lambda s: {"tenant": s.old.tenant, "gateway": s.client},
    Job.DISCONNECT: lambda s: {"client": s.client, "tenant": s.old.tenant},
    Job.FENCE: lambda s: {"client": s.client, "generation": s.claim.generation},
    Job.REVOKE: lambda s: {"tenant": s.old.tenant, "key": s.old.rest.master.id, "after": None},
    Job.PUMP: lambda s: {"tenant": s.old.tenant, "queue": QUEUE},
    Job.PURGE: lambda s: {"tenant": s.old.tenant, "queue": QUEUE, "purge": s.command},
}


def _jobs(*jobs: Job) -> Callable[[Who], dict[str, Kind]]:
    def asked(job: Job, scene: Scene) -> Event:
        event = {"kind": job, **_BODIES[job](scene)}
        # What fails so is tried again.
        return _called(_FUNCTION_OF[job], event, TemporarilyUnavailable)

    made: dict[str, Kind] = {str(job): lambda s, _, j=job: asked(j, s) for job in jobs}  # type: ignore[misc]
    return lambda _: made


def _called(function: str, event: Mapping[str, Any], *passing: type[Exception]) -> Event:
    known = next(each for each in FUNCTIONS if each.name == function)
    module, _, name = known.handler.partition(".")
    handler = getattr(importlib.import_module(f"chalicelib.triggers.{module}"), name)

    def call(instance: Instance) -> None:
        with suppress(*passing):
            handler(instance, dict(event), *(() if known.takes is None else (MINUTE,)))

    return call


def _timers(_: Who) -> dict[str, Kind]:
    def ran_out(scene: Scene, _: str) -> Event:
        ports, tenant = scene.ports, scene.old.tenant
        subjects = [dict(subject) for _, subject in ports.deadlines.running.values() if subject["tenant"] == tenant]
        commands = [command for (owner, _), command in ports.commands.rows.items() if owner == tenant]
        subjects += [{"tenant": tenant, "device": c.device, "command": c.id} for c in commands]
        calls = [_called("settle", subject, NotDue) for subject in subjects]

        def call(instance: Instance) -> None:
            for one in calls:
                one(instance)

        return call

    return {"time-out": ran_out}


def _webhooks(_: Who) -> dict[str, Kind]:
    def pushed(scene: Scene, _: str) -> Event:
        def call(instance: Instance) -> None:
            records = [{"body": pushes.dump(each)} for each in scene.ports.pushes.sent]
            _called("push", {"Records": records})(instance)

        return call

    return {"webhook": pushed}


def _put_off(who: Who) -> dict[str, Kind]:
    """What came of its messages that is to be looked at again; of most dialects' nothing."""
    dialect, _ = who

    def resumed(scene: Scene, word: str) -> Event:
        for pattern in topics_of(who):
            said(scene, dialect, pattern, word)(scene.instances[0])
        records = [{"body": later.dump(name, matter)} for name, matter, _ in scene.ports.background.matters]
        return _called("later", {"Records": records}, TemporarilyUnavailable)

    return {"later": resumed} if dialect in registry.having(Part.RESUMING) else {}


def _sweep(_: Who) -> dict[str, Kind]:
    return {"sweep": lambda _, __: _called("sweep", {})}


def _nothing(_: Who) -> dict[str, Kind]:
    return {}


_DELIVER, _PUMP = (Job.DELIVER, Job.WAKE), (Job.PUMP, Job.PURGE)
_DISCONNECT = (Job.DISCONNECT, Job.FENCE, Job.REVOKE)
_FUNCTION_OF = {
    **dict.fromkeys(_DELIVER, "deliver"),
    **dict.fromkeys(_PUMP, "pump"),
    **dict.fromkeys(_DISCONNECT, "disconnect"),
}
JOBS = frozenset(_BODIES)
OF_FUNCTIONS: Mapping[str, Callable[[Who], dict[str, Kind]]] = {
    "uplink": _messages,
    "presence": _lifecycle,
    "deliver": _jobs(*_DELIVER),
    "pump": _jobs(*_PUMP),
    "disconnect": _jobs(*_DISCONNECT),
    "settle": _timers,
    "sweep": _sweep,
    "push": _webhooks,
    "later": _put_off,
    # Who knocks is one of the ways.
    "authorizer": _nothing,
    # It names a certificate, and no client.
    "activate": _nothing,
    # Its clients have no client id: tests/dialects/lwm2m/test_ownership.py.
    "lwm2m": _nothing,
}
