"""Conditional writes: whether the condition held.

Each of them closes a race, which a comment at the condition names. One that failed says that somebody else has written
since, or that an answer was lost and the request repeated; who asked decides which (`fleet/compare_and_set.py`).
"""

from collections.abc import Callable

from pynamodb.exceptions import DeleteError, PutError, UpdateError

from chalicelib.store.tables import condition_failed


def held(write: Callable[[], object]) -> bool:
    """Whether the condition of the one item held that `write` writes; where it did not, nothing was written."""
    try:
        write()
    except (PutError, UpdateError, DeleteError) as error:
        if condition_failed(error):
            return False
        raise
    return True
