"""Telling applications what devices and other applications publish (manual 5.3.5 to 5.3.8).

Organizations share one broker and the same literal topics, so nothing is published there: each application gets what is
its own by a direct message. Those that are away keep a buffer, as far as their session is durable.
"""

from dataclasses import replace

from chalicelib.dialects.ibm import applications
from chalicelib.dialects.ibm.applications import Application
from chalicelib.dialects.ibm.identity import DIALECT
from chalicelib.dialects.topics import Downlink
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence.records import LONGEST, Route

PATIENCE = 5
"""Seconds that an application has for its PUBACK."""
TRIES = 3


def forward(ports: Ports, tenant: str, message: Downlink) -> None:
    """To every application with a subscription that matches; to each once, of a scalable one to one instance."""
    teams: dict[str, list[Application]] = {}
    for application in applications.every(ports, tenant):
        name = application.filter_for(message.topic)
        if name is not None and application.team is not None:
            teams.setdefault(application.team, []).append(application)
        elif name is not None:
            _give(ports, application, name, message)
    for members in teams.values():
        _give_one(ports, members, message)


def catch_up(ports: Ports, tenant: str, client: str) -> None:
    """Send what is in the buffers of an application that came back; what arrives meanwhile goes behind it."""
    while True:
        application = applications.get(ports, tenant, client)
        if application is None or application.session is None:
            return
        sent = 0
        for name, position, message in applications.waiting(ports, application):
            if not _sent(ports, application, message):
                return
            applications.drop(ports, application, name, position)
            sent += 1
        if not sent and _level(ports, application):
            return


def send(ports: Ports, application: Application, message: Downlink) -> Outcome:
    route = Route(DIALECT, application.client, "", application.client, application.session or "")
    return ports.delivery.message(route, message.topic, message.payload, PATIENCE)


def _sent(ports: Ports, application: Application, message: Downlink) -> bool:
    return any(send(ports, application, message) is Outcome.CONFIRMED for _ in range(TRIES))


def _give(ports: Ports, application: Application, name: str, message: Downlink) -> None:
    lapsed = 0 < application.since < ports.clock.now() - LONGEST
    if application.session is not None and not application.behind and not lapsed:
        # What it does not acknowledge in time it may have all the same: as on a broker with a slow subscriber.
        if send(ports, application, message) is not Outcome.ABSENT:
            return
        if ports.delivery.filters(application.client) is None:
            # It left, and its session was not durable.
            applications.change(ports, application.tenant, application.client, lambda _: None)
            return
    if applications.keep(ports, application, name, message):
        # It came back after we had looked.
        catch_up(ports, application.tenant, application.client)


def _give_one(ports: Ports, members: list[Application], message: Downlink) -> None:
    """Whose turn it is chance decides, as nobody counts; one that has left is passed over. There is no buffer."""
    first = int.from_bytes(ports.chance(4)) % len(members)
    for member in (*members[first:], *members[:first]):
        if member.session is None:
            continue
        if send(ports, member, message) is not Outcome.ABSENT:
            return
        if ports.delivery.filters(member.client) is None:
            applications.change(ports, member.tenant, member.client, lambda _: None)


def _level(ports: Ports, application: Application) -> bool:
    """The buffers are empty: from now on messages go at once. False where one came in just now."""
    levelled = applications.change(
        ports,
        application.tenant,
        application.client,
        lambda a: replace(a, behind=not all(r.empty for r in a.rings.values())),
    )
    return levelled is None or not levelled.behind
