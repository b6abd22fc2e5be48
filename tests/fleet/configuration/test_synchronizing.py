import pytest

from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import Configuration, ParameterType, SyncStatus, Value
from chalicelib.fleet.errors import DeviceNotFound, TemporarilyUnavailable
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.presence.records import Capability
from tests.fakes import MemoryConfigurations
from tests.fleet.rig import CLIENT, COMMANDS, DEVICE, EVERYTHING, TENANT, Rig

S = SyncStatus


@pytest.fixture
def there(rig: Rig) -> Rig:
    rig.connect(capabilities=EVERYTHING)
    return rig


def ask(rig: Rig, key: str = "p", value: int = 1) -> None:
    target = Value(ParameterType.INT32, value, rig.ports.clock.now())
    synchronizing.request(rig.ports, TENANT, DEVICE, {key: target}, None)


def say(rig: Rig, value: int, cid: int | None, key: str = "p") -> None:
    rig.ports.clock.advance(ms=1)
    said = Value(ParameterType.INT32, value, rig.ports.clock.now())
    synchronizing.report(rig.ports, TENANT, DEVICE, {key: said}, cid)


def status(rig: Rig, key: str = "p") -> SyncStatus:
    return synchronizing.get(rig.ports, TENANT, DEVICE).parameters[key].status


def last_cid(rig: Rig) -> int:
    return rig.ports.delivery.updates[-1][1].correlation


def test_a_request_reaches_a_device_that_is_there(there: Rig) -> None:
    ask(there)
    there.ports.run_background()
    assert [u.parameters["p"].value for _, u in there.ports.delivery.updates] == [1]
    assert status(there) is S.SENT
    say(there, 1, last_cid(there))
    assert status(there) is S.OK


def test_a_request_waits_for_a_device_that_is_away(rig: Rig) -> None:
    ask(rig)
    assert not rig.ports.background.deliveries
    rig.connect(capabilities=EVERYTHING)
    assert status(rig) is S.SENT


def test_a_device_that_takes_only_commands_gets_no_configuration(online: Rig) -> None:
    ask(online)
    online.ports.run_background()
    assert online.ports.delivery.updates == []


def test_several_requests_go_in_one_update(rig: Rig) -> None:
    ask(rig, "p")
    ask(rig, "q")
    rig.connect(capabilities=EVERYTHING)
    assert [sorted(u.parameters) for _, u in rig.ports.delivery.updates] == [["p", "q"]]


def test_what_was_sent_is_not_sent_to_the_same_session_again(there: Rig) -> None:
    ask(there)
    there.ports.run_background()
    there.deliver()
    assert len(there.ports.delivery.updates) == 1


def test_what_was_not_answered_is_sent_again_to_the_next_session(there: Rig) -> None:
    ask(there)
    there.ports.run_background()
    there.disconnect()
    there.connect("s2", EVERYTHING)
    assert len(there.ports.delivery.updates) == 2


def test_what_was_answered_is_not_sent_to_the_next_session(there: Rig) -> None:
    ask(there)
    there.ports.run_background()
    say(there, 1, last_cid(there))
    there.disconnect()
    there.connect("s2", EVERYTHING)
    assert len(there.ports.delivery.updates) == 1


def test_a_device_that_drifts_is_told_again(there: Rig) -> None:
    ask(there)
    there.ports.run_background()
    say(there, 1, last_cid(there))
    say(there, 5, None)
    there.ports.run_background()
    assert [u.parameters["p"].value for _, u in there.ports.delivery.updates] == [1, 1]


def test_a_device_that_refuses_is_not_told_again(there: Rig) -> None:
    ask(there)
    there.ports.run_background()
    say(there, 5, last_cid(there))
    there.ports.run_background()
    assert status(there) is S.FAILED
    assert len(there.ports.delivery.updates) == 1


def test_an_update_that_nobody_acknowledged_stays_sent(there: Rig) -> None:
    there.ports.delivery.outcomes.append(Outcome.UNCONFIRMED)
    ask(there)
    there.ports.run_background()
    assert status(there) is S.SENT


def test_an_update_that_can_never_be_delivered_has_failed(there: Rig) -> None:
    there.ports.delivery.outcomes.append(Outcome.REFUSED)
    ask(there)
    there.ports.run_background()
    assert status(there) is S.FAILED


def test_a_busy_broker_is_tried_again(there: Rig) -> None:
    there.ports.delivery.outcomes.append(Outcome.BUSY)
    ask(there)
    with pytest.raises(TemporarilyUnavailable):
        there.deliver()
    assert status(there) is S.PENDING
    there.deliver()
    assert status(there) is S.SENT


def test_a_device_that_turns_out_to_be_away_gets_it_when_it_returns(there: Rig) -> None:
    there.ports.delivery.outcomes.append(Outcome.ABSENT)
    del there.ports.delivery.subscriptions[CLIENT]
    ask(there)
    there.ports.run_background()
    assert status(there) is S.PENDING
    assert not there.mailbox.online
    there.connect("s2", EVERYTHING)
    assert status(there) is S.SENT


