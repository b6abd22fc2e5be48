"""Lambda's Python: functions run on the version that built them, because Chalice follows the one that runs it."""

import sys
from datetime import date

OLDEST, NEWEST = (3, 13), (3, 14)
ENDS = {
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2026, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
"""Until when AWS mends a runtime (Lambda developer guide, "Lambda runtimes")."""


def version() -> str:
    """That of the Python which runs this, such as 3.13."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def sentence(runtime: str) -> str:
    """What there is to know of a runtime, such as python3.13."""
    end = ENDS.get(runtime)
    return f"{runtime} on arm64, mended by AWS until {end}" if end else f"{runtime}: no runtime that is known here"


def unfit(running: tuple[int, int] = sys.version_info[:2]) -> str | None:
    """Why nothing may be built for Lambda by a Python of that version, if so."""
    if OLDEST <= running <= NEWEST:
        return None
    wanted = f"{OLDEST[0]}.{OLDEST[1]} or {NEWEST[0]}.{NEWEST[1]}"
    return (
        f"functions run on the Python that builds them, which has to be {wanted} and is {running[0]}.{running[1]}: "
        "`make deploy` and `make package` look for one, and LAMBDA_PYTHON=/path/to/python names it"
    )
