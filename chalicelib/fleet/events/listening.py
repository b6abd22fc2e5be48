"""What dialects listen to: a policy of their own says so, which whoever tells an event knows anyway.

Where nobody listens there is no such policy, and no event costs a read or a write more.
"""

from collections.abc import Callable

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter
from chalicelib.fleet.ports import Ports


def settle(ports: Ports, tenant: str, dialect: str, policy: str, wanted: Callable[[], set[EventKind]]) -> None:
    """Let the policy name the kinds that are wanted by now; none, and it goes.

    Who comes and goes at the same time settles, too, each after its own write, and the last one to look has seen what
    everybody wrote. Errors: Contended.
    """

    def told() -> bool | Again:
        kinds = {str(kind) for kind in wanted()}
        held = next((p for p in ports.policies.all(tenant) if p.id == policy), None)
        if (set(held.triggers) if held else set()) == kinds:
            return True
        if not kinds:
            ports.policies.delete(tenant, policy)
            return AGAIN
        triggers = {kind: Filter() for kind in sorted(kinds)}
        now = ports.clock.now()
        ports.policies.put(ActionPolicy(tenant, policy, dialect, policy, now, triggers=triggers, listens=True))
        return AGAIN

    insist(ports, f"what {policy} of this tenant listen to", told)
