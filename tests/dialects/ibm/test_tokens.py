"""Tokens of devices: what was generated costs nothing to compare, what people choose costs scrypt, and not often."""

import random
import string

import pytest

from chalicelib.dialects.ibm import inventory, tokens
from chalicelib.fleet.access import attempts, secrets
from tests.dialects.ibm.client import V2
from tests.dialects.ibm.site import Site

pytestmark = pytest.mark.row("A6")
CHOSEN = "correct horse"
CLIENT = "d:{}:pump:p1"
ITSELF = f"{V2}/device/types/pump/devices/p1/events/e"


@pytest.fixture
def site() -> Site:
    return Site()


def knock(site: Site, token: str, address: str | None = None) -> bool:
    return bool(site.knock(CLIENT.format(site.org), "use-token-auth", token, address=address)["isAuthenticated"])


def calls(site: Site) -> int:
    made, site.client.ports.hasher.calls = site.client.ports.hasher.calls, 0
    return made


@pytest.mark.parametrize(
    "token", ["password", "12345678", CHOSEN, "MyCompany2024Device!", "Pump-Station-North-01", "x" * 255]
)
def test_a_chosen_token_is_kept_by_scrypt(site: Site, token: str) -> None:
    site.client.registered(password=token)
    assert calls(site) == 1
    device = site.client.ports.devices.get(site.org, site.client.fleet_id())
    assert device is not None
    assert "scrypt" in inventory.own(device)["token"]
    assert token not in str(device)
    assert knock(site, token)
    assert not knock(site, token + "x")


def test_a_generated_token_costs_no_scrypt(site: Site) -> None:
    token = site.client.registered()
    assert knock(site, token)
    assert not knock(site, token[:-1])
    assert calls(site) == 0


def test_most_tokens_that_the_vendor_generated_are_told_from_chosen_ones() -> None:
    chance, kinds = random.Random(5), string.ascii_letters + string.digits + "!@-_*&()'.+?"
    made = ["".join(chance.choice(kinds) for _ in range(18)) for _ in range(500)]
    assert sum(map(tokens.looks_generated, made)) > 350


@pytest.mark.parametrize(
    "text",
    [
        "Winter2023!Winter!",
        "P@ssw0rdP@ssw0rd123",
        "Tr0ub4dor&3Tr0ub4dor&3",
        "aB3aB3aB3aB3aB3aB3",
        "correct horse battery staple 9A",
        "aaaaaaaaaaaaaaaaaaaaaaB1",
        "kX9!wQ2#",
        "0123456789abcdefABCDEF",
    ],
)
def test_what_people_choose_is_not_taken_for_generated(text: str) -> None:
    assert not tokens.looks_generated(text)


def test_a_token_that_was_kept_before_stays_good(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    plain = {"salt": "c2FsdA==", "digest": tokens._text(secrets.digest(CHOSEN, b"salt"))}
    inventory.change_own(site.client.ports, site.org, site.client.fleet_id(), lambda own: {**own, "token": plain})
    assert knock(site, CHOSEN)


def test_a_device_that_was_here_costs_scrypt_once_in_each_instance(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    calls(site)
    for _ in range(attempts.GUESSES * 2):
        assert knock(site, CHOSEN)
    assert calls(site) == 1


def test_guessing_is_slowed_down_and_told(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    calls(site)
    for n in range(attempts.GUESSES * 3):
        assert not knock(site, f"guess number {n}")
    assert calls(site) == attempts.GUESSES
    assert {"connection refused: the token is not that of the device"} < set(site.complaints()) | {""}
    assert not knock(site, CHOSEN)
    site.client.ports.clock.advance(seconds=60)
    assert knock(site, CHOSEN)


def test_a_device_that_is_known_comes_in_while_somebody_guesses(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    assert knock(site, CHOSEN)
    for n in range(attempts.GUESSES * 2):
        knock(site, f"guess number {n}")
    assert knock(site, CHOSEN)


@pytest.mark.parametrize(
    ("guessing", "owning"), [("198.51.100.9", "192.0.2.7"), ("2001:db8:1::9", "2001:db8:2::9"), (None, "192.0.2.7")]
)
def test_who_guesses_elsewhere_keeps_nobody_out_that_was_never_here(
    site: Site, guessing: str | None, owning: str
) -> None:
    site.client.registered(password=CHOSEN)
    calls(site)
    for n in range(attempts.GUESSES * 2):
        assert not knock(site, f"guess number {n}", guessing)
    assert calls(site) == attempts.GUESSES
    assert not knock(site, CHOSEN, guessing)
    assert knock(site, CHOSEN, owning)


def test_a_household_of_ipv6_is_one_guesser(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    calls(site)
    for n in range(attempts.GUESSES * 2):
        assert not knock(site, f"guess number {n}", f"2001:db8::{n:x}")
    assert calls(site) == attempts.GUESSES


def test_over_http_who_guesses_elsewhere_keeps_nobody_out(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    for n in range(attempts.GUESSES * 2):
        site.client.call("POST", ITSELF, {}, auth=("use-token-auth", f"guess number {n}"), address="198.51.100.9")
    own = ("use-token-auth", CHOSEN)
    assert site.client.call("POST", ITSELF, {}, auth=own, address="198.51.100.9").status == 429
    assert site.client.call("POST", ITSELF, {}, auth=own).status == 200
    assert knock(site, CHOSEN)


def test_guessing_at_one_device_slows_down_no_other(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    site.client.registered("pump", "p2", password=CHOSEN)
    for n in range(attempts.GUESSES * 2):
        knock(site, f"guess number {n}")
    assert site.knock(f"d:{site.org}:pump:p2", "use-token-auth", CHOSEN)["isAuthenticated"]


def test_over_http_it_is_the_same(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    calls(site)
    tried = [
        site.client.call("POST", ITSELF, {}, auth=("use-token-auth", f"guess number {n}"))
        for n in range(attempts.GUESSES + 2)
    ]
    assert [reply.status for reply in tried] == [403] * attempts.GUESSES + [429] * 2
    assert calls(site) == attempts.GUESSES
    assert "the token is not that of the device" in site.complaints()


def test_a_changed_token_is_not_remembered(site: Site) -> None:
    site.client.registered(password=CHOSEN)
    assert knock(site, CHOSEN)
    other = tokens.kept(site.client.ports, "another horse", generated=False)
    inventory.change_own(site.client.ports, site.org, site.client.fleet_id(), lambda own: {**own, "token": other})
    assert not knock(site, CHOSEN)
    assert knock(site, "another horse")


def test_a_bulk_takes_so_many_weak_tokens_and_any_number_of_generated_ones(site: Site) -> None:
    generated = "k9!Qz_4vR)t7W*bX2m"
    bodies = [
        {"typeId": "pump", "deviceId": f"w{n}", "authToken": f"weak one {n}"} for n in range(tokens.MOST_AT_ONCE + 2)
    ]
    bodies += [{"typeId": "pump", "deviceId": f"g{n}", "authToken": generated} for n in range(3)]
    bodies += [{"typeId": "pump", "deviceId": "none"}]
    site.client.registered("pump", "first")
    calls(site)
    reply = site.client.call("POST", f"{V2}/bulk/devices/add", bodies)
    assert reply.status == 202
    assert [d["success"] for d in reply.body] == [True] * tokens.MOST_AT_ONCE + [False] * 2 + [True] * 4
    assert calls(site) == tokens.MOST_AT_ONCE
