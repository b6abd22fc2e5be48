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
    """Let go of the client id CLIENT: whoever connects with it next will own it. A live connection is closed."""
    from chalicelib import wiring

    ports = wiring.ports()
    claim = ports.claims.get(client)
    if claim is None or claim.tenant != tenant:
        raise click.ClickException(f"tenant {tenant} holds no claim on {client!r}")
    ports.claims.release(tenant, client)
    ports.background.disconnect(client)
    show({"client": client, "tenant": tenant, "device": claim.device, "released": True}, json=json)
