"""`bootstrap …`: the user that devices of Cumulocity come as before they have credentials of their own."""

import click

from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target


@click.group("bootstrap", help="How devices of Cumulocity ask for credentials of their own.")
def group() -> None:
    pass


@group.command("set")
@click.option("--user", help="As devices send it. Default: the vendor's, management/devicebootstrap.")
@click.option("--password", help="Built into the devices' firmware. Default: chance; the vendor's own is public.")
@as_json
@on_target
@complaints
def set_(user: str | None, password: str | None, *, json: bool) -> None:
    """Let devices of all tenants come in to ask; until then none does. The password is shown this once.

    They are given credentials only after somebody of a tenant has registered and accepted them. Known everywhere after
    a minute.
    """
    from chalicelib import wiring
    from chalicelib.dialects.cumulocity import bootstrap

    ports = wiring.ports()
    name = user or f"{bootstrap.TENANT}/{bootstrap.USER}"
    chosen = password or ports.chance(16).hex()
    bootstrap.put(ports, name, chosen)
    show({"user": name, "password": chosen}, json=json)


@group.command("show")
@as_json
@on_target
@complaints
def show_(*, json: bool) -> None:
    """Who devices come in as; nobody is shown the password."""
    from chalicelib import wiring
    from chalicelib.dialects.cumulocity import bootstrap

    show({"user": bootstrap.name(wiring.ports()) or "none"}, json=json)


@group.command("off")
@as_json
@on_target
@complaints
def off(*, json: bool) -> None:
    """Let no device ask any more, from a minute on. Those that have credentials keep them."""
    from chalicelib import wiring
    from chalicelib.dialects.cumulocity import bootstrap

    bootstrap.remove(wiring.ports())
    show({"user": "none"}, json=json)
