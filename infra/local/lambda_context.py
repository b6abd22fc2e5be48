"""The context object that Lambda hands to a Python handler, with the fields that its documentation lists."""

import time
import uuid
from typing import Any

_MEMORY_MB = "512"


class LambdaContext:
    """One invocation's context; `timeout` in seconds is what get_remaining_time_in_millis counts down from."""

    def __init__(self, function_name: str, arn: str, *, request_id: str | None = None, timeout: float = 60.0) -> None:
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = arn
        self.memory_limit_in_mb = _MEMORY_MB
        self.aws_request_id = request_id or str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = "local"
        self.identity: Any = None
        self.client_context: Any = None
        self._ends = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - time.monotonic()) * 1000))
