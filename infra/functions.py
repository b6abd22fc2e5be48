"""The Lambda functions of app.py, and what each of them is given."""

from dataclasses import dataclass

from infra.stage import Stage

API = "api_handler"


@dataclass(frozen=True, slots=True)
class Function:
    """`memory` in MB, `timeout` in seconds; `reserved` is the concurrency that production sets aside, and caps.

    `in_background` functions are invoked asynchronously: what they cannot handle goes to the dead letters.
    """

    name: str
    memory: int
    timeout: int
    in_background: bool = False
    reserved: int | None = None


FUNCTIONS = (
    # API Gateway gives up after 29 s.
    Function(API, memory=512, timeout=29),
    Function("uplink", memory=256, timeout=30, in_background=True),
    Function("presence", memory=256, timeout=30, in_background=True),
    # IoT Core waits 5 s, a cold start included, hence the memory: it buys processor. The cap keeps strangers, who
    # reach this function without a credential, from using up the concurrency that the fleet needs.
    Function("authorizer", memory=512, timeout=5, reserved=150),
    # What devices send over CoAP; their gateway waits for the answer, as they do.
    Function("lwm2m", memory=512, timeout=20),
    # Mostly waits for a device's acknowledgement, 15 s at most, and leaves off 25 s before its end.
    # Shorter than the lease of a claim, after which that counts as its holder's legacy (fleet/presence/mailbox.py).
    Function("deliver", memory=256, timeout=50, in_background=True),
    # Delivers a queue for as long as it may, as deliver does.
    Function("pump", memory=256, timeout=50, in_background=True),
    # A webhook may take 5 s; SQS hides a message for 30 s, which must be longer than this.
    Function("push", memory=256, timeout=25),
    # Calls of IoT Core's control plane are allowed ten times a second each.
    Function("activate", memory=256, timeout=30, in_background=True, reserved=1),
    # DeleteConnection is allowed 100 times a second: with this cap Lambda's own queue is the valve.
    Function("disconnect", memory=256, timeout=30, in_background=True, reserved=5),
    Function("settle", memory=256, timeout=30),
    # One a minute; two at once would only get into each other's way.
    Function("sweep", memory=512, timeout=55, in_background=True, reserved=1),
)


def deployed_name(function: str, stage: Stage) -> str:
    """As `chalice deploy` names it, which gives the API's function no noun."""
    return f"{stage.app}-{stage.name}" if function == API else stage.called(function)


def log_group(function: str, stage: Stage) -> str:
    """Where a function logs: as `chalice deploy` names the groups that it makes, which gives the API's a noun."""
    return f"/aws/lambda/{stage.called(function)}"


def named(name: str) -> Function:
    return next(f for f in FUNCTIONS if f.name == name)
