"""The Lambda functions as they are deployed: that of the API, and those of `chalicelib/triggers/functions.py`."""

from dataclasses import dataclass

from chalicelib.triggers import functions
from infra.stage import Stage

API = "api_handler"


@dataclass(frozen=True, slots=True)
class Function:
    """`memory` in MB, `timeout` in seconds; the rest as in `triggers/functions.py`."""

    name: str
    memory: int
    timeout: int
    in_background: bool = False
    reserved: int | None = None
    postpones: bool = False


FUNCTIONS = (
    # API Gateway gives up after 29 s.
    Function(API, memory=512, timeout=29),
    *(Function(f.name, f.memory, f.timeout, f.in_background, f.reserved, f.postpones) for f in functions.FUNCTIONS),
)


def deployed_name(function: str, stage: Stage) -> str:
    """As `chalice deploy` names it, which gives the API's function no noun."""
    return f"{stage.app}-{stage.name}" if function == API else stage.called(function)


def log_group(function: str, stage: Stage) -> str:
    """Where a function logs: as `chalice deploy` names the groups that it makes, which gives the API's a noun."""
    return f"/aws/lambda/{stage.called(function)}"


def named(name: str) -> Function:
    return next(f for f in FUNCTIONS if f.name == name)
