"""`/api/v1/deviceMgt/devices/{deviceId}/twin` (manual 7.8.5 to 7.8.8): what a device has, and what it is asked."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.shapes import twin as shapes
from chalicelib.fleet.errors import (
    Conflict,
    DeviceNotFound,
    IllegalTransition,
    InterfaceNotFound,
    LimitReached,
    ObservationNotFound,
    OperationNotFound,
    TwinObjectNotFound,
)
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import modelling, observing, operating, paths, registering, values_of
from chalicelib.fleet.twin.definitions import FIRST_VERSION, Definitions
from chalicelib.fleet.twin.records import CONNECTOR, OperationStatus, OperationType, Twin
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

ROOT_DEFINITION = "urn:oma:lwm2m"
_EXPAND = Parameter("expand", Kind.INTEGER, default=0, bounds=(0, 1), explained="1 shows what is below, too")
_LARGEST = 300 * KILOBYTE
_NUMBER = (0, paths.LAST)
_OBJECT = Parameter("object_id", Kind.INTEGER, Place.PATH, bounds=_NUMBER)
_OBJECT_INSTANCE = Parameter("instance_id", Kind.INTEGER, Place.PATH, bounds=_NUMBER)
_OPERATION = Parameter("operation_id", place=Place.PATH, bounds=(1, 64))
_OBSERVATION = Parameter("observation_id", place=Place.PATH, bounds=(1, 64))
_FILTERS = (
    Parameter("status", Kind.LIST, choices=tuple(map(str, OperationStatus))),
    Parameter("type", Kind.LIST, choices=tuple(map(str, OperationType))),
    Parameter("contextToken", bounds=(1, 256)),
    Parameter("path", bounds=(1, 64)),
)
_KINDS = ((1024, "oma"), (10_241, "ext"), (paths.LAST + 1, "x"))
"""How the standard's numbering calls objects below a number."""


def supported(ports: Ports, request: Request) -> Answer:
    device, _ = _with_a_twin(ports, request)
    twin, definitions = _known(ports, device)
    return Answer([_urn(definitions, twin, int(number)) for number in twin.objects])


def objects(ports: Ports, request: Request) -> Answer:
    device, _ = _with_a_twin(ports, request)
    twin, definitions = _known(ports, device)
    children = []
    for number, instances in _instances(twin).items():
        urn = _urn(definitions, twin, number)
        shown: dict[str, Any] = {"objectDefinitionId": urn, "path": paths.write((number,))}
        if request.asked["expand"]:
            shown["instances"] = [{"objectDefinitionId": urn, "path": paths.write((number, i))} for i in instances]
        children.append(shown)
    return Answer({"objectDefinitionId": ROOT_DEFINITION, "path": "/", "children": children})


def object_(ports: Ports, request: Request) -> Answer:
    device, _ = _with_a_twin(ports, request)
    number: int = request.asked["object_id"]
    twin, definitions = _known(ports, device)
    instances = _instances(twin).get(number)
    if instances is None:
        raise TwinObjectNotFound(f"the device has no object {number}")
    urn = _urn(definitions, twin, number)
    values = values_of.of_object(ports, device.tenant, device.id, number) if request.asked["expand"] else {}
    shown: list[dict[str, Any]] = []
    for instance in instances:
        at = (number, instance)
        one: dict[str, Any] = {"objectDefinitionId": urn, "path": paths.write(at)}
        shown.append({**one, "attributes": shapes.attributes(values, at)} if request.asked["expand"] else one)
    return Answer({"objectDefinitionId": urn, "path": paths.write((number,)), "instances": shown})


def instance(ports: Ports, request: Request) -> Answer:
    device, _ = _with_a_twin(ports, request)
    at = (request.asked["object_id"], request.asked["instance_id"])
    twin, definitions = _known(ports, device)
    if at[1] not in _instances(twin).get(at[0], ()):
        raise TwinObjectNotFound(f"the device has no object instance {paths.write(at)}")
    values = values_of.of_object(ports, device.tenant, device.id, at[0])
    urn = _urn(definitions, twin, at[0])
    return Answer({"objectDefinitionId": urn, "path": paths.write(at), "attributes": shapes.attributes(values, at)})


