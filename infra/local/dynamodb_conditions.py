"""The condition under which most items are written, that there is none yet, without the interpreter of expressions.

moto parses a condition twice a write, with a tree of objects each time, which takes longer than the write.
"""

import re

from moto.dynamodb.responses import DynamoHandler

from infra.local.dynamodb_items import find, key_in

_ABSENT = re.compile(r"attribute_not_exists \((#\w+)\)")
"""As PynamoDB writes it; whatever else is asked, moto reads."""
_FURTHER = {"ExpressionAttributeValues", "Expected", "ConditionalOperator"}


def settle_absence(handler: DynamoHandler) -> None:
    """Take such a condition away from a PutItem where it holds; where it does not, moto refuses as ever.

    Whoever calls holds the lock under which the item is then written.
    """
    body = handler.body
    asked = _ABSENT.fullmatch(body.get("ConditionExpression") or "") if "Item" in body else None
    names = body.get("ExpressionAttributeNames")
    # What is given and not used, or given twice, is for moto to refuse.
    if asked is None or not names or set(names) != {asked[1]} or body.keys() & _FURTHER:
        return
    table = handler.dynamodb_backend.tables.get(body.get("TableName", ""))
    key = key_in(table, body["Item"]) if table else None
    if table is None or key is None:
        return
    there = find(table, key)
    if there is None or names[asked[1]] not in there.attrs:
        del body["ConditionExpression"], body["ExpressionAttributeNames"]
