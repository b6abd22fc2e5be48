"""Measurements and events as messages of the fleet, by whatever door they came."""

from collections.abc import Sequence
from typing import Any

from chalicelib.dialects.cumulocity.measurements import CONNECTOR
from chalicelib.dialects.cumulocity.modes import Mode
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import group_paths
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be kept of one element of a request; `row` is its place there, `time` in ms."""

    kind: str
    type: str
    time: int
    value: Any
    extra: dict[str, Any] | None = None
    row: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """What a message is of: `name` is what the fleet calls it, `device` the device that it is, if it is one."""

    tenant: str
    name: str
    device: Device | None


def message(ports: Ports, source: Source, said: Said, event: str, arrived: int) -> DataMessage:
    """`event` is the id of what it came in, `arrived` (ms) when that did."""
    device = source.device
    metadata: dict[str, Any] = {"source": source.name, "connector": CONNECTOR}
    if device is not None:
        metadata["group"] = {"id": device.group, "path": group_paths.path_of(ports, source.tenant, device.group)}
    return DataMessage(
        source.tenant,
        message_id(said.time, arrived, event, said.row),
        device.data_stream if device is not None else source.name,
        said.time,
        arrived,
        said.value,
        said.type,
        device.tags if device is not None else (),
        metadata=metadata,
        extra=said.extra,
        kind=said.kind,
    )


def store(ports: Ports, made: Sequence[DataMessage], mode: Mode, source: str) -> None:
    """Keep and tell what one publish of a source had, as far as the mode says. Again changes nothing."""
    if not made:
        return
    if mode.stored:
        messages.store_each(ports, made, source)
    else:
        messages.tell(ports, made)
