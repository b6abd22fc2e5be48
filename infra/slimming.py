"""What botocore knows of services that no function calls is most of it, and stays out of the archive."""

import shutil
from pathlib import Path

SERVICES = frozenset({"dynamodb", "iot", "iot-data", "lambda", "s3", "sqs", "ssm", "stepfunctions", "sts"})
"""Those that functions call, by botocore's names; `sts` is for credentials that it looks up by itself."""
_DATA = Path("botocore", "data")
_OTHERS = ("bin", "aws_lambda_powertools/event_handler/openapi/swagger_ui", "jsonschema/tests", "referencing/tests")


def slim(folder: Path) -> None:
    """Take out of an installation in `folder` what Lambda never reads."""
    for described in (folder / _DATA).iterdir():
        if described.is_dir() and described.name not in SERVICES:
            shutil.rmtree(described)
    for other in _OTHERS:
        shutil.rmtree(folder / other, ignore_errors=True)
