"""`tenant …`: isolated spaces, each with a master key."""

import click

from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target


@click.group("tenant", help="Isolated spaces, each with a master key.")
def group() -> None:
    pass


@group.command("create")
@click.argument("name")
@click.option("--id", "wanted", help="Six digits and small letters, where clients carry one already. Default: any.")
@as_json
@on_target
@complaints
def create(name: str, wanted: str | None, *, json: bool) -> None:
    """Create the tenant NAME and print its master key, which is shown this once."""
    from chalicelib import wiring
    from chalicelib.fleet import tenants

    tenant, key, secret = tenants.create(wiring.ports(), name, wanted)
    show({"tenant": tenant.id, "name": tenant.name, "keyId": key.id, "apiKey": secret}, json=json)
