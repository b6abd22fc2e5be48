"""API keys that IBM made: their names and tokens go on to work, whatever characters these have."""

import pytest

from chalicelib.fleet.access import adopting, callers, keys
from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Conflict, Invalid
from tests.dialects.ibm.client import V2
from tests.dialects.ibm.site import Site

pytestmark = pytest.mark.row("A6")
TOKEN = "x!Nq7@yTkP*2aB-cDe"
READING = KeyRequest(roles=frozenset({Role.DEVICE_R, Role.DATA_R}))


@pytest.fixture
def site() -> Site:
    return Site()


def name(site: Site) -> str:
    return f"a-{site.org}-7w2kq0x9zd"


def adopted(site: Site, token: str = TOKEN) -> ApiKey:
    return adopting.adopt(
        site.client.ports, callers.of_key(site.client.key), site.client.key.id, token, READING, name=name(site)
    )


def knock(site: Site, token: str = TOKEN, username: str = "") -> bool:
    return bool(site.knock(f"a:{site.org}:app", username or name(site), token)["isAuthenticated"])


@pytest.mark.parametrize("token", [TOKEN, "password", "mit Leerzeichen und \u00fc", "0123456789abcdef0123456789abcdef"])
def test_name_and_token_open_the_key_together(site: Site, token: str) -> None:
    adopted(site, token)
    assert knock(site, token)
    assert not knock(site, token + "x")
    assert not knock(site, token, f"a-{site.org}-0000000000")
    assert site.client.call("GET", f"{V2}/device/types", auth=(name(site), token)).status == 200
    assert site.client.call("GET", f"{V2}/device/types", auth=(name(site), token + "x")).status == 403


def test_it_costs_scrypt_once_in_each_instance(site: Site) -> None:
    adopted(site)
    site.client.ports.hasher.calls = 0
    for _ in range(30):
        assert knock(site)
    assert site.client.ports.hasher.calls == 1


def test_guessing_is_slowed_down(site: Site) -> None:
    adopted(site)
    site.client.ports.hasher.calls = 0
    for n in range(30):
        assert not knock(site, f"guess number {n}")
    assert site.client.ports.hasher.calls == 10
    assert not knock(site)
    tried = [
        site.client.call("GET", f"{V2}/device/types", auth=(name(site), f"guess number {n}")).status for n in range(12)
    ]
    assert tried == [403] * 10 + [429] * 2


@pytest.mark.parametrize("through", ["MQTT", "HTTP"])
def test_who_guesses_elsewhere_keeps_nobody_out(site: Site, through: str) -> None:
    adopted(site)
    elsewhere = "198.51.100.9"

    def comes_in(token: str, address: str) -> bool:
        if through == "MQTT":
            return bool(site.knock(f"a:{site.org}:app", name(site), token, address=address)["isAuthenticated"])
        return site.client.call("GET", f"{V2}/device/types", auth=(name(site), token), address=address).status == 200

    for n in range(30):
        assert not comes_in(f"guess number {n}", elsewhere)
    assert not comes_in(TOKEN, elsewhere)
    assert comes_in(TOKEN, "192.0.2.7")
    assert comes_in(TOKEN, elsewhere)  # who was let in by this instance is known to it


def test_a_name_is_taken_once(site: Site) -> None:
    adopted(site)
    with pytest.raises(Conflict):
        adopted(site, "another token")


def test_what_ended_opens_nothing(site: Site) -> None:
    key = adopted(site)
    keys.update(site.client.ports, callers.of_key(site.client.key), key.id, KeyRequest(active=False))
    assert not knock(site)
    keys.delete(site.client.ports, callers.of_key(site.client.key), key.id)
    assert not knock(site)
    assert adopted(site).id != key.id
    assert knock(site)


def test_a_new_secret_ends_the_old_one(site: Site) -> None:
    key = adopted(site)
    keys.update(site.client.ports, callers.of_key(site.client.key), key.id, KeyRequest(), renew=True)
    assert not knock(site)


@pytest.mark.parametrize("token", ["", "short", "x" * 256, "a\nb\nc\nd\ne"])
def test_what_no_client_could_present_is_refused(site: Site, token: str) -> None:
    with pytest.raises(Invalid):
        adopted(site, token)


def test_the_secret_without_its_name_opens_nothing(site: Site) -> None:
    adopted(site, "0123456789abcdef0123456789abcdef")
    assert keys.owner(site.client.ports, "0123456789abcdef0123456789abcdef") is None
