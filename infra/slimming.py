"""What botocore knows of services that no function calls, and what of Powertools none uses: both stay out.

What stays of botocore's data is read at every cold start, by each function anew: it is kept without its documentation,
with the endpoints of those services alone, and uncompressed, which the archive is anyway.
"""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

SERVICES = frozenset({"dynamodb", "iot", "iot-data", "lambda", "s3", "sqs", "ssm", "stepfunctions", "sts"})
"""Those that functions call, by botocore's names; `sts` is for credentials that it looks up by itself."""
_ENDPOINTS = SERVICES - {"iot-data", "stepfunctions"} | {"data-ats.iot", "data.iot", "states"}
"""The same as `endpoints.json` has them, by their prefixes."""
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
    _lighten(folder / _DATA)
    for utility in (folder / _POWERTOOLS).iterdir():
        if utility.is_dir() and utility.name not in _USED:
            shutil.rmtree(utility)
    for other in (folder / name for name in _OTHERS):
        if other.is_dir():
            shutil.rmtree(other)
        else:
            other.unlink(missing_ok=True)


def _lighten(data: Path) -> None:
    for described in data.glob("*/*/*.json.gz"):
        described.with_suffix("").write_text(_compact(json.loads(gzip.decompress(described.read_bytes()))))
        described.unlink()
    for examples in data.glob("*/*/examples-1.json"):
        examples.unlink()
    endpoints = data / "endpoints.json"
    known = json.loads(endpoints.read_text())
    for partition in known["partitions"]:
        partition["services"] = {name: at for name, at in partition["services"].items() if name in _ENDPOINTS}
    endpoints.write_text(_compact(known))


def _compact(value: Any) -> str:
    return json.dumps(_undocumented(value), separators=(",", ":"))


def _undocumented(value: Any) -> Any:
    """Without the sentences of documentation; a shape or member of that name is no sentence and stays."""
    if isinstance(value, dict):
        return {
            name: _asked_for(each) if name == "clientContextParams" else _undocumented(each)
            for name, each in value.items()
            if name not in {"documentation", "documentationUrl"} or not isinstance(each, str)
        }
    return [_undocumented(each) for each in value] if isinstance(value, list) else value


def _asked_for(parameters: Any) -> Any:
    """What an endpoint may depend on: of these botocore reads the documentation, and fails where there is none."""
    return {name: {**_undocumented(each), "documentation": ""} for name, each in parameters.items()}
