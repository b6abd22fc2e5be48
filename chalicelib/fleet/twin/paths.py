"""Where something is in a device: `/object/instance/resource/resource instance`, as a tuple of up to four numbers."""

import re
from functools import lru_cache

Path = tuple[int, ...]
ROOT: Path = ()
LAST = 65_534
"""The greatest number; 65535 is reserved."""

_PATH = re.compile(r"/?|(?:/(?:0|[1-9][0-9]{0,4})){1,4}/?", re.ASCII)


@lru_cache(maxsize=4096)  # devices report the same ones over and over
def parse(text: str) -> Path:
    """Raises ValueError. `/` is the root; a slash at the end is allowed."""
    if not _PATH.fullmatch(text):
        raise ValueError("no path: write /object/instance/resource/resource instance with whole numbers")
    path = tuple(int(each) for each in text.split("/") if each)
    if any(number > LAST for number in path):
        raise ValueError(f"no number of a path is greater than {LAST}")
    return path


def write(path: Path) -> str:
    return "/" + "/".join(map(str, path))


def is_below(path: Path, base: Path) -> bool:
    """By segments, and itself included: /3/0 is below /3, /33 is not."""
    return path[: len(base)] == base
