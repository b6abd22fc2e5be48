"""Which failures of AWS pass by themselves: the client is told to try again, not that we broke."""

from typing import Any

_PASSING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        # As a canceled transaction has it among its reasons.
        "ProvisionedThroughputExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "InternalServerError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)


def passes(error: BaseException | None) -> bool:
    """Whether this error, or one that it was raised from, is throttling, a conflict or a lost connection."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    while error is not None:
        if isinstance(error, HTTPClientError):
            return True
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _PASSING:
            return True
        if not isinstance(error, BotoCoreError) and any(code in _PASSING for code in _codes(error)):
            return True
        error = error.__cause__ or error.__context__ or getattr(error, "cause", None)
    return False


def _codes(error: Any) -> list[str]:
    """The codes that PynamoDB keeps of what DynamoDB said."""
    reasons = getattr(error, "cancellation_reasons", None) or ()
    return [str(getattr(error, "cause_response_code", "")), *(str(r.code) for r in reasons if r is not None)]
