"""The one place that ties ports to what serves them; lazily, so that a cold function pays only for what it uses."""

import logging
import os
import secrets
from functools import cache, cached_property
from typing import TYPE_CHECKING

from chalicelib.aws.clock import SystemClock, pause
from chalicelib.fleet.ids import timed_id
from chalicelib.wiring.access import AccessWiring, read_stage_key, stage_key_store
from chalicelib.wiring.shared import application, cached, connection, function_name, new_cache

__all__ = ["application", "door_ports", "function_name", "hot_ports", "ports", "read_stage_key", "stage_key_store"]

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p
    from chalicelib.fleet.documents import Record
    from chalicelib.store.cache import Cache
    from chalicelib.store.decoders import DecoderTable
    from chalicelib.store.devices import DeviceTable
    from chalicelib.store.groups import GroupTable
    from chalicelib.store.objects import Objects
    from chalicelib.store.policies import PolicyTable


class Wiring(AccessWiring):
    """The ports as a request needs them: what was written is read."""

    @cached_property
    def clock(self) -> "p.Clock":
        return SystemClock()

    @cached_property
    def devices(self) -> "p.Devices":
        from chalicelib.store.cache import AnnouncingDevices

        return AnnouncingDevices(_device_table(), cached("devices"), cached("owners"), cached("claims"))

    @property
    def groups(self) -> "p.Groups":
        return _groups()

    @cached_property
    def objects(self) -> "p.Objects":
        from chalicelib.store.hierarchy import ObjectTable

        return ObjectTable()

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

        return CatalogTable(connection())

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

        return AnnouncingDecoders(_decoder_table(), cached("directories"))

    @cached_property
    def messages(self) -> "p.Messages":
        from chalicelib.store.messages import MessageTable

        return MessageTable(_objects())

    @cached_property
    def alarms(self) -> "p.Alarms":
        from chalicelib.store.alarms import AlarmTable

        return AlarmTable()

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
    def terms(self) -> "p.RouteTerms":
        from chalicelib.dialects.granting import DialectTerms

        return DialectTerms()

    @cached_property
    def listeners(self) -> "p.Listeners":
        from chalicelib.dialects.formats import DialectListeners

        return DialectListeners(self)

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
        from chalicelib.delivery.transports import TransportDelivery

        return TransportDelivery(self.terms, IotCoreDelivery(lambda: client("iot-data")))

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

    @cached_property
    def coaps(self) -> "p.CoapGateways":
        from chalicelib.aws.clients import client
        from chalicelib.aws.coaps import SqsCoapGateways

        return SqsCoapGateways(lambda: client("sqs"), function_name("coaps"))

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

        return CachedClaims(cached("claims"))

    @cached_property
    def devices(self) -> "p.Devices":
        from chalicelib.store.cache import CachedDevices

        return CachedDevices(_device_table(), cached("devices"), cached("owners"), cached("claims"))

    @cached_property
    def records(self) -> "p.Records":
        from chalicelib.store.records import CachedRecords

        return CachedRecords(_record_cache())

    @cached_property
    def messages(self) -> "p.Messages":
        from chalicelib.store.cache import SparingCounts

        return SparingCounts(_objects())

    @cached_property
    def decoders(self) -> "p.Decoders":
        from chalicelib.store.cache import CachedDecoders

        return CachedDecoders(_decoder_table(), cached("directories"), self.clock)


class DoorWiring(Wiring):
    """The ports as the authorizer needs them: a key that was just revoked lets nobody in again."""

    @cached_property
    def keys(self) -> "p.Keys":
        from chalicelib.store.cache import CurrentKeys

        return CurrentKeys(self.clock)


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
    from chalicelib.fleet.commands import tracing

    logging.getLogger(tracing.__name__).addFilter(logs.Sampled(logs.share(os.environ.get(logs.SETTING))))


@cache
def _device_table() -> "DeviceTable":
    from chalicelib.store.devices import DeviceTable

    return DeviceTable(connection())


@cache
def _objects() -> "Objects":
    from chalicelib.aws.clients import client
    from chalicelib.store.objects import Objects

    return Objects(os.environ.get("HOMEPORT_BUCKET", ""), lambda: client("s3"))


@cache
def _decoder_table() -> "DecoderTable":
    from chalicelib.store.decoders import DecoderTable

    return DecoderTable(connection())


@cache
def _policies() -> "PolicyTable":
    from chalicelib.store.policies import PolicyTable

    return PolicyTable(new_cache())


@cache
def _groups() -> "GroupTable":
    from chalicelib.store.groups import GroupTable

    return GroupTable(connection(), new_cache())


@cache
def _record_cache() -> "Cache[p.Page[Record]]":
    from chalicelib.store.records import MAX_AGE

    return new_cache(MAX_AGE)
