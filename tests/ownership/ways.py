"""The ways in which a client id changes hands, as operators, tenants and their clients bring them about."""

from collections.abc import Callable
from functools import cache

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.fleet.presence import fencing
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.triggers import authorizer
from tests.dialects.live_objects.client import DEVICES
from tests.dialects.walked import inhabitant
from tests.fakes import MemoryPorts
from tests.ownership.scene import ARN, OTHER, Scene
from tests.ownership.side import DEVICE, Who

Way = Callable[[Scene], object]


def delete(scene: Scene) -> None:
    scene.old.delete(scene.device)


def delete_interface(scene: Scene) -> None:
    scene.old.delete(f"{scene.device}/interfaces/mqtt:{scene.claim.own_node}")


def release(scene: Scene) -> None:
    assert fencing.release(scene.ports, scene.claim)


def give(scene: Scene) -> None:
    fencing.give(scene.ports, scene.client, scene.new.tenant)


def move(scene: Scene) -> None:
    """To another device of the old tenant, which is deleted then."""
    rest = scene.old.rest
    assert rest.call("POST", DEVICES, {"id": OTHER}).status < 300
    path = f"{DEVICES}/{scene.device}/interfaces/mqtt:{scene.claim.own_node}"
    assert rest.call("PATCH", path, {"deviceId": OTHER}).status < 300
    scene.old.delete(OTHER)


def leave(scene: Scene) -> None:
    scene.ports.delivery.live.discard(scene.client)
    scene.lifecycle("disconnected", "s-old")(scene.instances[0])


def vanish(scene: Scene) -> None:
    """Its end is never told."""
    scene.ports.delivery.live.discard(scene.client)
    login = scene.new.inhabitant.logins["application"]
    assert not authorizer.handle(scene.ports, login.knocking(scene.client), ARN)["isAuthenticated"]


def knock(scene: Scene) -> None:
    """A device comes for the id of a client that is none, or whoever the id names."""
    assert not scene.knock(scene.new)


def register(scene: Scene) -> None:
    interface = {"connector": "mqtt", "definition": {"clientId": scene.client}}
    assert scene.new.rest.call("POST", DEVICES, {"id": "urn:lo:nsid:meter:7", "interfaces": [interface]}).status < 300


def then_give(way: Way) -> Way:
    """Nobody but whom it names gets such an id otherwise."""

    def done(scene: Scene) -> None:
        way(scene)
        give(scene)

    return done


OF_DEVICES: dict[str, Way] = {
    "delete": delete,
    "delete interface": delete_interface,
    "release": release,
    "give": give,
    "move": move,
}
OF_OTHERS: dict[str, Way] = {
    "it leaves": leave,
    "a device comes": knock,
    "a device is registered": register,
    "it is not heard of any more": vanish,
}
OF_NAMED_DEVICES: dict[str, Way] = {
    "give": give,
    "delete, give": then_give(delete),
    "release, give": then_give(release),
}
OF_NAMED_OTHERS: dict[str, Way] = {"give": give, "leave, give": then_give(leave)}


@cache
def candidate(who: Who) -> Candidate:
    """How such a client of a tenant stands at the door."""
    dialect, mode = who
    ports = MemoryPorts()
    login = inhabitant(dialect, ports, "one").logins[mode]
    _, found = registry.login(dialect).authenticate(
        ports, username=login.username, password=login.password, client=login.client, server_name=None
    )
    return found


@cache
def has(who: Who, client: str) -> bool:
    """Whether such a client of a tenant may call itself so, and then has that id: some pass without one."""
    dialect, mode = who
    ports = MemoryPorts()
    login = inhabitant(dialect, ports, "one").logins[mode]
    answer = authorizer.handle(ports, login.knocking(client), ARN)
    return bool(answer["isAuthenticated"]) and ports.claims.get(client) is not None


@cache
def everybody() -> tuple[Who, ...]:
    """All modes of all dialects whose clients come to the broker and have their ids there."""
    names = registry.having(Part.LOGIN)
    known = [(name, mode) for name in names for mode in inhabitant(name, MemoryPorts(), "one").logins]
    return tuple(who for who in known if has(who, candidate(who).client))


def ways(who: Who) -> list[tuple[str, Way, Who, bool]]:
    """Name, way, who gets the id, and whether it names that one."""
    named, device = candidate(who).entitled, candidate(who).device is not None
    if named:
        return [(name, way, DEVICE, False) for name, way in (OF_NAMED_DEVICES if device else OF_NAMED_OTHERS).items()]
    plain = [(name, way, DEVICE, False) for name, way in (OF_DEVICES if device else OF_OTHERS).items()]
    owners = [other for other in everybody() if candidate(other).entitled and has(who, candidate(other).client)]
    return plain + [(f"it names a {mode} of {dialect}", knock, (dialect, mode), True) for dialect, mode in owners]
