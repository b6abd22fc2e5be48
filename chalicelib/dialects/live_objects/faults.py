"""What is wrong with a message of which the rest was taken."""

from collections.abc import Collection, Sequence

from chalicelib.dialects.registry import Malformed

_TOLD = 5
_NAMED = 5


def tell(faults: Sequence[str]) -> None:
    """Errors: Malformed with the first of the faults, if there are any."""
    if faults:
        raise Malformed("; ".join(faults[:_TOLD]))


def left_out(names: Collection[str], why: str) -> list[str]:
    """The fault that these are not stored; none where there are none."""
    if not names:
        return []
    shown = ", ".join(name[:64] for name in sorted(names)[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"{why}: {shown}{more} left out"]