def test_a_device_that_came_back_meanwhile_is_tried_again(there: Rig) -> None:
    there.ports.delivery.outcomes.append(Outcome.ABSENT)
    ask(there)
    with pytest.raises(TemporarilyUnavailable):
        there.deliver()
    assert status(there) is S.PENDING


def test_the_broker_is_asked_about_a_session_that_was_resumed(there: Rig) -> None:
    there.disconnect()
    ask(there)
    there.ports.delivery.subscriptions[CLIENT] = EVERYTHING
    connecting.connected(there.ports, there.claim, "s2", there.ports.clock.now())
    there.ports.run_background()
    assert status(there) is S.SENT


def test_a_sender_that_dies_is_replaced_after_its_lease(there: Rig) -> None:
    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    there.ports.delivery.meanwhile = die
    ask(there)
    with pytest.raises(Died):
        there.deliver()
    there.ports.clock.advance(ms=LEASE)
    there.deliver()
    assert len(there.ports.delivery.updates) == 2


def test_two_deliveries_at_once_send_one_update(there: Rig) -> None:
    ask(there)
    there.ports.delivery.meanwhile = there.deliver
    there.deliver()
    assert len(there.ports.delivery.updates) == 1


def test_a_request_made_while_an_update_is_sent_is_sent_next(there: Rig) -> None:
    ask(there, "p")
    there.ports.delivery.meanwhile = lambda: ask(there, "q")
    there.ports.run_background()
    assert [sorted(u.parameters) for _, u in there.ports.delivery.updates] == [["p"], ["q"]]


def test_what_is_canceled_is_not_sent(rig: Rig) -> None:
    ask(rig)
    synchronizing.cancel(rig.ports, TENANT, DEVICE, "p")
    rig.connect(capabilities=EVERYTHING)
    assert rig.ports.delivery.updates == []
    assert status(rig) is S.CANCELED


def test_an_unknown_device_takes_no_configuration_and_gets_no_record(rig: Rig) -> None:
    with pytest.raises(DeviceNotFound):
        synchronizing.request(rig.ports, TENANT, "nobody", {"p": Value(ParameterType.INT32, 1, 0)}, None)
    with pytest.raises(DeviceNotFound):
        synchronizing.get(rig.ports, TENANT, "nobody")
    assert not rig.ports.configurations.rows


def test_a_device_without_configuration_has_an_empty_one(rig: Rig) -> None:
    assert synchronizing.get(rig.ports, TENANT, DEVICE).parameters == {}


def test_the_flag_falls_when_nothing_is_left_to_say(there: Rig) -> None:
    ask(there)
    there.ports.run_background()
    assert Capability.CONFIGURATION in there.mailbox.todo
    say(there, 1, last_cid(there))
    there.deliver()
    assert there.mailbox.todo == frozenset()


def test_commands_and_configuration_go_to_the_same_device(rig: Rig) -> None:
    ask(rig)
    command = rig.create()
    rig.connect(capabilities=COMMANDS | EVERYTHING)
    assert len(rig.ports.delivery.updates) == len(rig.ports.delivery.commands) == 1
    assert rig.read(command).attempts_used == 1


class UnheardConfigurations(MemoryConfigurations):
    """Each write is done, but its answer is lost: the repeated request fails."""

    def replace(self, old: Configuration, new: Configuration) -> bool:
        return super().replace(old, new) and False


def test_an_update_that_is_marked_is_sent_even_if_nobody_heard_of_the_mark(there: Rig) -> None:
    ask(there)
    there.ports.configurations = UnheardConfigurations(there.ports.configurations.rows)
    there.ports.run_background()
    assert len(there.ports.delivery.updates) == 1
    assert status(there) is S.SENT


def test_a_wake_up_with_nothing_to_say_drops_the_flag_only_if_nobody_asked_meanwhile(there: Rig) -> None:
    ask(there)
    there.ports.run_background()
    say(there, 1, last_cid(there))

    class Asking(MemoryConfigurations):
        """A client asks for something just after the configuration was read."""

        def get(self, tenant: str, device: str) -> Configuration | None:
            found = super().get(tenant, device)
            there.ports.configurations = MemoryConfigurations(self.rows)
            ask(there, "q")
            return found

    there.ports.configurations = Asking(there.ports.configurations.rows)
    there.deliver()
    assert Capability.CONFIGURATION in there.mailbox.todo
    there.ports.run_background()
    assert [sorted(u.parameters) for _, u in there.ports.delivery.updates] == [["p"], ["q"]]


def test_a_request_whose_delivery_meets_another_waits_for_that_and_goes_next(there: Rig) -> None:
    ask(there, "p")
    under_way = []

    def second() -> None:
        ask(there, "q")
        there.ports.background.deliveries.clear()
        there.deliver()
        under_way.append(len(there.ports.delivery.updates))

    there.ports.delivery.meanwhile = second
    there.ports.background.deliveries.clear()
    there.deliver()
    there.ports.run_background()
    assert under_way == [1]
    assert [sorted(u.parameters) for _, u in there.ports.delivery.updates] == [["p"], ["q"]]