def ask(ports: Ports, request: Request) -> Answer:
    """Ask the device for something; it is sent as soon as the device is awake and has done what came before."""
    device, interface = _with_a_twin(ports, request)
    made = operating.create(ports, device.tenant, device.id, shapes.asked(request.body))
    _wake(ports, device, interface)
    return Answer(shapes.render(made))


def operations(ports: Ports, request: Request) -> Answer:
    device, _ = _with_a_twin(ports, request)
    asked = request.asked
    wanted_path = paths.write(shapes.path(asked["path"], "path")) if asked["path"] else None
    found = [
        each
        for each in operating.listing(ports, device.tenant, device.id)
        if (not asked["status"] or each.status in asked["status"])
        and (not asked["type"] or each.type in asked["type"])
        and (asked["contextToken"] in (None, each.context))
        and (wanted_path is None or wanted_path in _paths_of(each))
    ]
    return Answer([shapes.render(each) for each in found])


def operation(ports: Ports, request: Request) -> Answer:
    device, _ = _with_a_twin(ports, request)
    return Answer(shapes.render(operating.get(ports, device.tenant, device.id, request.asked["operation_id"])))


def cancel_operation(ports: Ports, request: Request) -> Answer:
    """Only what waits can be canceled."""
    device, _ = _with_a_twin(ports, request)
    return Answer(shapes.render(operating.cancel(ports, device.tenant, device.id, request.asked["operation_id"])))


def observe(ports: Ports, request: Request) -> Answer:
    device, interface = _with_a_twin(ports, request)
    wanted = shapes.observed(request.body)
    made = observing.create(ports, device.tenant, device.id, wanted, request.body.get("name"))
    _wake(ports, device, interface)
    return Answer(shapes.render_observation(made))


def observations(ports: Ports, request: Request) -> Answer:
    device, _ = _with_a_twin(ports, request)
    found = observing.listing(ports, device.tenant, device.id)
    return Answer([shapes.render_observation(each) for each in found])


def observation(ports: Ports, request: Request) -> Answer:
    device, _ = _with_a_twin(ports, request)
    found = observing.get(ports, device.tenant, device.id, request.asked["observation_id"])
    return Answer(shapes.render_observation(found))


def cancel_observation(ports: Ports, request: Request) -> Answer:
    """Gone at once; the device is told when it is awake."""
    device, interface = _with_a_twin(ports, request)
    observing.cancel(ports, device.tenant, device.id, request.asked["observation_id"])
    _wake(ports, device, interface)
    return Answer()


def _with_a_twin(ports: Ports, request: Request) -> tuple[Device, Interface]:
    """Errors: DeviceNotFound, InterfaceNotFound."""
    device = devices.get(ports, request.tenant, request.asked["device_id"])
    found = next((each for each in device.interfaces if each.connector == CONNECTOR), None)
    if found is None:
        raise InterfaceNotFound(f"device {device.id} has no interface of the connector {CONNECTOR}")
    return device, found


def _known(ports: Ports, device: Device) -> tuple[Twin, Definitions]:
    twin = registering.TWINS.get(ports, device.tenant, device.id) or Twin()
    return twin, modelling.seen(ports, device.tenant)


def _wake(ports: Ports, device: Device, interface: Interface) -> None:
    """Where it is awake: a device that is not asks by itself when it comes."""
    presence = registering.present(ports, device.tenant, device.id, interface.node)
    if presence is not None and presence.online and not presence.asleep:
        ports.coaps.wake(presence.client)


def _instances(twin: Twin) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for text in twin.instances:
        number, each = paths.parse(text)
        found.setdefault(number, []).append(each)
    return found


