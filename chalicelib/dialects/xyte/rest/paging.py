"""Pages of the organization's lists: `next_page` of an answer is the `page` of the next request, null at the end.

The vendor numbers its pages. Here they go by where the last one ended, so that the hundredth costs what the first does;
1 is the first page as well.
"""

import re

from chalicelib.web.parameters import Kind, Parameter

FIRST = "1"
DEFAULT, MOST = 100, 500
PAGES = (
    Parameter(
        "page",
        default=None,
        bounds=(1, 512),
        pattern=re.compile(r"[ -~]+"),
        explained="`next_page` of the answer before; 1 or none for the first.",
    ),
    Parameter("per_page", Kind.INTEGER, default=DEFAULT, bounds=(1, MOST)),
)


def after(page: str | None) -> str | None:
    """Where the page begins: None at the start."""
    return None if page in (None, FIRST) else page


def next_page(cursor: str | None) -> str | None:
    return cursor
