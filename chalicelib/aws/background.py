"""Work that goes on after the caller was answered: asynchronous invocations, which Lambda keeps and retries itself."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.fleet.jobs import Job
from chalicelib.fleet.shapes import Body, Envelope

if TYPE_CHECKING:
    from chalicelib.aws.later import SqsLater


def _typed(body: Body) -> Body:
    """Once it was told by what a job came with."""
    telling = (
        ("gateway", Job.WAKE),
        ("device", Job.DELIVER),
        ("key", Job.REVOKE),
        ("generation", Job.FENCE),
        ("purge", Job.PURGE),
        ("queue", Job.PUMP),
    )
    return {"kind": next((kind for name, kind in telling if name in body), Job.DISCONNECT), **body}


JOB = Envelope((_typed,))
"""What we ask a function of ours to do."""

log = logging.getLogger(__name__)


class LambdaBackground:
    """`function` gives the full name of a function of this application; `later` holds back what has time."""

    def __init__(
        self, client: Callable[[], Any], function: Callable[[str], str], later: "Callable[[], SqsLater]"
    ) -> None:
        self._client = client
        self._function = function
        self._later = later

    def deliver(self, tenant: str, device: str) -> bool:
        return self._invoke("deliver", Job.DELIVER, {"tenant": tenant, "device": device})

    def wake(self, tenant: str, gateway: str) -> bool:
        return self._invoke("deliver", Job.WAKE, {"tenant": tenant, "gateway": gateway})

    def disconnect(self, client: str, tenant: str | None = None) -> None:
        whose = {"tenant": tenant} if tenant is not None else {}
        self._invoke("disconnect", Job.DISCONNECT, {"client": client, **whose})

    def fence(self, client: str, generation: int) -> None:
        self._invoke("disconnect", Job.FENCE, {"client": client, "generation": generation})

    def revoke(self, tenant: str, key: str, after: str | None = None) -> None:
        self._invoke("disconnect", Job.REVOKE, {"tenant": tenant, "key": key, "after": after})

    def pump(self, tenant: str, queue: str) -> None:
        self._invoke("pump", Job.PUMP, {"tenant": tenant, "queue": queue})

    def purge(self, tenant: str, queue: str, queue_id: str) -> None:
        self._invoke("pump", Job.PURGE, {"tenant": tenant, "queue": queue, "purge": queue_id})

    def later(self, dialect: str, matter: Mapping[str, Any], seconds: int) -> None:
        self._later().send(dialect, matter, seconds)

    def _invoke(self, function: str, kind: Job, event: dict[str, Any]) -> bool:
        body = JOB.seal({"kind": kind, **event})
        try:
            self._client().invoke(
                FunctionName=self._function(function), InvocationType="Event", Payload=json.dumps(body)
            )
        except (ClientError, BotoCoreError) as error:
            # What was to be done stands in the store already: the next event for the device, or the sweep, does it.
            log.warning("%s was not invoked: %s", function, error)
            return False
        return True