def _urn(definitions: Definitions, twin: Twin, number: int) -> str:
    """With the version that the device says it has, or else that of the definition."""
    definition = definitions.of(number, twin.versions.get(number))
    kind = definition.urn.split(":")[3] if definition else next(kind for below, kind in _KINDS if number < below)
    version = twin.versions.get(number) or (definition.version if definition else FIRST_VERSION)
    urn = f"{ROOT_DEFINITION}:{kind}:{number}"
    return urn if version == FIRST_VERSION else f"{urn}:{version}"


def _paths_of(operation_: Any) -> Iterable[str]:
    values: Mapping[str, None] = dict.fromkeys(each.path for each in operation_.values)
    return {*operation_.paths, *values}


_TWIN = "/api/v1/deviceMgt/devices/{device_id}/twin"
_OBJECTS, _OPERATIONS, _OBSERVATIONS = f"{_TWIN}/objects", f"{_TWIN}/operations", f"{_TWIN}/observations"
_ONE_OPERATION, _ONE_OBSERVATION = f"{_OPERATIONS}/{{operation_id}}", f"{_OBSERVATIONS}/{{observation_id}}"
_MISSING = (DeviceNotFound, InterfaceNotFound)

ROUTES = (
    Route(
        "GET",
        f"{_TWIN}/supported-objects",
        supported,
        "List the objects that a device supports",
        READ,
        parameters=(DEVICE,),
        failures=_MISSING,
    ),
    Route(
        "GET", _OBJECTS, objects, "List the objects of a device", READ, parameters=(DEVICE, _EXPAND), failures=_MISSING
    ),
    Route(
        "GET",
        f"{_OBJECTS}/{{object_id}}",
        object_,
        "Get an object of a device",
        READ,
        parameters=(DEVICE, _OBJECT, _EXPAND),
        failures=(*_MISSING, TwinObjectNotFound),
    ),
    Route(
        "GET",
        f"{_OBJECTS}/{{object_id}}/{{instance_id}}",
        instance,
        "Get an object instance of a device",
        READ,
        parameters=(DEVICE, _OBJECT, _OBJECT_INSTANCE),
        failures=(*_MISSING, TwinObjectNotFound),
    ),
    Route(
        "POST",
        _OPERATIONS,
        ask,
        "Ask a device to do something",
        WRITE,
        201,
        schema=shapes.OPERATION,
        max_body=_LARGEST,
        parameters=(DEVICE,),
        failures=(*_MISSING, LimitReached),
    ),
    Route(
        "GET",
        _OPERATIONS,
        operations,
        "List the operations of a device",
        READ,
        parameters=(DEVICE, *_FILTERS),
        failures=_MISSING,
    ),
    Route(
        "GET",
        _ONE_OPERATION,
        operation,
        "Get an operation",
        READ,
        parameters=(DEVICE, _OPERATION),
        failures=(*_MISSING, OperationNotFound),
    ),
    Route(
        "PUT",
        f"{_ONE_OPERATION}/status",
        cancel_operation,
        "Cancel an operation",
        WRITE,
        schema=shapes.STATUS,
        parameters=(DEVICE, _OPERATION),
        failures=(*_MISSING, OperationNotFound, IllegalTransition),
    ),
    Route(
        "POST",
        _OBSERVATIONS,
        observe,
        "Observe a device",
        WRITE,
        201,
        schema=shapes.OBSERVATION,
        parameters=(DEVICE,),
        failures=(*_MISSING, LimitReached, Conflict),
    ),
    Route(
        "GET",
        _OBSERVATIONS,
        observations,
        "List the observations of a device",
        READ,
        parameters=(DEVICE,),
        failures=_MISSING,
    ),
    Route(
        "GET",
        _ONE_OBSERVATION,
        observation,
        "Get an observation",
        READ,
        parameters=(DEVICE, _OBSERVATION),
        failures=(*_MISSING, ObservationNotFound),
    ),
    Route(
        "DELETE",
        _ONE_OBSERVATION,
        cancel_observation,
        "End an observation",
        WRITE,
        204,
        parameters=(DEVICE, _OBSERVATION),
        failures=(*_MISSING, ObservationNotFound),
    ),
)
