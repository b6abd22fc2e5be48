"""PynamoDB lets botocore send parameters unchecked; here they are checked all the same.

Also what DynamoDB refuses and moto does not: text that is no Unicode.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.model import OperationModel
from botocore.validate import ParamValidator

EVENT = "before-parameter-build"


def check(params: Mapping[str, Any], model: OperationModel, **_: Any) -> None:
    """A handler for `EVENT` of botocore. Errors: ParamValidationError."""
    report = ParamValidator().validate(params, model.input_shape)
    if report.has_errors():
        raise ParamValidationError(report=f"{model.name}: {report.generate_report()}")
    try:
        json.dumps(params, ensure_ascii=False, default=repr).encode()
    except UnicodeEncodeError as error:
        raise ParamValidationError(report=f"{model.name}: {error}") from error
