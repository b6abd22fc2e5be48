"""moto without what it does in vain.

Its Step Functions import AWS Batch, and so EC2: half a second of every start that nobody needs. And it looks over the
class of a handler at each request to learn the names of its methods.
"""

import functools
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import ModuleType

from moto.core import responses

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


def remember_methods() -> None:
    """Let moto look over each class of handlers once; calling it again changes nothing."""
    look = vars(responses)["method_names_from_class"]
    if not hasattr(look, "cache_info"):
        vars(responses)["method_names_from_class"] = functools.cache(look)


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
