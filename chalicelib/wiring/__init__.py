"""The one place that ties ports to what serves them; lazily, so that a cold function pays only for what it uses.

One module a wing of the fleet, as in `fleet/ports`; here they come together, as each kind of function needs them.
"""

import logging
import os
from functools import cache, cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.access import AccessWiring, DoorAccessWiring, read_stage_key, stage_key_store
from chalicelib.wiring.commands import CommandWiring
from chalicelib.wiring.data import DataWiring, HotDataWiring
from chalicelib.wiring.events import EventWiring
from chalicelib.wiring.inventory import HotInventoryWiring, InventoryWiring
from chalicelib.wiring.presence import HotPresenceWiring, PresenceWiring
from chalicelib.wiring.queues import QueueWiring
from chalicelib.wiring.resources import ResourceWiring
from chalicelib.wiring.running import RunningWiring
from chalicelib.wiring.shared import application, function_name
from chalicelib.wiring.twin import TwinWiring

__all__ = ["application", "door_ports", "function_name", "hot_ports", "ports", "read_stage_key", "stage_key_store"]

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p


class Wiring(
    AccessWiring,
    PresenceWiring,
    InventoryWiring,
    CommandWiring,
    ResourceWiring,
    DataWiring,
    EventWiring,
    QueueWiring,
    TwinWiring,
    RunningWiring,
):
    """The ports as a request needs them: what was written is read."""

    @cached_property
    def listeners(self) -> "p.Listeners":
        from chalicelib.dialects.formats import DialectListeners

        return DialectListeners(self)

    @cached_property
    def wordings(self) -> "p.Wordings":
        from chalicelib.dialects.worded import DialectWordings

        return DialectWordings(self)


class HotWiring(HotDataWiring, HotInventoryWiring, HotPresenceWiring, Wiring):
    """The ports as a message of a device needs them: who it is may be a minute old, so that a message costs no read."""


class DoorWiring(DoorAccessWiring, Wiring):
    """The ports as the authorizer needs them."""


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
