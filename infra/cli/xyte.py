"""`xyte model …`: by what hardware keys devices of Xyte register."""

import click

from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target


@click.group("xyte", help="What devices of Xyte need before they register.")
def group() -> None:
    pass


@group.group("model", help="What all devices have in common that bear one hardware key.")
def model() -> None:
    pass


@model.command("create")
@click.argument("name")
@click.option("--tenant", required=True, help="The maker's six-character id; it is let in to Xyte's API, too.")
@click.option("--hardware-key", help="The one that firmware has already. Default: a new one.")
@click.option("--model-id", help="The maker's own name for it. Default: the hardware key.")
@click.option("--auth", type=click.Choice(["mac_sn", "cloud_id"]), default="mac_sn", show_default=True)
@click.option("--api-version", help="1.0.0 to 1.0.7, the default.")
@click.option("--offline-after", type=click.IntRange(0, 86_400), help="Seconds of silence; 0 is for ever.")
@click.option("--claim", type=click.Choice(["open", "automatic"]), default="open", show_default=True)
@as_json
@on_target
@complaints
def create(
    name: str,
    tenant: str,
    hardware_key: str | None,
    model_id: str | None,
    auth: str,
    api_version: str | None,
    offline_after: int | None,
    claim: str,
    *,
    json: bool,
) -> None:
    """Create the model NAME. With `--claim automatic` its devices are the maker's own as they register."""
    from chalicelib import wiring
    from chalicelib.dialects.xyte import modelling
    from chalicelib.dialects.xyte.models import OFFLINE_AFTER, VERSIONS, Claiming, Model, Proof
    from chalicelib.fleet.tenancy import settings

    ports = wiring.ports()
    version = api_version or VERSIONS[-1]
    if version not in VERSIONS:
        raise click.ClickException(f"--api-version is one of {', '.join(VERSIONS)}")
    settings.open_dialect(ports, tenant, "xyte")
    key = hardware_key or modelling.new_key(ports)
    made = modelling.create(
        ports,
        Model(
            tenant,
            key,
            name,
            model_id or key,
            Proof(auth),
            version,
            OFFLINE_AFTER if offline_after is None else offline_after,
            claiming=Claiming(claim),
        ),
    )
    show({"tenant": tenant, "model": made.model_id, "hardwareKey": made.hardware_key, "claim": claim}, json=json)
