"""Which class of simulated devices speaks a dialect, and how long it takes to see them do everything."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from infra.demo.cumulocity import CumulocityAgent
from infra.demo.devices import LiveObjectsDevice, SimulatedDevice
from infra.demo.lwm2m import LwM2mDevice
from infra.demo.platform import Platform
from infra.demo.tally import Tally
from infra.demo.xyte import XyteDevice


class Kind(NamedTuple):
    """`seconds` is how long a demo takes where nothing else is said."""

    device: Callable[[Platform, Tally, int, str], SimulatedDevice]
    seconds: int


DIALECTS: Mapping[str, Kind] = {
    "live_objects": Kind(LiveObjectsDevice, 30),
    "lwm2m": Kind(LwM2mDevice, 180),
    "cumulocity": Kind(CumulocityAgent, 30),
    "xyte": Kind(XyteDevice, 30),
}
