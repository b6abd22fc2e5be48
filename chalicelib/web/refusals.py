"""What HTTP itself refuses, before any use case is asked. A dialect gives each its own shape."""


class Refusal(Exception):
    """`status` is the HTTP status; `str()` a sentence for a person."""

    status = 400

    def __init__(self, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = headers or {}


class RouteNotFound(Refusal):
    status = 404


class MethodNotAllowed(Refusal):
    status = 405


class NotAcceptable(Refusal):
    status = 406


class UnsupportedMediaType(Refusal):
    status = 415
