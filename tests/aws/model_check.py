"""PynamoDB lets botocore send parameters unchecked; here they are checked all the same.

Also what DynamoDB refuses and moto does not: text that is no Unicode, and keys that are too long.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.model import OperationModel
from botocore.validate import ParamValidator

EVENT = "before-parameter-build"
_LONGEST, _LONGEST_SORT = 2_048, 1_024
"""Bytes of a key, and of a sort key."""


def check(params: Mapping[str, Any], model: OperationModel, **_: Any) -> None:
    """A handler for `EVENT` of botocore. Errors: ParamValidationError."""
    report = ParamValidator().validate(params, model.input_shape)
    if report.has_errors():
        raise ParamValidationError(report=f"{model.name}: {report.generate_report()}")
    try:
        json.dumps(params, ensure_ascii=False, default=repr).encode()
    except UnicodeEncodeError as error:
        raise ParamValidationError(report=f"{model.name}: {error}") from error
    if model.service_model.service_name != "dynamodb":
        return
    for key in _keys(params):
        sizes = sorted(len(str(value.get("S", "")).encode()) for value in key.values())
        # Which of two is the sort key only the table knows: a key is refused where neither could be.
        if sizes[-1] > _LONGEST or (len(sizes) > 1 and sizes[0] > _LONGEST_SORT):
            raise ParamValidationError(report=f"{model.name}: a key of {sizes[-1]} bytes")


def _keys(params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Whatever is looked for or written by its key, in single, batched and transactional requests."""
    if "Key" in params:
        yield params["Key"]
    for request in params.get("RequestItems", {}).values():
        yield from request.get("Keys", ()) if isinstance(request, Mapping) else ()
        yield from (one["DeleteRequest"]["Key"] for one in request if "DeleteRequest" in one)
    for item in params.get("TransactItems", ()):
        yield from (action["Key"] for action in item.values() if "Key" in action)
