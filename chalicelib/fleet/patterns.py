"""Regular expressions that clients send, as far as they cost no more than the text is long, or a little more.

Python's own would let one request of a few characters keep a function busy for hours. So there are at most two
repetitions in one, and none of a group.
"""

import re
from functools import lru_cache

from chalicelib.fleet.errors import Invalid

MOST_REPETITIONS = 2
_SPECIAL = frozenset(".^$*+?{}[]\\|()")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REFERENCE = re.compile(r"\\[1-9]")
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_REPEATED = re.compile(r"[*+]|\{\d*,?\d*\}|\?")


def is_plain(text: str) -> bool:
    """Whether it stands for itself."""
    return not _SPECIAL & set(text)


@lru_cache(maxsize=64)
def compiled(text: str, field: str) -> re.Pattern[str]:
    """Errors: Invalid."""
    # What is escaped or in a class repeats nothing.
    bare = _CLASS.sub("c", _ESCAPED.sub("e", text))
    if "(?" in bare or _REFERENCE.search(text) or re.search(r"\)\s*(?:[*+?{])", bare):
        raise Invalid(f"{field}: a regular expression here repeats no group, and has no (?", field)
    if len(_REPEATED.findall(bare)) > MOST_REPETITIONS:
        raise Invalid(f"{field}: a regular expression here has at most {MOST_REPETITIONS} repetitions", field)
    try:
        return re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise Invalid(f"{field} is no regular expression: {error}", field) from None
