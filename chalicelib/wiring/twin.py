"""What reaches devices that have a model."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.shared import function_name

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p


class TwinWiring:
    @cached_property
    def coaps(self) -> "p.CoapGateways":
        from chalicelib.aws.clients import client
        from chalicelib.aws.coaps import SqsCoapGateways, nodes

        return SqsCoapGateways(lambda: client("sqs"), function_name("coaps"), nodes())
