"""What an operation uses. Importing this changes nothing of the process, as the counting cloud does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Units:
    """What one operation uses, and what a million of it cost. Fractions are shares of what several share."""

    lambda_invocations: float
    dynamodb_write_units: float
    dynamodb_read_units: float
    iot_messages: float
    rules: float
    direct_messages: float
    sfn_transitions: float
    s3_requests: float
    sqs_requests: float
    usd_per_million: float
    stored_bytes: float
    """Of the messages that it keeps, as their table is billed."""
