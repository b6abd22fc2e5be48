"""moto's Step Functions without its AWS Batch, and so without EC2: half a second of every start that nobody needs."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import ModuleType

_BATCH = "moto.batch"
_UTILS = "moto.batch.utils"
_NEEDS_IT = "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch"


class _JobStatus(StrEnum):
    """As much of Batch as the interpreter names; no client for Batch is ever made here."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


def import_step_functions() -> None:
    """Import moto's interpreter with a stand-in for Batch; who asks for moto's Batch later gets the real one."""
    if _NEEDS_IT in sys.modules or _BATCH in sys.modules:
        return
    with _stand_in():
        importlib.import_module(_NEEDS_IT)


@contextmanager
def _stand_in() -> Iterator[None]:
    utils = ModuleType(_UTILS)
    vars(utils)["JobStatus"] = _JobStatus
    sys.modules.update({_BATCH: ModuleType(_BATCH), _UTILS: utils})
    try:
        yield
    finally:
        for name in (_UTILS, _BATCH):
            del sys.modules[name]
