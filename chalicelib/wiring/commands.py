"""Commands and configuration: their records, their deadlines, how they leave."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, cast

from chalicelib.wiring.shared import clock, function_name

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p


class CommandWiring:
    @cached_property
    def commands(self) -> "p.Commands":
        from chalicelib.store.commands import CommandTable

        return CommandTable()

    @cached_property
    def configurations(self) -> "p.Configurations":
        from chalicelib.store.configurations import ConfigurationTable

        return ConfigurationTable()

    @cached_property
    def terms(self) -> "p.RouteTerms":
        from chalicelib.dialects.granting import DialectTerms

        return DialectTerms()

    @cached_property
    def deadlines(self) -> "p.Deadlines":
        from chalicelib.aws.clients import client

        if os.environ.get("HOMEPORT_DEADLINES") == "queue":
            from chalicelib.aws.delayed_deadlines import QUEUE, QueuedDeadlines

            return QueuedDeadlines(lambda: client("sqs"), function_name(QUEUE), clock())
        from chalicelib.aws.deadlines import StepFunctionsDeadlines

        return StepFunctionsDeadlines(lambda: client("stepfunctions"), os.environ.get("HOMEPORT_STATE_MACHINE", ""))

    @cached_property
    def delivery(self) -> "p.Delivery":
        from chalicelib.aws.clients import client
        from chalicelib.delivery.iot_core import IotCoreDelivery
        from chalicelib.delivery.transports import TransportDelivery

        broker = IotCoreDelivery(lambda: client("iot-data"), ports=lambda: cast("p.Ports", self))
        return TransportDelivery(self.terms, broker)
