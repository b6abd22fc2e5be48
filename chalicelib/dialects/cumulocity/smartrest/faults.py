"""What is wrong with a row, as the vendor numbers it (guide "SmartREST", "Built-in messages")."""

from chalicelib.dialects.registry import Malformed

NO_COLLECTION, NOT_MADE, BROKEN, UNKNOWN, ARGUMENTS, FAILED = 40, 41, 42, 43, 45, 50
WRONG_NUMBER, NONE_SUPPORTED = "Wrong number of arguments", "No arguments supported"


class Fault(Malformed):
    """Told to whoever listens to errors, and to the audit log; the rows after it are taken all the same."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def wrong_value(type_: str, value: str) -> Fault:
    return Fault(ARGUMENTS, f"Value is not a {type_}: {value[:256]}")
