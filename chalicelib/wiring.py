"""The one place that ties ports to what serves them; lazily, so that a cold function pays only for what it uses."""

import logging
import os
import secrets
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.aws.clock import SystemClock, pause
from chalicelib.fleet.ids import timed_id

if TYPE_CHECKING:
    from pynamodb.connection import Connection

    from chalicelib.fleet import ports as p
    from chalicelib.fleet.limiting import Windows
    from chalicelib.fleet.passwords import Cost
    from chalicelib.fleet.records import Record
    from chalicelib.store.cache import Cache, CachedKeys, CachedTenants
    from chalicelib.store.decoders import DecoderTable
    from chalicelib.store.devices import DeviceTable
    from chalicelib.store.groups import GroupTable
    from chalicelib.store.objects import Objects
    from chalicelib.store.policies import PolicyTable


class Wiring:
    """The ports as a request needs them: what was written is read."""

    @cached_property
    def clock(self) -> "p.Clock":
        return SystemClock()

    @property
    def tenants(self) -> "p.Tenants":
        return _tenants()

    @cached_property
    def usages(self) -> "p.Usages":
        from chalicelib.store.usages import UsageTable

        return UsageTable()

    @property
    def keys(self) -> "p.Keys":
        return _keys()

    @cached_property
    def users(self) -> "p.Users":
        from chalicelib.store.users import UserTable

        return UserTable(_connection())

    @cached_property
    def authorities(self) -> "p.Authorities":
        from chalicelib.store.authorities import AuthoritiesTable

        return AuthoritiesTable(_connection())

    @cached_property
    def trust(self) -> "p.Trust":
        from chalicelib.aws.clients import client
        from chalicelib.aws.trust import IotCoreTrust

        return IotCoreTrust(lambda: client("iot"), application())

    @property
    def windows(self) -> "Windows":
        return _windows()

    @cached_property
    def password_cost(self) -> "Cost":
        from chalicelib.fleet.passwords import Cost

        return Cost()

    @cached_property
    def claims(self) -> "p.Claims":
        from chalicelib.store.cache import Announcing

        return Announcing(_cached("claims"))

    @cached_property
    def devices(self) -> "p.Devices":
        from chalicelib.store.cache import AnnouncingDevices

        return AnnouncingDevices(_device_table(), _cached("devices"), _cached("owners"))

    @property
    def groups(self) -> "p.Groups":
        return _groups()

    @cached_property
    def mailboxes(self) -> "p.Mailboxes":
        from chalicelib.store.mailboxes import MailboxTable

        return MailboxTable()

    @cached_property
    def commands(self) -> "p.Commands":
        from chalicelib.store.commands import CommandTable

        return CommandTable()

    @cached_property
    def configurations(self) -> "p.Configurations":
        from chalicelib.store.configurations import ConfigurationTable

        return ConfigurationTable()

    @cached_property
    def gateways(self) -> "p.Gateways":
        from chalicelib.store.gateways import GatewayTable

        return GatewayTable()

    @cached_property
    def catalog(self) -> "p.Catalog":
        from chalicelib.store.catalog import CatalogTable

        return CatalogTable(_connection())

    @cached_property
    def resources(self) -> "p.Resources":
        from chalicelib.store.resources import DeviceResourcesTable

        return DeviceResourcesTable()

    @property
    def files(self) -> "p.Files":
        return _objects()

    @cached_property
    def links(self) -> "p.Links":
        from chalicelib.store.links import LinkTable

        return LinkTable()

    @cached_property
    def decoders(self) -> "p.Decoders":
        from chalicelib.store.cache import AnnouncingDecoders

        return AnnouncingDecoders(_decoder_table(), _cached("directories"))

    @cached_property
    def messages(self) -> "p.Messages":
        from chalicelib.store.messages import MessageTable

        return MessageTable(_objects())

    @cached_property
    def queues(self) -> "p.Queues":
        from chalicelib.store.queues import QueueTable

        return QueueTable()

    @cached_property
    def queued(self) -> "p.QueuedMessages":
        from chalicelib.store.queued import QueuedTable

        return QueuedTable()

    @cached_property
    def consumers(self) -> "p.Consumers":
        from chalicelib.store.consumers import ConsumerTable

        return ConsumerTable()

    @property
    def policies(self) -> "p.Policies":
        return _policies()

    @cached_property
    def formats(self) -> "p.Formats":
        from chalicelib.dialects.formats import DialectFormats

        return DialectFormats()

    @cached_property
    def listeners(self) -> "p.Listeners":
        from chalicelib.dialects.formats import DialectListeners

        return DialectListeners()

    @cached_property
    def pushes(self) -> "p.Pushes":
        from chalicelib.aws.clients import client
        from chalicelib.aws.pushes import SqsPushes

        return SqsPushes(lambda: client("sqs"), function_name("push"))

    @cached_property
    def webhooks(self) -> "p.Webhooks":
        from chalicelib.delivery.webhooks import HttpWebhooks, networks

        return HttpWebhooks(networks(os.environ.get("HOMEPORT_PUSH_ALLOW", "")))

    @cached_property
    def records(self) -> "p.Records":
        from chalicelib.store.records import AnnouncingRecords

        return AnnouncingRecords(_record_cache())

    @cached_property
    def audit(self) -> "p.AuditLog":
        from chalicelib.store.audit import AuditTable

        return AuditTable()

    @cached_property
    def delivery(self) -> "p.Delivery":
        from chalicelib.aws.clients import client
        from chalicelib.delivery.iot_core import IotCoreDelivery

        return IotCoreDelivery(lambda: client("iot-data"))

    @cached_property
    def deadlines(self) -> "p.Deadlines":
        from chalicelib.aws.clients import client
        from chalicelib.aws.deadlines import StepFunctionsDeadlines

        return StepFunctionsDeadlines(lambda: client("stepfunctions"), os.environ.get("HOMEPORT_STATE_MACHINE", ""))

    @cached_property
    def background(self) -> "p.Background":
        from chalicelib.aws.background import LambdaBackground
        from chalicelib.aws.clients import client

        return LambdaBackground(lambda: client("lambda"), function_name)

    def new_id(self, at: int) -> str:
        return timed_id(at, secrets.token_bytes(8))

    def chance(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def pause(self, ms: int) -> None:
        pause(ms)


class HotWiring(Wiring):
    """The ports as a message of a device needs them: who it is may be a minute old, so that a message costs no read."""

    @cached_property
    def claims(self) -> "p.Claims":
        from chalicelib.store.cache import CachedClaims

        return CachedClaims(_cached("claims"))

    @cached_property
    def devices(self) -> "p.Devices":
        from chalicelib.store.cache import CachedDevices

        return CachedDevices(_device_table(), _cached("devices"), _cached("owners"))

    @cached_property
    def records(self) -> "p.Records":
        from chalicelib.store.records import CachedRecords

        return CachedRecords(_record_cache())

    @cached_property
    def messages(self) -> "p.Messages":
        from chalicelib.store.cache import MinutelyCounts

        return MinutelyCounts(_objects())

    @cached_property
    def decoders(self) -> "p.Decoders":
        from chalicelib.store.cache import CachedDecoders

        return CachedDecoders(_decoder_table(), _cached("directories"), self.clock)


class DoorWiring(Wiring):
    """The ports as the authorizer needs them: a key that was just revoked lets nobody in again."""

    @cached_property
    def keys(self) -> "p.Keys":
        from chalicelib.store.keys import KeyTable

        return KeyTable()


def function_name(function: str) -> str:
    """Chalice names a function after application, stage and handler."""
    return f"{application()}-{function}"


def application() -> str:
    """What everything of this stage is called in front."""
    return f"{os.environ.get('HOMEPORT_APP', 'homeport')}-{os.environ.get('HOMEPORT_STAGE', 'local')}"


@cache
def ports() -> "p.Ports":
    _sample_logs()
    return Wiring()


@cache
def door_ports() -> "p.Ports":
    return DoorWiring()


@cache
def hot_ports() -> "p.Ports":
    _sample_logs()
    return HotWiring()


@cache
def _sample_logs() -> None:
    from chalicelib.aws import logs
    from chalicelib.fleet import tracing

    logging.getLogger(tracing.__name__).addFilter(logs.Sampled(logs.share(os.environ.get(logs.SETTING))))


def _new_cache(max_age: int | None = None) -> "Cache[Any]":
    """`max_age` in ms; a minute where none is given."""
    from chalicelib.store.cache import MAX_AGE, Cache

    return Cache(ports().clock, max_age or MAX_AGE)


@cache
def _cached(_what: str) -> "Cache[Any]":
    """One cache a name, whoever asks."""
    return _new_cache()


def _connection() -> "Connection":
    from chalicelib.store.tables import shared_connection

    return shared_connection()


@cache
def _device_table() -> "DeviceTable":
    from chalicelib.store.devices import DeviceTable

    return DeviceTable(_connection())


@cache
def _objects() -> "Objects":
    from chalicelib.aws.clients import client
    from chalicelib.store.objects import Objects

    return Objects(os.environ.get("HOMEPORT_BUCKET", ""), lambda: client("s3"))


@cache
def _decoder_table() -> "DecoderTable":
    from chalicelib.store.decoders import DecoderTable

    return DecoderTable(_connection())


@cache
def _windows() -> "Windows":
    from chalicelib.fleet.limiting import Windows

    return Windows()


@cache
def _tenants() -> "CachedTenants":
    from chalicelib.store.cache import CachedTenants

    return CachedTenants(_connection(), ports().clock)


@cache
def _keys() -> "CachedKeys":
    from chalicelib.store.cache import CachedKeys

    return CachedKeys(ports().clock)


@cache
def _policies() -> "PolicyTable":
    from chalicelib.store.policies import PolicyTable

    return PolicyTable(_new_cache())


@cache
def _groups() -> "GroupTable":
    from chalicelib.store.groups import GroupTable

    return GroupTable(_connection(), _new_cache())


@cache
def _record_cache() -> "Cache[p.Page[Record]]":
    from chalicelib.store.records import MAX_AGE

    return _new_cache(MAX_AGE)
