"""Downlinks through AWS IoT Core: direct messages to one client id, confirmed by that client's PUBACK."""

import logging
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from chalicelib.delivery.dispatching import Dispatcher
from chalicelib.dialects import registry
from chalicelib.dialects.topics import Downlink, announced
from chalicelib.fleet.commands import tracing
from chalicelib.fleet.commands.records import CONFIRMATION, Command
from chalicelib.fleet.configuration.records import Update
from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues.records import QueuedMessage
from chalicelib.fleet.resources.updates import Offer

OUTCOMES = {
    "ResourceNotFoundException": Outcome.ABSENT,
    "GatewayTimeoutException": Outcome.UNCONFIRMED,
    "ForbiddenException": Outcome.REFUSED,
    "RequestEntityTooLargeException": Outcome.REFUSED,
    "InvalidRequestException": Outcome.REFUSED,
}
"""SendDirectMessage's errors; every other one (throttling, internal failure) is ours, not the device's."""

_ACKNOWLEDGED = (Outcome.CONFIRMED, Outcome.CONCLUDED)
_MOST_FILTERS = 200
_PAUSES = (0.0, 1.1)
"""Seconds before each try to ask for a client's subscriptions, which is allowed once a second."""
log = logging.getLogger(__name__)


class IotCoreDelivery:
    """`client` makes the `iot-data` client when it is first needed; by `ports` commands are written that need them."""

    def __init__(
        self,
        client: Callable[[], Any],
        sleep: Callable[[float], None] = time.sleep,
        ports: Callable[[], Ports] | None = None,
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._ports = ports

    def command(self, route: Route, command: Command, timeout: int) -> Outcome:
        downlink = self._written(route, command)
        outcome = Outcome.UNHEARD if downlink is None else self._send(route, downlink, timeout)
        tracing.tell_attempt(command, route.client, outcome.name)
        return outcome

    def _written(self, route: Route, command: Command) -> Downlink | None:
        writer = registry.writer(route.dialect)
        if writer is not None and self._ports is not None:
            return writer.command(self._ports(), command, route)
        return registry.codec(route.dialect).command(command, route)

    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome:
        return self._send(route, registry.codec(route.dialect).configuration(update, route), timeout)

    def resource(self, route: Route, offer: Offer, timeout: int) -> Outcome:
        return self._send(route, registry.codec(route.dialect).resource(offer, route), timeout)

    def dispatch(self) -> Dispatcher:
        return Dispatcher(self._message, self._sleep)

    def announce(self, route: Route) -> None:
        """Nobody takes anything from this broker by himself."""

    def capabilities(self, route: Route) -> frozenset[str] | None:
        """Asked in doubt only: both calls are allowed once a second and client."""
        try:
            if not self._client().get_connection(clientId=route.client).get("connected"):
                return None
            found = self._subscriptions(route.client)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        filters = {s["topicFilter"] for s in found.get("subscriptions", ())}
        return announced(registry.topics(route.dialect).TOPICS, filters)

    def message(self, route: Route, topic: str, payload: bytes, timeout: int, *, response: str = "") -> Outcome:
        return self._send(route, Downlink(topic, payload, response=response), timeout)

    def filters(self, client: str) -> list[str] | None:
        try:
            found = self._subscriptions(client, maxResults=_MOST_FILTERS)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return [str(s["topicFilter"]) for s in found.get("subscriptions", ())]

    def _subscriptions(self, client: str, **how: int) -> Any:
        """Errors: ClientError, TemporarilyUnavailable (others ask for the same client, too, and for too long)."""
        for pause in _PAUSES:
            self._sleep(pause)
            try:
                return self._client().list_subscriptions(clientId=client, **how)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ThrottlingException":
                    raise
                log.info("subscriptions of %s: asked for too often", client)
        raise TemporarilyUnavailable("the broker is asked too often what a client has subscribed to")

    def disconnect(self, client: str) -> None:
        try:
            # Its will would be taken for a message of whoever has the client id next.
            self._client().delete_connection(clientId=client, cleanSession=True, preventWillMessage=True)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    def connected(self, client: str) -> bool:
        try:
            return bool(self._client().get_connection(clientId=client).get("connected"))
        except ClientError as error:
            code: str = error.response["Error"]["Code"]
            log.info("connection of %s: %s", client, code)
            return code != "ResourceNotFoundException"
        except BotoCoreError as error:
            log.warning("connection of %s: %s", client, error)
            return True

    def _message(self, route: Route, message: QueuedMessage) -> Outcome:
        return self._send(route, registry.codec(route.dialect).queued(message), CONFIRMATION)

    def _send(self, route: Route, downlink: Downlink, timeout: int) -> Outcome:
        """On all topics of the downlink, as long as the client is there; what it acknowledges counts."""
        outcome = self._sent(route, downlink, timeout)
        for beside in downlink.beside:
            if outcome in (Outcome.ABSENT, Outcome.BUSY):
                break
            also = self._sent(route, beside, timeout)
            outcome = (
                also if outcome not in _ACKNOWLEDGED and also in (*_ACKNOWLEDGED, Outcome.UNCONFIRMED) else outcome
            )
        return outcome

    def _sent(self, route: Route, downlink: Downlink, timeout: int) -> Outcome:
        try:
            self._client().send_direct_message(
                clientId=route.client,
                topic=downlink.topic,
                payload=downlink.payload,
                confirmation=True,
                timeout=timeout,
                **({"responseTopic": downlink.response} if downlink.response else {}),
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
