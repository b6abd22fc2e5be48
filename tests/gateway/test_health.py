"""When the health port is open, by a clock of the test's."""

import socket

from infra.gateway.health import HealthPort


class Gateway:
    def __init__(self) -> None:
        self.now, self.wrong, self.given_up = 100.0, "", 0
        self.port = HealthPort("127.0.0.1", 0, lambda: self.wrong or None, time=lambda: self.now, give_up=self._give_up)

    def _give_up(self) -> None:
        self.given_up += 1

    def open(self) -> bool:
        self.port.look()
        try:
            with socket.create_connection(("127.0.0.1", self.port.port), timeout=5):
                return True
        except OSError:
            return False


def test_it_is_open_while_all_is_well_and_the_loop_turns() -> None:
    gateway = Gateway()
    assert gateway.open()
    gateway.wrong = "its last invocation failed"
    assert not gateway.open()
    gateway.wrong = ""
    assert gateway.open()
    gateway.now += 5.5
    assert not gateway.open()
    gateway.port.turned()
    assert gateway.open()
    for _ in range(200):  # a balancer that looks for a long time
        assert gateway.open()
    gateway.wrong = "it stops"
    assert not gateway.open()


def test_a_loop_that_is_stuck_for_a_minute_ends_the_process() -> None:
    gateway = Gateway()
    gateway.now += 59.0
    counts = []
    for _ in range(2):
        gateway.port.look()
        counts.append(gateway.given_up)
        gateway.now += 2.0
    assert counts == [0, 1]


def test_a_port_that_is_taken_leaves_it_unwell_and_is_taken_once_it_is_free() -> None:
    gateway = Gateway()
    taken = socket.create_server(("127.0.0.1", gateway.port.port))
    gateway.port.look()
    taken.close()
    assert gateway.open()
    gateway.wrong = "it stops"
    gateway.port.look()
