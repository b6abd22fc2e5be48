"""Requests that are refused."""


class RefusedError(Exception):
    """A request is answered with `code`; the text says why, for the audit log."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
