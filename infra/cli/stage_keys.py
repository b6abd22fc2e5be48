"""`stage-key …`: what digests of secrets are keyed with."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target

if TYPE_CHECKING:
    from chalicelib.fleet.access.stage_key import Generation, StageKey
    from chalicelib.fleet.ports import Ports


@click.group("stage-key", help="What digests of secrets are keyed with.")
def group() -> None:
    pass


@group.command("create")
@as_json
@on_target
@complaints
def create(*, json: bool) -> None:
    """Make the key of a stage that has none; `deploy` does so by itself."""
    from chalicelib import wiring
    from chalicelib.fleet.access import stage_key

    made = stage_key.first(wiring.ports().chance(stage_key.LENGTH))
    if not wiring.stage_key_store().create(stage_key.dump(made)):
        raise click.ClickException("this stage has a key already: rotate it")
    show(_told(made.newest), json=json)


@group.command("show")
@as_json
@on_target
@complaints
def show_(*, json: bool) -> None:
    """Tell the newest generation, from when on it is written with, and how many secrets still need the one before."""
    from chalicelib import wiring

    key = _present()
    show({**_told(key.newest), "needPrevious": _left(wiring.ports(), key)}, json=json)


@group.command("rotate")
@click.option("--forget", is_flag=True, help="Give up the secrets that were not used since the last rotation.")
@as_json
@on_target
@complaints
def rotate(*, forget: bool, json: bool) -> None:
    """Make a new generation, written with in ten minutes; each secret moves to it when it is next used.

    The generation before the present one ends now. Secrets that were not used since the last rotation are found by it
    alone, so as long as there are any nothing is done without --forget.
    """
    from chalicelib import wiring
    from chalicelib.fleet.access import stage_key
    from chalicelib.fleet.twin import resealing

    ports, key = wiring.ports(), _present()
    left = _left(ports, key)
    if left and not forget:
        raise click.ClickException(
            f"{left} secrets were not used since the last rotation and would open nothing any more; "
            "wait until they are, or give them up with --forget"
        )
    made = stage_key.rotated(key, ports.clock.now(), ports.chance(stage_key.LENGTH))
    # What is sealed cannot be found again by a digest: all of it moves before the generation that it may need is gone.
    resealing.reseal(ports)
    wiring.stage_key_store().replace(stage_key.dump(made))
    show({**_told(made.newest), "givenUp": left}, json=json)


def _present() -> "StageKey":
    from chalicelib import wiring
    from chalicelib.fleet.access import stage_key

    return stage_key.load(wiring.stage_key_store().read())


def _left(ports: "Ports", key: "StageKey") -> int:
    from chalicelib.fleet.access import signposts

    return sum(signposts.left(ports, generation) for generation in key.generations[1:])


def _told(generation: "Generation") -> dict[str, object]:
    since = datetime.fromtimestamp(generation.since / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"generation": generation.number, "writtenWithFrom": since if generation.since else None}
