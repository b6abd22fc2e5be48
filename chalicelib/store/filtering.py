"""What DynamoDB looks at without sending it: the same read units, and nothing to read but what is wanted."""

import json
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.fleet.frozen import dataclass

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Looked(Generic[M]):
    """`cursor` is the key that was looked at last, None at the end."""

    items: Sequence[M]
    cursor: dict[str, Any] | None


def looked_at(
    model: type[M], key: str, bound: Condition | None, wanted: Condition, *, limit: int, index: str, forward: bool
) -> Looked[M]:
    """Those `wanted` of the next `limit` items, or of as many as one query reads. PynamoDB's own goes on to the end."""
    connection = model._get_connection()  # noqa: SLF001 - what Model.query itself calls, page by page
    page = connection.query(key, bound, wanted, limit=limit, index_name=index, scan_index_forward=forward)
    return Looked([model.from_raw_data(item) for item in page["Items"]], page.get("LastEvaluatedKey"))


def in_a_document(text: str) -> str:
    """As it stands in the documents that `shapes.Kind` writes."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
