"""PynamoDB lets botocore send parameters unchecked; here they are checked all the same."""

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
