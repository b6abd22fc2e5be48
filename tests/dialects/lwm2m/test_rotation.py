"""Secrets outlive rotations of the stage key, however seldom their devices connect."""

from chalicelib.fleet.access import stage_key
from chalicelib.fleet.twin import resealing
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import KEY, Endpoint, provision
from tests.dialects.lwm2m.test_bootstrap import ENTRIES, THEIRS, Bootstrapping, configure, enter, run_security
from tests.dialects.lwm2m.test_bootstrap import KEY as BOOTSTRAP_KEY


def rotate(client: Client) -> None:
    ports = client.ports
    resealing.reseal(ports)
    ports.stage_key.key = stage_key.rotated(ports.stage_key.key, ports.clock.now(), ports.chance(stage_key.LENGTH))
    ports.clock.at += stage_key.SETTLED
    # API keys move to the next generation as they are used
    assert client.call("GET", ENTRIES).status == 200


def test_secrets_outlive_rotations(client: Client) -> None:
    provision(client)
    entry = enter(client, configure(client, THEIRS), run_security("theirs", secret="their_secret"))
    for _ in range(4):
        rotate(client)
    endpoint, door = Endpoint(client), Bootstrapping(client)
    assert endpoint.connect()
    assert endpoint.key == KEY
    assert door.connect()
    assert door.key == bytes.fromhex(BOOTSTRAP_KEY)
    shown = client.call("GET", entry, showSecuritySecrets="true").body
    assert shown["definition"]["runServers"][0]["security"]["pskInfo"]["secret"] == "their_secret"
    assert entry == f"{ENTRIES}/{endpoint.name}"


def test_what_nobody_sealed_again_opens_nothing_and_harms_nobody(client: Client) -> None:
    provision(client)
    ports = client.ports
    for _ in range(2):
        ports.stage_key.key = stage_key.rotated(ports.stage_key.key, ports.clock.now(), ports.chance(32))
        ports.clock.at += stage_key.SETTLED
    assert not Endpoint(client).connect()
    resealing.reseal(ports)
