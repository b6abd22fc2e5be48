"""What a static template takes, and what it does."""

from collections.abc import Callable
from typing import NamedTuple

from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row

Handler = Callable[[Publishing, Row, Arguments], None]


class Template(NamedTuple):
    """`least` and `most` are how many arguments it has that are not empty, and all together; None for any number."""

    handler: Handler
    most: int | None
    least: int = 0
