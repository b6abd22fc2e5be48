"""What is told of a fleet, and to whom."""

import os
from functools import cache, cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.shared import function_name, new_cache

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p
    from chalicelib.store.policies import PolicyTable


class EventWiring:
    @property
    def policies(self) -> "p.Policies":
        return _policies()

    @cached_property
    def formats(self) -> "p.Formats":
        from chalicelib.dialects.formats import DialectFormats

        return DialectFormats()

    @cached_property
    def pushes(self) -> "p.Pushes":
        from chalicelib.aws.clients import client
        from chalicelib.aws.pushes import SqsPushes

        return SqsPushes(lambda: client("sqs"), function_name("push"))

    @cached_property
    def webhooks(self) -> "p.Webhooks":
        from chalicelib.delivery.webhooks import HttpWebhooks, networks

        return HttpWebhooks(networks(os.environ.get("HOMEPORT_PUSH_ALLOW", "")))


@cache
def _policies() -> "PolicyTable":
    from chalicelib.store.policies import PolicyTable

    return PolicyTable(new_cache())
