"""The fence between two tenants, and the ends of claims of clients that are no devices."""

from dataclasses import replace

import pytest

from chalicelib.fleet.access import callers, tenants
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.errors import Forbidden, QuotaReached, TemporarilyUnavailable
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence import admitting, connecting, fencing, relaying
from chalicelib.fleet.presence.admitting import Candidate, admit
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import Capability
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from tests.fakes import START, MemoryPorts

CLIENT = "urn:lab:meter:1"
DEVICE = Candidate(CLIENT, "live_objects", "device", connector="mqtt", device=CLIENT)
APPLICATION = Candidate(CLIENT, "live_objects", "application")


@pytest.fixture
def key(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "acme")[1]


@pytest.fixture
def other(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "other")[1]


def held(ports: MemoryPorts) -> Claim:
    found = ports.claims.current(CLIENT)
    assert found is not None
    return found


def rest(ports: MemoryPorts) -> None:
    ports.run_background()
    ports.clock.advance(ms=ports.fence_rest)


def test_the_old_connection_is_closed_and_the_broker_asked_until_it_is_gone(ports: MemoryPorts, key: ApiKey) -> None:
    class Slow(type(ports.delivery)):  # type: ignore[misc]
        """A broker that goes on knowing of a connection for a while."""

        questions = 3

        def connected(self, client: str) -> bool:  # noqa: ARG002
            self.questions -= 1
            return self.questions > 0

    ports.delivery = Slow(ports.clock)
    claim = admit(ports, callers.of_key(key), DEVICE)
    assert fencing.release(ports, claim)
    ports.run_background()
    assert ports.delivery.disconnected == [CLIENT] * 3
    fence = held(ports).fence
    assert fence is not None
    assert fence.done


def test_a_broker_that_never_says_so_is_waited_for_and_asked_again(
    ports: MemoryPorts, key: ApiKey, other: ApiKey
) -> None:
    fencing.release(ports, admit(ports, callers.of_key(key), DEVICE))

    class Deaf(type(ports.delivery)):  # type: ignore[misc]
        def connected(self, client: str) -> bool:  # noqa: ARG002
            return True

    ports.delivery = Deaf(ports.clock)
    with pytest.raises(TemporarilyUnavailable):
        ports.run_background()
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(other), DEVICE)
    assert list(ports.background.fences) == [(CLIENT, 1)]
    ports.clock.advance(ms=ports.fence_rest)
    assert admit(ports, callers.of_key(other), DEVICE).tenant == other.tenant


def test_presence_ends_with_the_claim_and_a_late_event_does_not_bring_it_back(ports: MemoryPorts, key: ApiKey) -> None:
    claim = admit(ports, callers.of_key(key), DEVICE)
    connecting.connected(ports, claim, "s1", START)
    fencing.release(ports, claim)
    ports.run_background()
    for session in ("s1", "s2"):
        # A handler that had read the claim before it was released.
        connecting.connected(ports, claim, session, START + 5)
        connecting.subscribed(ports, claim, session, frozenset({"command"}), START + 5)
    mailbox = ports.mailboxes.get(key.tenant, CLIENT)
    assert mailbox is not None
    assert not mailbox.online
    again = admit(ports, callers.of_key(key), DEVICE)
    connecting.connected(ports, again, "s3", START + 6)
    mailbox = ports.mailboxes.get(key.tenant, CLIENT)
    assert mailbox is not None
    assert mailbox.online


def test_of_several_holders_the_last_ones_presence_ends(ports: MemoryPorts, key: ApiKey, other: ApiKey) -> None:
    fencing.release(ports, admit(ports, callers.of_key(key), DEVICE))
    rest(ports)
    second = admit(ports, callers.of_key(other), DEVICE)
    connecting.connected(ports, second, "s2", ports.clock.now())
    assert [one.tenant for one in second.former] == [key.tenant]
    fencing.release(ports, second)
    assert [one.tenant for one in held(ports).former] == [key.tenant, other.tenant]
    ports.run_background()
    mailbox = ports.mailboxes.get(other.tenant, CLIENT)
    assert mailbox is not None
    assert not mailbox.online
    assert mailbox.presence[f"mqtt:{CLIENT}"].ended == ports.clock.now()


@pytest.mark.parametrize("relays", [True, False])
def test_what_a_device_relays_is_over_with_its_claim_also_where_its_coming_was_not_told_yet(
    ports: MemoryPorts,
    key: ApiKey,
    relays: bool,  # noqa: FBT001 - a parameter
) -> None:
    claim = admit(ports, callers.of_key(key), replace(DEVICE, relays=relays))
    assert ports.gateways.get(key.tenant, CLIENT) is None
    fencing.release(ports, claim)
    ports.run_background()
    relaying.connected(ports, claim, "s1", START + 5)
    relaying.subscribed(ports, claim, "s1", frozenset({Capability.COMMAND}), START + 6)
    gateway = ports.gateways.get(key.tenant, CLIENT)
    assert gateway is not None
    assert gateway.presence.online is not relays


