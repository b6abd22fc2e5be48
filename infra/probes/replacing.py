"""How long nobody answers devices of LwM2M while the stage's CoAP gateway is replaced: they greet it each second."""

from collections.abc import Callable
from typing import Any

from infra.probes.questions import Answer, Asked
from infra.stage import Stage
from infra.templates.gateway_facts import BALANCED

PROMISED_S = 90.0
_EVERY_S, _LONGEST_S = 1.0, 900.0
_AFTERWARDS = 10
"""Answers in a row, after which what took over is taken to be there."""
Clients = Callable[[str], Any]
Over = Callable[[], bool]


def began(stage: Stage, form: str, clients: Clients) -> Over:
    """Have the gateway replaced by one like it; what is answered says whether that is done."""
    name = stage.called("gateway")
    if form == BALANCED:
        ecs = clients("ecs")
        ecs.update_service(cluster=name, service=name, forceNewDeployment=True)

        def settled() -> bool:
            (service,) = ecs.describe_services(cluster=name, services=[name])["services"]
            return [each.get("rolloutState") for each in service["deployments"]] == ["COMPLETED"]

        return settled
    scaling = clients("autoscaling")
    # As the deployment does it: two at once would wait for each other.
    preferences = {"MinHealthyPercentage": 0, "InstanceWarmup": 0}
    begun = scaling.start_instance_refresh(AutoScalingGroupName=name, Preferences=preferences)

    def refreshed() -> bool:
        (found,) = scaling.describe_instance_refreshes(
            AutoScalingGroupName=name, InstanceRefreshIds=[begun["InstanceRefreshId"]]
        )["InstanceRefreshes"]
        return bool(found["Status"] in ("Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"))

    return refreshed


def silence(answers: Callable[[], bool], over: Over, now: Callable[[], float], pause: Callable[[float], None]) -> float:
    """The longest time in seconds without an answer, from before the change until after it; infinite if for good."""
    first = last = now()
    longest, running = 0.0, 0
    while running < _AFTERWARDS:
        if now() - first > _LONGEST_S:
            return float("inf")
        if answers():
            longest, last = max(longest, now() - last), now()
            running = running + 1 if over() else 0
        else:
            running = 0
        pause(_EVERY_S)
    return longest


def judged(longest: float) -> Answer:
    found = f"silent for {longest:.0f} s at the longest" if longest < _LONGEST_S else "nobody answered any more"
    return Answer(Asked.REPLACED, longest <= PROMISED_S, found)
