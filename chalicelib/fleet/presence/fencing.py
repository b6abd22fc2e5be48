"""Letting go of client ids, and the fence that an id goes through to another tenant.

Whoever takes an id from somebody writes its claim anew and asks for `close` in the background: the presence of the old
holder ends, its connection is closed without its will, and the broker is asked until it knows of none. Whoever knocks
meanwhile is refused, and asks once more for what may have been left undone.
"""

from dataclasses import replace

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import Forbidden, TemporarilyUnavailable
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import connecting, relaying
from chalicelib.fleet.presence.claims import Claim, Fence, opened, succeeded, vacated
from chalicelib.fleet.queues import consuming
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.records import Share, Stored

GRACE = 6_000
"""How long (ms) after the authorizer's yes a connection may still come about: it has 5 s for its answer."""
PAUSE = 1_100
"""Milliseconds between two questions to the broker, which answers one a second and client."""


def release(ports: Ports, claim: Claim) -> bool:
    """Nobody's from now on; False where it is not this claim any more."""
    vacant = vacated(claim, ports.clock.now())
    if not ports.claims.replace(claim, vacant, returned=_share(ports, claim)):
        return False
    ask(ports, vacant)
    return True


def give(ports: Ports, client: str, tenant: str) -> Claim:
    """The id is that tenant's from now on, whoever has it; its client may connect once the fence is open."""

    def given_to() -> Claim | Again:
        held = ports.claims.current(client)
        if held is not None and held.tenant == tenant:
            # Given already, perhaps by us: a write whose answer was lost is repeated, and then it fails.
            ask(ports, held)
            return held
        now = ports.clock.now()
        given = succeeded(held, Claim(client, tenant, "", "", None, now), now, ports.fence_rest)
        # Its client may connect at the same time, or another operator give it away.
        if held is None:
            written = ports.claims.put_new(given)
        else:
            written = ports.claims.replace(held, given, returned=_share(ports, held))
        if not written:
            return AGAIN
        ask(ports, given)
        return given

    return insist(ports, f"the claim of {client}", given_to)


def displace(ports: Ports, held: Claim, new: Claim | None) -> bool:
    """Take the id from a client that must give way: for `new`, or for the first device that comes."""
    now = ports.clock.now()
    taken = vacated(held, now, devices=True) if new is None else succeeded(held, new, now, ports.fence_rest)
    if not ports.claims.replace(held, taken, returned=_share(ports, held)):
        return False
    ask(ports, taken)
    return True


def ensure_open(ports: Ports, claim: Claim) -> Claim:
    """The claim, if nobody else's connection can be in the way. Errors: Forbidden."""
    present = opened(claim, ports.clock.now(), ports.fence_rest)
    if present.fence is None:
        return present
    if claim.left and claim.fence is not None:
        # Where its client comes back at this moment the write fails: then it has the id.
        ports.claims.replace(claim, replace(claim, fence=replace(claim.fence, wanted=True)))
    ask(ports, claim)
    raise Forbidden("this client id was another tenant's until now and is not free yet; connect again in a few minutes")


def ask(ports: Ports, claim: Claim) -> None:
    """Let what a fence waits for be done, unless it has been."""
    if claim.fence is not None and not claim.fence.done:
        ports.background.fence(claim.client, claim.generation)


def left(ports: Ports, claim: Claim) -> None:
    """A client that is no device has gone: its claim ends with its connection."""
    if claim.guest:
        ports.background.fence(claim.client, claim.generation)


def close(ports: Ports, client: str, generation: int, until: int) -> None:
    """Do what a fence waits for, as long as the clock does not show `until` (ms).

    A claim that has no fence is that of a client which is said to have left. TemporarilyUnavailable while the broker
    still knows of a connection, or does not answer: it will be tried again.
    """
    claim = ports.claims.current(client)
    if claim is None or claim.generation != generation:
        if claim is None or not claim.mode:
            # Nobody was admitted since; who still is connected has no claim.
            ports.delivery.disconnect(client)
        return
    if claim.fence is None:
        _vacate_if_gone(ports, claim)
    elif not claim.fence.done and not claim.left:
        # That a client left is told twice at times, and by others who knock: it ends nothing that is kept for it.
        _close(ports, claim, claim.fence, until)


def _close(ports: Ports, claim: Claim, fence: Fence, until: int) -> None:
    if fence.ending is None:
        fence = replace(fence, ending=ports.clock.now())
        # Whoever held it may come back at this moment: either that is seen here, or they begin a new generation.
        if not ports.claims.replace(claim, replace(claim, fence=fence)):
            return
        claim = replace(claim, fence=fence)
    if fence.gone is not None and ports.delivery.connected(claim.client):
        fence = replace(fence, gone=None)
    if fence.closed is None:
        _end(ports, claim)
        fence = replace(fence, closed=ports.clock.now())
    if _disconnected(ports, claim, fence, until):
        ports.claims.replace(claim, replace(claim, fence=replace(fence, gone=fence.gone or ports.clock.now())))
        return
    ports.claims.replace(claim, replace(claim, fence=replace(fence, gone=None)))
    raise TemporarilyUnavailable(f"the broker still knows of a connection of {claim.client}")


def _disconnected(ports: Ports, claim: Claim, fence: Fence, until: int) -> bool:
    """Close the old holder's connection, and one that was on its way when it lost the id."""
    ports.delivery.disconnect(claim.client)
    ports.pause(max(0, fence.at + _grace(ports) - ports.clock.now()))
    for _ in range(max(1, (until - ports.clock.now()) // PAUSE)):
        if not ports.delivery.connected(claim.client):
            return True
        ports.delivery.disconnect(claim.client)
        ports.pause(PAUSE)
    return False


def _vacate_if_gone(ports: Ports, claim: Claim) -> None:
    """End the claim of a client that is no device. What it left behind is kept until somebody else takes the id."""
    if not claim.guest:
        return
    # It may have been admitted again just now and be about to connect.
    ports.pause(max(0, (claim.seen or 0) + _grace(ports) - ports.clock.now()))
    if not ports.delivery.connected(claim.client):
        now = ports.clock.now()
        # An admission meanwhile has renewed `seen`: then it is not this claim any more.
        ports.claims.replace(claim, vacated(claim, now, gone=now), returned=_share(ports, claim))


def _end(ports: Ports, claim: Claim) -> None:
    """End what is known of the last holder's connection; what waits for its device goes on waiting."""
    if not claim.former:
        return
    last, now = claim.former[-1], ports.clock.now()
    old = replace(
        claim,
        tenant=last.tenant,
        dialect=last.dialect,
        mode=last.mode,
        device=last.device,
        connector=last.connector,
        node=last.node,
        relays=last.relays,
        generation=last.generation,
        fence=None,
    )
    if old.device is not None:
        connecting.fenced(ports, old, now)
    if (old.device is None and old.connector) or old.relays or ports.gateways.get(old.tenant, old.own_node) is not None:
        relaying.fenced(ports, old, now)
    if ports.consumers.get(old.tenant, old.client) is not None:
        consuming.fenced(ports, old, now)
    ports.listeners.fenced(old, now)


def _share(ports: Ports, claim: Claim) -> Share | None:
    """What a claim gives back of its tenant's quota: devices give theirs back themselves."""
    return quotas.share(ports, claim.tenant, Stored.DEVICES) if claim.guest else None


def _grace(ports: Ports) -> int:
    return min(GRACE, ports.fence_rest // 2)
