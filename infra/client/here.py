"""`whoami` and `console`: where one is, and as whom."""

import click

from infra.client.api import Api
from infra.client.output import formatted, show_one
from infra.client.problems import Refused
from infra.client.program import with_api


@click.command("whoami")
@formatted
@with_api
def whoami(api: Api, *, output: str) -> None:
    """Show the tenant and the key that commands work with, and what it may do."""
    key = api.get("/api/v0/apiKeys/current_key")
    columns = {
        "url": lambda _: api.place.url,
        "tenant": lambda k: k["tenantId"],
        "key": lambda k: k["id"],
        "label": lambda k: k.get("label"),
        "roles": lambda k: " ".join(k["roles"]),
    }
    show_one(key, columns, output)


@click.command("console")
@with_api
def console(api: Api) -> None:
    """Print where the console of this place is; of a local stack a link that signs in, once, within a minute."""
    click.echo(f"{api.place.url}/console/{_signing_in(api)}")


def _signing_in(api: Api) -> str:
    try:
        return f"#/once/{api.call('POST', '/console/once', {})['code']}"
    except Refused:
        # Deployed stages have no such thing, and a local stack only for the key of its own tenant.
        return ""
