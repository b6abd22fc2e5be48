"""What devices report: into the twin, and where the tenant's rules ask for it into messages (manual 7.8.9, 7.8.11)."""

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.dialects.lwm2m import auditing, naming
from chalicelib.dialects.lwm2m.entries import Entry
from chalicelib.dialects.lwm2m.modelled import Model
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, clamped, message_id
from chalicelib.fleet.inventory import group_paths
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import paths, rules, values_of
from chalicelib.fleet.twin.identities import Speaker
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.values import ResourceType, Value
from chalicelib.fleet.twin.values_of import Measured

MODEL = "twin_json"
"""The manual's name for how the messages are made."""
_LOCATION: Path = (6, 0)
_PLACES = {0: "lat", 1: "lon", 2: "alt", 3: "accuracy"}
_RESOURCE = 3
_BOOTSTRAP_ONLY = frozenset({0, 21})
"""The objects of credentials, which are nobody's but the bootstrap server's: what a device tells of them all the same
is not passed on."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_LAT, _MOST_LON = 90, 180

Report = Sequence[Measured]


def measured(entries: Iterable[Entry], arrived: int) -> list[Measured]:
    """`arrived` (ms) where the device does not say when, or not credibly."""
    return [Measured(each.path, each.value, _at(each.at, arrived)) for each in entries]


def _at(seconds: float | None, arrived: int) -> int:
    # Sums of times that a payload may have are beyond a double.
    credible = seconds is not None and math.isfinite(seconds * 1000)
    return clamped(int(seconds * 1000) if seconds is not None and credible else None, arrived)


def show(
    ports: Ports, speaker: Speaker, model: Model, report: Report, event: str, complaints: Sequence[str] = ()
) -> None:
    """What the device has, asked or by itself; of objects that it does not list nothing is shown, nor kept."""
    listed = {int(number) for number in model.twin.objects} - _BOOTSTRAP_ONLY
    shown = [each for each in report if each.path[0] in listed]
    lost = values_of.report(ports, speaker.tenant, speaker.device.id, shown) if shown else []
    auditing.complain(ports, speaker, event, [*complaints, *lost])


def tell(ports: Ports, speaker: Speaker, model: Model, report: Report, arrived: int, event: str) -> None:
    """Messages of what the device told by itself, one a moment, of the values that the tenant's rules cover."""
    named = rules.bases(ports, speaker.tenant)
    covered = [each for each in report if rules.covers(named, each.path) and each.path[0] not in _BOOTSTRAP_ONLY]
    if not covered:
        return
    device = speaker.device
    place = group_paths.path_of(ports, device.tenant, device.group)
    for row, at in enumerate(sorted({each.at for each in covered})):
        now = [each for each in covered if each.at == at]
        message = DataMessage(
            tenant=device.tenant,
            id=message_id(at, arrived, event, row),
            stream=device.data_stream,
            timestamp=at,
            created=arrived,
            value=_value(model, now),
            model=MODEL,
            tags=device.tags,
            location=_place(ports, speaker, [each for each in report if each.at == at]),
            metadata={
                "source": device.id,
                "group": {"id": device.group, "path": place},
                "connector": speaker.interface.connector,
                "network": {"lwm2m": {"ep": speaker.interface.node}},
            },
        )
        messages.store(ports, message, device=device.id)


def _value(model: Model, report: Report) -> dict[str, Any]:
    """By names of objects, instances and names of resources."""
    value: dict[str, Any] = {}
    for path, said, _ in report:
        definition = model.definition(path)
        instance = value.setdefault(naming.object_name(definition, path[0]), {}).setdefault(str(path[1]), {})
        name, raw = naming.resource_name(definition, path[2]), _raw(model.type_of(path), said)
        if len(path) == _RESOURCE:
            instance[name] = raw
        elif isinstance(instance.setdefault(name, {}), dict):
            instance[name][str(path[_RESOURCE])] = raw
    return value


def _raw(type_: ResourceType | None, value: Value) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if type_ is ResourceType.DATETIME and isinstance(value, int):
        return _moment(value)
    return value


def _moment(seconds: int) -> Any:
    try:
        return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    except OverflowError:
        return seconds


def _place(ports: Ports, speaker: Speaker, report: Report) -> Mapping[str, Any] | None:
    """Where the device says that it is; of two coordinates of which one has moved, the other is the last known."""
    told = {each.path[2]: each.value for each in report if each.path[:2] == _LOCATION and len(each.path) == _RESOURCE}
    place: dict[str, Any] = {_PLACES[n]: value for n, value in told.items() if n in _PLACES and _is_number(value)}
    if "lat" not in place and "lon" not in place:
        return None
    if "lat" not in place or "lon" not in place:
        known = values_of.of_object(ports, speaker.tenant, speaker.device.id, _LOCATION[0])
        for number in (0, 1):
            last = known.get(paths.write((*_LOCATION, number)))
            if last is not None and _PLACES[number] not in place:
                place[_PLACES[number]] = _number(last.value)
    lat: Any = place.get("lat")
    lon: Any = place.get("lon")
    if not _is_number(lat) or not _is_number(lon) or abs(lat) > _MOST_LAT or abs(lon) > _MOST_LON:
        return None
    return place


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_number(value: Any) -> Any:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
