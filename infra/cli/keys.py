"""`key …`: what opens a tenant's doors."""

from datetime import UTC, datetime, timedelta

import click

from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.access.roles import Role
from infra.cli.limits import UNLIMITED, Duration, Rate
from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target


@click.group("key", help="What opens a tenant's doors.")
def group() -> None:
    pass


@group.command("create")
@click.option("--tenant", required=True, help="The tenant's six-character id.")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice([role.value for role in Role], case_sensitive=False),
    help="What the key may do; repeat the option for more.",
)
@click.option("--label", default="", help="What people know the key by, at most 24 characters.")
@click.option("--valid-for", type=Duration(), help="From now on, such as 12h or 30d. Default: without end.")
@as_json
@on_target
@complaints
def create(tenant: str, roles: tuple[str, ...], label: str, valid_for: timedelta | None, *, json: bool) -> None:
    """Create a key below the tenant's master key and print it; it is shown this once."""
    from chalicelib import wiring
    from chalicelib.fleet.access import callers, keys

    ports = wiring.ports()
    master = _master(tenant)
    ends = None if valid_for is None else ports.clock.now() + int(valid_for.total_seconds() * 1000)
    asked = KeyRequest(roles=frozenset(Role(role.upper()) for role in roles), label=label, valid_to=ends)
    key, secret = keys.create_child(ports, callers.of_operator(tenant), master.id, asked)
    show(
        {
            "tenant": tenant,
            "keyId": key.id,
            "label": key.label,
            "roles": " ".join(sorted(key.roles)),
            "validTo": None if key.valid_to is None else _moment(key.valid_to),
            "apiKey": secret,
        },
        json=json,
    )


@group.command("import")
@click.option("--tenant", required=True, help="The tenant's six-character id.")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice([role.value for role in Role], case_sensitive=False),
    help="What the key may do; repeat the option for more.",
)
@click.option("--label", default="", help="What people know the key by, at most 24 characters.")
@click.option("--name", help="The user name that goes with it: a-ORG-… of IBM, whose ORG is the tenant's id.")
@click.password_option("--value", prompt="API key", confirmation_prompt=False, help="Asked for unless given.")
@as_json
@on_target
@complaints
def import_(tenant: str, roles: tuple[str, ...], label: str, name: str | None, value: str, *, json: bool) -> None:
    """Let an API key of the platform that is left behind open this tenant too: whoever carries it goes on.

    An API key of Live Objects is 32 letters and digits. One of IBM is a --name and its token, whatever that is.
    """
    from chalicelib import wiring
    from chalicelib.dialects.ibm.identity import API_KEY
    from chalicelib.fleet.access import adopting, callers

    ports = wiring.ports()
    asked = KeyRequest(roles=frozenset(Role(role.upper()) for role in roles), label=label)
    named = API_KEY.fullmatch(name) if name else None
    if name and (named is None or named["organization"] != tenant):
        raise click.ClickException(
            f"{name!r} is no name of an API key of the tenant {tenant}: that is a-{tenant}-…; "
            "a tenant gets the id that clients carry with `tenant create --id`"
        )
    key = adopting.adopt(ports, callers.of_operator(tenant), _master(tenant).id, value.strip(), asked, name=name)
    show(
        {"tenant": tenant, "keyId": key.id, "label": key.label, "roles": " ".join(sorted(key.roles))},
        json=json,
    )


@group.command("limit")
@click.option("--tenant", required=True, help="The tenant's six-character id.")
@click.option("--key", "key_id", required=True, help="The key's id; those of a whole tenant: `tenant limit`.")
@click.option("--requests", type=Rate(), help="HTTP requests in a window of seconds, such as 600/60, or none.")
@click.option("--messages", type=Rate(), help="MQTT messages in a window of seconds, such as 600/60, or none.")
@as_json
@on_target
@complaints
def limit(
    tenant: str, key_id: str, requests: tuple[int, int] | None, messages: tuple[int, int] | None, *, json: bool
) -> None:
    """Limit what a key and all keys below it may ask for together; every running instance counts for itself."""
    from chalicelib import wiring
    from chalicelib.fleet.access import keys, limiting
    from chalicelib.fleet.tenancy.records import Use

    ports = wiring.ports()
    key = keys.get(ports, tenant, key_id)
    for use, asked in ((Use.REQUESTS, requests), (Use.MESSAGES, messages)):
        if asked is not None:
            wanted = None if asked == UNLIMITED else asked
            key = limiting.limit(ports, tenant, key.id, use, wanted)
    limits = {one.use.value: f"{one.most}/{one.window}" for one in key.limits}
    show({"tenant": tenant, "keyId": key.id, **limits}, json=json)


def _master(tenant: str) -> ApiKey:
    from chalicelib import wiring

    master = next((key for key in wiring.ports().keys.all(tenant) if key.master), None)
    if master is None:
        raise click.ClickException(f"there is no tenant {tenant!r}")
    return master


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
