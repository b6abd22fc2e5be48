import queue
import threading

from chalicelib.fleet.access.passwords import Cost, Hasher
from chalicelib.fleet.errors import RateLimitReached
from tests.clients import PATIENCE_S
from tests.fakes import CountingHasher

CHEAP = Cost(n=2, r=1, p=1)
RIGHT = "Corr3ct-horse"


def hasher(cost: Cost = CHEAP) -> CountingHasher:
    return CountingHasher(cost, b"a process's own")


def test_a_password_matches_itself_alone() -> None:
    kept = hasher().keep(RIGHT, b"salt")
    assert hasher().matches(RIGHT, kept)
    assert not hasher().matches("Corr3ct-horsf", kept)


def test_a_password_that_was_kept_at_another_cost_still_matches() -> None:
    kept = hasher().keep(RIGHT, b"salt")
    assert hasher(Cost(n=4, r=2, p=2)).matches(RIGHT, kept)


def test_what_another_keyboard_composes_differently_is_the_same_password() -> None:
    assert hasher().matches("Caf\u0065\u0301-1!", hasher().keep("Caf\u00e9-1!", b"salt"))


def test_any_text_may_be_entered() -> None:
    assert not hasher().matches("\ud800", hasher().keep(RIGHT, b"salt"))


def test_nothing_matches_where_there_is_no_password() -> None:
    assert not hasher().matches("", None)


def test_scrypt_is_called_once_whatever_there_is_to_compare_with() -> None:
    counted = hasher()
    kept = counted.keep(RIGHT, b"salt")
    for text, known in ((RIGHT, kept), ("wrong", kept), (RIGHT, None), (RIGHT, kept)):
        counted.calls = 0
        counted.matches(text, known)
        assert counted.calls == 1


def test_what_was_proven_is_remembered_for_this_password_alone() -> None:
    known = hasher()
    kept, other = known.keep(RIGHT, b"salt"), known.keep(RIGHT, b"other")
    assert not known.remembers(RIGHT, kept)
    known.matches("wrong", kept)
    known.matches(RIGHT, kept)
    assert known.remembers(RIGHT, kept)
    assert not known.remembers("wrong", kept)
    assert not known.remembers(RIGHT, other)


class Slow(CountingHasher):
    """Whose work waits until it is let go on; `most` is how many worked at once."""

    def __init__(self) -> None:
        super().__init__(CHEAP, b"")
        self.go = threading.Event()
        self.begun = threading.Event()
        self.working = self.most = 0

    def _scrypt(self, text: str, salt: bytes, cost: Cost) -> bytes:
        self.working += 1
        self.most = max(self.most, self.working)
        self.begun.set()
        assert self.go.wait(20)
        self.working -= 1
        return super()._scrypt(text, salt, cost)


def test_one_works_a_few_wait_and_the_rest_are_told_to_come_back() -> None:
    slow, answered = Slow(), queue.Queue[str]()

    def check() -> None:
        try:
            slow.matches(RIGHT, None)
        except RateLimitReached:
            answered.put("refused")
        else:
            answered.put("checked")

    threads = [threading.Thread(target=check) for _ in range(10)]
    for thread in threads:
        thread.start()
    # Those for whom there is no room wait for nobody.
    assert [answered.get(timeout=PATIENCE_S) for _ in range(10 - 1 - Hasher.WAITING)] == ["refused"] * (
        9 - Hasher.WAITING
    )
    slow.go.set()
    for thread in threads:
        thread.join(20)
    assert [answered.get_nowait() for _ in range(1 + Hasher.WAITING)] == ["checked"] * (1 + Hasher.WAITING)
    assert slow.most == 1
    assert not slow.matches(RIGHT, None)


def test_the_digest_is_that_of_rfc_7914() -> None:
    digest = hasher(Cost(n=1024, r=8, p=16)).keep("password", b"NaCl").digest
    assert digest.hex() == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"


def test_the_usual_cost_fits_into_a_function() -> None:
    assert hasher(Cost()).keep(RIGHT, b"salt").digest
