"""`claim …`: which tenant an MQTT client id belongs to."""

import click

from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target


@click.group("claim", help="Which tenant an MQTT client id belongs to.")
def group() -> None:
    pass


@group.command("release")
@click.argument("client")
@click.option("--tenant", required=True, help="Whose it is now: its six-character id.")
@as_json
@on_target
@complaints
def release(client: str, tenant: str, *, json: bool) -> None:
    """Let go of the client id CLIENT: whoever connects with it next will own it. A live connection is closed.

    Another tenant's client is let in once that is done and the id has rested, its present tenant's before.
    """
    from chalicelib import wiring
    from chalicelib.fleet.presence import fencing

    ports = wiring.ports()
    claim = ports.claims.current(client)
    if claim is None or claim.tenant != tenant or not fencing.release(ports, claim):
        raise click.ClickException(f"tenant {tenant} holds no claim on {client!r}")
    show({"client": client, "tenant": tenant, "device": claim.device, "released": True}, json=json)


@group.command("give")
@click.argument("client")
@click.option("--to", "tenant", required=True, help="Whose it is to be: its six-character id.")
@as_json
@on_target
@complaints
def give(client: str, tenant: str, *, json: bool) -> None:
    """Give the client id CLIENT to a tenant, whoever has it now, whose connection is closed and does not come back.

    The new tenant's client is let in once that is done and the id has rested.
    """
    from chalicelib import wiring
    from chalicelib.fleet.presence import fencing

    ports = wiring.ports()
    if ports.tenants.get(tenant) is None:
        raise click.ClickException(f"there is no tenant {tenant}")
    before = ports.claims.current(client)
    claim = fencing.give(ports, client, tenant)
    held = before.tenant if before is not None and not before.vacant else None
    show({"client": client, "from": held, "to": claim.tenant, "free": claim.fence is None}, json=json)


@group.command("show")
@click.argument("client")
@as_json
@on_target
@complaints
def show_claim(client: str, *, json: bool) -> None:
    """Who has the client id CLIENT, and who had it in the last 15 days."""
    from chalicelib import wiring

    claim = wiring.ports().claims.current(client)
    if claim is None:
        raise click.ClickException(f"nobody has the client id {client!r}")
    former = ", ".join(f"{h.tenant} ({h.generation})" for h in claim.former)
    told = {"client": client, "tenant": claim.tenant or None, "device": claim.device, "mode": claim.mode or None}
    show({**told, "generation": claim.generation, "free": claim.fence is None, "former": former}, json=json)
