"""Downlinks through AWS IoT Core: direct messages to one client id, confirmed by that client's PUBACK."""

import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from chalicelib.dialects import registry
from chalicelib.dialects.topics import Downlink, announced
from chalicelib.fleet.commands import Command
from chalicelib.fleet.configuration import Update
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import Route

OUTCOMES = {
    "ResourceNotFoundException": Outcome.ABSENT,
    "GatewayTimeoutException": Outcome.UNCONFIRMED,
    "ForbiddenException": Outcome.REFUSED,
    "RequestEntityTooLargeException": Outcome.REFUSED,
    "InvalidRequestException": Outcome.REFUSED,
}
"""SendDirectMessage's errors; every other one (throttling, internal failure) is ours, not the device's."""

log = logging.getLogger(__name__)


class IotCoreDelivery:
    """`client` makes the `iot-data` client when it is first needed."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def command(self, route: Route, command: Command, timeout: int) -> Outcome:
        return self._send(route, registry.codec(route.dialect).command(command, route), timeout)

    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome:
        return self._send(route, registry.codec(route.dialect).configuration(update, route), timeout)

    def capabilities(self, route: Route) -> frozenset[str] | None:
        """Asked in doubt only: both calls are allowed once a second and client."""
        try:
            if not self._client().get_connection(clientId=route.client).get("connected"):
                return None
            found = self._client().list_subscriptions(clientId=route.client)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        filters = {s["topicFilter"] for s in found.get("subscriptions", ())}
        return announced(registry.topics(route.dialect).TOPICS, filters)

    def disconnect(self, client: str) -> None:
        try:
            self._client().delete_connection(clientId=client, cleanSession=True)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    def _send(self, route: Route, downlink: Downlink, timeout: int) -> Outcome:
        try:
            self._client().send_direct_message(
                clientId=route.client,
                topic=downlink.topic,
                payload=downlink.payload,
                confirmation=True,
                timeout=timeout,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            outcome = OUTCOMES.get(code, Outcome.BUSY)
            log.info("direct message to %s: %s", route.client, code)
            return outcome
        except ReadTimeoutError:
            # It was handed over; whether the device has it nobody knows.
            return Outcome.UNCONFIRMED
        except BotoCoreError as error:
            log.warning("direct message to %s: %s", route.client, error)
            return Outcome.BUSY
        return Outcome.CONFIRMED if downlink.answerable else Outcome.CONCLUDED
