"""What all tables share: names with application and stage, on-demand billing, short time-outs."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Self

from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.models import Model

from chalicelib.store.conflicts import Retries

CONDITION_FAILED = "ConditionalCheckFailedException"
CANCELED_BY_CONDITION = "ConditionalCheckFailed"
"""The same inside the reasons of a canceled transaction, where DynamoDB leaves off the suffix."""
SEPARATOR = "#"
_LONGEST = _LONGEST_HASH, _LONGEST_RANGE = 2_048, 1_024
"""Bytes of a key."""


def table_name(noun: str) -> str:
    return f"{os.environ.get('HOMEPORT_APP', 'homeport')}-{os.environ.get('HOMEPORT_STAGE', 'local')}-{noun}"


class Defaults:
    """Base of every table's Meta."""

    billing_mode = "PAY_PER_REQUEST"
    connect_timeout_seconds = 2
    read_timeout_seconds = 5
    max_retry_attempts = 4


class SharedConnection(Connection):
    """A connection whose writes are tried again where they met a transaction."""

    @property
    def client(self) -> Any:
        known = self._client
        client = super().client
        if client is not known:
            # Two threads may come first at the same time: the name keeps it at one handler.
            client.meta.events.register("needs-retry.dynamodb", Retries(), unique_id="homeport-conflicts")
        return client


@cache
def shared_connection() -> Connection:
    """The one connection of this process."""
    return SharedConnection(
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        connect_timeout_seconds=Defaults.connect_timeout_seconds,
        read_timeout_seconds=Defaults.read_timeout_seconds,
        max_retry_attempts=Defaults.max_retry_attempts,
    )


class Table(Model):
    """A table that shares its connection with all others.

    By itself every PynamoDB model opens a botocore session and client of its own, which is most of a cold start.
    """

    @classmethod
    def get(cls, hash_key: Any, range_key: Any = None, *args: Any, **options: Any) -> Self:
        """As PynamoDB's; what is empty or too long for a key names nothing, which DynamoDB would call an error."""
        if not _is_key(hash_key, _LONGEST_HASH) or (range_key is not None and not _is_key(range_key, _LONGEST_RANGE)):
            raise cls.DoesNotExist
        return super().get(hash_key, range_key, *args, **options)

    @classmethod
    def glances(cls, keys: Iterable[str] | Iterable[tuple[str, str]]) -> Iterator[Self]:
        """Those that are there, a moment late and in no order, in as few requests as possible."""
        named = {each for each in keys if all(_is_key(p, n) for p, n in zip(_parts(each), _LONGEST, strict=False))}
        return cls.batch_get(named) if named else iter(())

    @classmethod
    def _get_connection(cls) -> TableConnection:
        known = cls._connection
        connection = super()._get_connection()
        if connection is not known:
            shared = shared_connection()
            # Two threads may come first at the same time; both know the same of the table.
            with contextlib.suppress(ValueError):
                shared.add_meta_table(connection.get_meta_table())
            connection.connection = shared
        return connection


def _parts(key: str | tuple[str, str]) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else key


def _is_key(value: Any, longest: int) -> bool:
    return not isinstance(value, str) or 0 < len(value.encode(errors="replace")) <= longest


def key(*parts: str) -> str:
    return SEPARATOR.join(parts)


def condition_failed(error: PynamoDBException) -> bool:
    return error.cause_response_code == CONDITION_FAILED


def failed_conditions(error: TransactWriteError) -> list[bool]:
    """For each item of a canceled transaction whether its condition failed; deletions first, then what was saved."""
    return [reason is not None and reason.code == CANCELED_BY_CONDITION for reason in error.cancellation_reasons]


def all_models() -> list[type[Model]]:
    """Every table of the product."""
    from chalicelib.store import (
        alarms,
        audit,
        authorities,
        catalog,
        claims,
        commands,
        configurations,
        consumers,
        decoders,
        devices,
        directory,
        external_ids,
        facets,
        gateways,
        groups,
        keys,
        links,
        mailboxes,
        managed_objects,
        messages,
        policies,
        queued,
        queues,
        records,
        resources,
        tenants,
        tombstones,
        usages,
        users,
    )

    return [
        tenants.TenantItem,
        usages.UsageItem,
        keys.KeyItem,
        users.UserItem,
        users.LoginItem,
        authorities.AuthoritiesItem,
        authorities.HolderItem,
        directory.DirectoryItem,
        claims.ClaimItem,
        devices.DeviceItem,
        devices.OwnerItem,
        facets.FacetItem,
        managed_objects.ObjectItem,
        external_ids.ExternalIdItem,
        groups.GroupItem,
        mailboxes.MailboxItem,
        commands.CommandItem,
        configurations.ConfigurationItem,
        decoders.DecoderItem,
        gateways.GatewayItem,
        catalog.ResourceItem,
        catalog.VersionItem,
        resources.DeviceResourcesItem,
        links.LinkToFileItem,
        messages.MessageItem,
        messages.StreamItem,
        alarms.AlarmItem,
        alarms.SeatItem,
        tombstones.TombstoneItem,
        queues.QueueItem,
        queued.QueuedItem,
        consumers.ConsumerItem,
        consumers.LinkItem,
        policies.PolicyItem,
        records.RecordItem,
        audit.AuditItem,
    ]
