"""`tenant …`: isolated spaces, each with a master key."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from chalicelib.fleet.tenancy.records import Kept, Stored
from infra.cli.limits import UNCOUNTED, UNLIMITED, Count, Rate, Span
from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target

if TYPE_CHECKING:
    from chalicelib.fleet.tenancy.records import Settings

_DAY = timedelta(days=1)
_STORED = {
    Stored.DEVICES: "devices",
    Stored.GROUPS: "groups",
    Stored.KEYS: "api-keys",
    Stored.USERS: "users",
    Stored.RESOURCES: "resources",
    Stored.RESOURCE_BYTES: "resource-bytes",
    Stored.DECODERS: "decoders",
    Stored.POLICIES: "action-policies",
    Stored.QUEUES: "fifos",
}
_KEPT = {Kept.MESSAGES: "messages", Kept.COMMANDS: "commands", Kept.AUDIT: "audit-log", Kept.QUEUED: "fifo-messages"}


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
    from chalicelib.fleet.access import tenants

    tenant, key, secret = tenants.create(wiring.ports(), name, wanted)
    show({"tenant": tenant.id, "name": tenant.name, "keyId": key.id, "apiKey": secret}, json=json)


@group.command("objects")
@click.option("--tenant", required=True, help="The tenant's six-character id.")
@as_json
@on_target
@complaints
def objects(tenant: str, *, json: bool) -> None:
    """Let every device of a tenant be a managed object too, which Cumulocity's API needs; there is no way back.

    Devices that are there become objects by and by, those that come at once. Known everywhere after a minute.
    `bootstrap` is how devices without credentials come in (`homeport operator bootstrap`).
    """
    from chalicelib import wiring
    from chalicelib.dialects.cumulocity import bootstrap
    from chalicelib.fleet.inventory import numbering

    ports = wiring.ports()
    numbering.enable(ports, tenant)
    show({"tenant": tenant, "objects": "enabled", "bootstrap": bootstrap.name(ports) or "none"}, json=json)


@group.command("open")
@click.argument("dialect", type=click.Choice(["xyte"]))
@click.option("--tenant", required=True, help="The tenant's six-character id.")
@as_json
@on_target
@complaints
def open_to(dialect: str, tenant: str, *, json: bool) -> None:
    """Let a tenant in to an API that does not take everybody. Known everywhere after a minute."""
    from chalicelib import wiring
    from chalicelib.fleet.tenancy import settings

    present = settings.open_dialect(wiring.ports(), tenant, dialect)
    show({"tenant": tenant, "dialects": ", ".join(sorted(present.dialects))}, json=json)


def _counted(command: Any) -> Any:
    for stored, name in reversed(_STORED.items()):
        what = "Bytes of all files of resources" if stored is Stored.RESOURCE_BYTES else f"{name.capitalize()} stored"
        command = click.option(f"--{name}", stored.name, type=Count(), help=f"{what}, at most; or none.")(command)
    return command


@group.command("limit")
@click.option("--tenant", required=True, help="The tenant's six-character id.")
@click.option("--requests", type=Rate(), help="HTTP requests in a window of seconds, such as 600/60, or none.")
@click.option("--messages", type=Rate(), help="MQTT messages in a window of seconds, such as 600/60, or none.")
@_counted
@as_json
@on_target
@complaints
def limit(
    tenant: str,
    requests: tuple[int, int] | None,
    messages: tuple[int, int] | None,
    *,
    json: bool,
    **counts: int | None,
) -> None:
    """Limit what a tenant stores, and what all its keys, sessions and devices ask for together; show what holds.

    Stored items are counted exactly from a minute after their limit was set. Of requests and messages every running
    instance counts for itself. What is set is known everywhere after a minute.
    """
    from chalicelib import wiring
    from chalicelib.fleet.tenancy import settings
    from chalicelib.fleet.tenancy.records import Use

    ports = wiring.ports()
    rates = {Use.REQUESTS: requests, Use.MESSAGES: messages}
    settings.set_limits(
        ports, tenant, {use: None if rate == UNLIMITED else rate for use, rate in rates.items() if rate is not None}
    )
    asked = {Stored[name]: None if most == UNCOUNTED else most for name, most in counts.items() if most is not None}
    present = settings.set_quotas(ports, tenant, asked)
    limits = {one.use.value: f"{one.most}/{one.window}" for one in present.limits}
    quotas = {name: quota.most for stored, name in _STORED.items() if (quota := present.quota(stored)) is not None}
    show({"tenant": tenant, **limits, **quotas}, json=json)


def _timed(command: Any) -> Any:
    for kept, name in reversed(_KEPT.items()):
        command = click.option(f"--{name}", kept.name, type=Span(), help="Whole days, such as 30d; or none.")(command)
    return command


@group.command("retention")
@click.option("--tenant", required=True, help="The tenant's six-character id.")
@_timed
@as_json
@on_target
@complaints
def retention(tenant: str, *, json: bool, **spans: timedelta | None) -> None:
    """Set how long a tenant's data is kept, from what is written a minute from now on; show what holds.

    Commands are kept so long after they could last be delivered. FIFOs made from now on keep no message longer than
    `--fifo-messages`. `none` goes back to the default.
    """
    from chalicelib import wiring
    from chalicelib.fleet.tenancy import settings

    ports = wiring.ports()
    asked = {Kept[name]: _seconds(span) for name, span in spans.items() if span is not None}
    show({"tenant": tenant, **_days(settings.set_retention(ports, tenant, asked))}, json=json)


def _seconds(span: timedelta) -> int | None:
    if span % _DAY:
        raise click.ClickException("data is kept for whole days")
    return int(span.total_seconds()) or None


def _days(present: "Settings") -> Mapping[str, str | None]:
    from chalicelib.fleet.tenancy.retention import DEFAULTS

    kept = {name: present.kept(what) or DEFAULTS.get(what) for what, name in _KEPT.items()}
    return {name: None if seconds is None else f"{seconds // 86_400}d" for name, seconds in kept.items()}