def test_a_given_id_is_kept_for_its_new_tenant(ports: MemoryPorts, key: ApiKey, other: ApiKey) -> None:
    admit(ports, callers.of_key(key), DEVICE)
    fencing.give(ports, CLIENT, other.tenant)
    rest(ports)
    with pytest.raises(Forbidden, match="somebody else"):
        admit(ports, callers.of_key(key), DEVICE)
    assert admit(ports, callers.of_key(other), DEVICE).device == CLIENT
    assert fencing.give(ports, CLIENT, other.tenant) == held(ports)


def test_an_id_that_nobody_had_can_be_given(ports: MemoryPorts, key: ApiKey, other: ApiKey) -> None:
    assert fencing.give(ports, CLIENT, other.tenant).fence is None
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(key), DEVICE)
    assert admit(ports, callers.of_key(other), replace(DEVICE, mode="another")).mode == "another"


def test_a_device_goes_before_an_application_which_does_not_get_the_id_back(
    ports: MemoryPorts, key: ApiKey, other: ApiKey
) -> None:
    admit(ports, callers.of_key(other), APPLICATION)
    with pytest.raises(Forbidden, match="not free yet"):
        admit(ports, callers.of_key(key), DEVICE)
    for _ in range(3):
        with pytest.raises(Forbidden, match="kept for a device"):
            admit(ports, callers.of_key(other), APPLICATION)
        rest(ports)
    assert admit(ports, callers.of_key(key), DEVICE).tenant == key.tenant


def test_a_device_goes_before_an_application_of_its_own_tenant_at_once(ports: MemoryPorts, key: ApiKey) -> None:
    admit(ports, callers.of_key(key), APPLICATION)
    assert admit(ports, callers.of_key(key), DEVICE).mode == "device"


def test_registering_a_device_takes_its_id_from_an_application(ports: MemoryPorts, key: ApiKey, other: ApiKey) -> None:
    admit(ports, callers.of_key(other), APPLICATION)
    interface = Interface("mqtt", CLIENT, "live_objects", START, START)
    devices.register(ports, Device(key.tenant, CLIENT, START, START, interfaces=(interface,)))
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(other), APPLICATION)
    rest(ports)
    assert admit(ports, callers.of_key(key), DEVICE).device == CLIENT


def test_the_claim_of_an_application_ends_with_its_connection(ports: MemoryPorts, key: ApiKey, other: ApiKey) -> None:
    claim = admit(ports, callers.of_key(other), APPLICATION)
    ports.delivery.live.add(CLIENT)
    fencing.left(ports, claim)
    ports.run_background()
    assert held(ports) == claim
    ports.delivery.live.clear()
    fencing.left(ports, claim)
    ports.run_background()
    assert held(ports).vacant
    rest(ports)
    # Long gone, so only what the fence does has to be waited for.
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(key), DEVICE)
    ports.run_background()
    assert admit(ports, callers.of_key(key), DEVICE).tenant == key.tenant


def test_an_application_that_is_admitted_again_meanwhile_keeps_its_claim(ports: MemoryPorts, key: ApiKey) -> None:
    first = admit(ports, callers.of_key(key), APPLICATION)
    fencing.left(ports, first)
    asked = ports.delivery.connected

    def again(client: str) -> bool:
        ports.clock.advance(ms=1)
        admit(ports, callers.of_key(key), APPLICATION)
        return asked(client)

    ports.delivery.connected = again  # type: ignore[method-assign]
    ports.run_background()
    assert not held(ports).vacant
    assert held(ports).generation == first.generation


def test_an_application_that_comes_back_goes_on_as_the_same_holder(ports: MemoryPorts, key: ApiKey) -> None:
    first = admit(ports, callers.of_key(key), APPLICATION)
    for _ in range(30):
        fencing.left(ports, held(ports))
        ports.run_background()
        assert held(ports).vacant
        assert admit(ports, callers.of_key(key), APPLICATION).generation == first.generation
    assert held(ports).former == ()


def test_applications_count_as_devices_while_they_hold_an_id(ports: MemoryPorts, key: ApiKey) -> None:
    settings.set_quotas(ports, key.tenant, {Stored.DEVICES: 2})
    ports.clock.advance(seconds=600)
    admit(ports, callers.of_key(key), DEVICE)
    first = admit(ports, callers.of_key(key), replace(APPLICATION, client="one"))
    with pytest.raises(QuotaReached):
        admit(ports, callers.of_key(key), replace(APPLICATION, client="two"))
    admit(ports, callers.of_key(key), replace(APPLICATION, client="one"))
    fencing.left(ports, first)
    ports.background.fences[-1] = ("one", first.generation)
    ports.run_background()
    admit(ports, callers.of_key(key), replace(APPLICATION, client="two"))
    with pytest.raises(QuotaReached):
        admit(ports, callers.of_key(key), replace(APPLICATION, client="one"))


def test_what_is_entitled_to_an_id_takes_it_back_for_good(ports: MemoryPorts, key: ApiKey, other: ApiKey) -> None:
    admit(ports, callers.of_key(other), DEVICE)
    own = replace(APPLICATION, dialect="ibm", entitled=True)
    for _ in range(2):
        with pytest.raises(Forbidden):
            admit(ports, callers.of_key(key), own)
    rest(ports)
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(other), DEVICE)
    assert admit(ports, callers.of_key(key), own).tenant == key.tenant
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(other), DEVICE)
    assert admitting.admit(ports, callers.of_key(key), own).entitled
