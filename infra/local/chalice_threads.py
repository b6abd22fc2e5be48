"""One Chalice app in many threads."""

import threading
from typing import Any

from chalice.app import Chalice


def make_current_request_thread_local(app: Chalice) -> None:
    """Let one app serve many threads: Chalice keeps the request in hand as an attribute of the app.

    In Lambda there is one request a process at a time, here there are many.
    """
    if isinstance(app, _ThreadLocalRequests):
        return
    app.__dict__.pop("current_request", None)
    app.__dict__.pop("lambda_context", None)
    app.__class__ = type("LocalApp", (_ThreadLocalRequests, app.__class__), {})


class _ThreadLocalRequests:
    _serving = threading.local()

    @property
    def current_request(self) -> Any:
        return getattr(self._serving, "request", None)

    @current_request.setter
    def current_request(self, request: Any) -> None:
        self._serving.request = request

    @property
    def lambda_context(self) -> Any:
        return getattr(self._serving, "context", None)

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._serving.context = context
