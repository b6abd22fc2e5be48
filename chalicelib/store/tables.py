"""What all tables share: names with application and stage, on-demand billing, short time-outs."""

import os

from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

CONDITION_FAILED = "ConditionalCheckFailedException"
SEPARATOR = "#"


def table_name(noun: str) -> str:
    return f"{os.environ.get('HOMEPORT_APP', 'homeport')}-{os.environ.get('HOMEPORT_STAGE', 'local')}-{noun}"


class Defaults:
    """Base of every table's Meta."""

    billing_mode = "PAY_PER_REQUEST"
    connect_timeout_seconds = 2
    read_timeout_seconds = 5
    max_retry_attempts = 4


def key(*parts: str) -> str:
    return SEPARATOR.join(parts)


def condition_failed(error: PynamoDBException) -> bool:
    return error.cause_response_code == CONDITION_FAILED


def all_models() -> list[type[Model]]:
    """Every table of the product."""
    from chalicelib.store import audit, claims, commands, configurations, devices, keys, mailboxes, messages, tenants

    return [
        tenants.TenantItem,
        keys.KeyItem,
        claims.ClaimItem,
        devices.DeviceItem,
        devices.OwnerItem,
        mailboxes.MailboxItem,
        commands.CommandItem,
        configurations.ConfigurationItem,
        messages.MessageItem,
        audit.AuditItem,
    ]
