"""What botocore knows of services that no function calls, and what of Powertools none uses: both stay out."""

import shutil
from pathlib import Path

SERVICES = frozenset({"dynamodb", "iot", "iot-data", "lambda", "s3", "sqs", "ssm", "stepfunctions", "sts"})
"""Those that functions call, by botocore's names; `sts` is for credentials that it looks up by itself."""
_DATA = Path("botocore", "data")
_POWERTOOLS = Path("aws_lambda_powertools", "utilities")
_USED = frozenset({"jmespath_utils", "typing"})
"""Of Powertools' utilities; its Logger asks for them."""
_OTHERS = (
    *("bin", "aws_lambda_powertools/event_handler", "jsonschema/tests", "referencing/tests"),
    # cryptography loads the compiled half of cffi, which stands beside it; the rest compiles.
    *("cffi", "pycparser"),
    # Lambda's system has time zones of its own.
    "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz",
)


def slim(folder: Path) -> None:
    """Take out of an installation in `folder` what Lambda never reads."""
    for described in (folder / _DATA).iterdir():
        if described.is_dir() and described.name not in SERVICES:
            shutil.rmtree(described)
    for utility in (folder / _POWERTOOLS).iterdir():
        if utility.is_dir() and utility.name not in _USED:
            shutil.rmtree(utility)
    for other in (folder / name for name in _OTHERS):
        if other.is_dir():
            shutil.rmtree(other)
        else:
            other.unlink(missing_ok=True)
