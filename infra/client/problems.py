"""What a command ends with when it does not succeed: a sentence for people and an exit code for scripts."""

FAILED, EXPIRED, TIMED_OUT, UNREACHABLE, USAGE = 1, 2, 3, 4, 64
UNWRITABLE, INTERRUPTED, CLOSED_PIPE = 74, 130, 141


class Problem(Exception):
    """`str()` is one line for standard error, `exit_code` what the program ends with."""

    exit_code = FAILED


class Refused(Problem):
    """The platform answered, and said no. `status` is that of HTTP, `code` the API's own word for the reason."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if code else f"HTTP {status}: {message}")
        self.status = status
        self.code = code


class Unreachable(Problem):
    """Nobody answered, or nobody who speaks this API."""

    exit_code = UNREACHABLE


class Misconfigured(Problem):
    """A profile or a variable cannot be used."""

    exit_code = USAGE


class Unusable(Problem):
    """An argument stands for nothing that could be asked for."""

    exit_code = USAGE


class Expired(Problem):
    exit_code = EXPIRED


class TimedOut(Problem):
    exit_code = TIMED_OUT
