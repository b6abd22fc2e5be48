"""`probe`: settles on your account what AWS's documentation leaves open."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chalicelib.fleet.access.records import KeyRequest
from infra.cli.output import as_json
from infra.cli.target import complaints, on_target

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from infra.observing import Events

_TOPIC, _USERNAME = "dev/cmd", "json+device"


@click.command("probe")
@click.option("--tenant", required=True, help="A tenant whose device the probe plays.")
@click.option("--host", help="The MQTT host name. Default: the deployed one, or the local stack.")
@click.option("--port", type=int, help="Default: 8883, or the local stack's.")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False), help="Certificates to trust. Default: the system's."
)
@as_json
@on_target
@complaints
def probe(tenant: str, host: str | None, port: int | None, ca: str | None, *, json: bool) -> None:
    """Play one device and print what the broker did. Makes a key, a device and a claim, and removes them again."""
    import json as encoding
    from dataclasses import asdict

    from chalicelib import wiring
    from chalicelib.aws.clients import client
    from chalicelib.fleet.access import callers, keys
    from chalicelib.fleet.access.roles import Role
    from chalicelib.fleet.errors import FleetError
    from chalicelib.fleet.inventory import devices
    from infra import observing
    from infra.probing import Entrance
    from infra.probing import probe as ask

    ports = wiring.ports()
    master = next((key for key in ports.keys.all(tenant) if key.master), None)
    if master is None:
        raise click.ClickException(f"there is no tenant {tenant!r}")
    operator = callers.of_operator(tenant)
    device = f"urn:lo:nsid:probe:{secrets.token_hex(6)}"
    where = (host, port, ca) if host else _entrance(port, ca)
    key, secret = keys.create_child(
        ports, operator, master.id, KeyRequest(roles=frozenset({Role.DEVICE_ACCESS}), label="probe")
    )
    entrance = Entrance(where[0] or "", where[1] or 8883, where[2], _USERNAME, secret)
    try:
        with _listening(device) as events:
            found = ask(entrance, client("iot-data"), device, _TOPIC)
            claim = ports.claims.current(device)
            found += observing.judged(events(), claim.named() if claim else "")
    except OSError as error:
        raise click.ClickException(str(error)) from error
    finally:
        keys.delete(ports, operator, key.id)
        try:
            devices.delete(ports, tenant, device)
        except FleetError as error:
            click.echo(f"no device to remove: {error}", err=True)
    if json:
        click.echo(encoding.dumps([asdict(answer) for answer in found]))
        return
    marks = {True: "yes", False: "NO", None: "--"}
    for answer in found:
        click.echo(f"{marks[answer.yes]:4} {answer.question}\n     {answer.found}")


def _listening(device: str) -> "AbstractContextManager[Events]":
    """The operator, who hears the broker's events of that client; the local stack tells them to functions alone."""
    import os
    from contextlib import nullcontext

    from botocore.session import get_session

    from infra import observing
    from infra.local.description import STAGE

    if os.environ["HOMEPORT_STAGE"] == STAGE:
        return nullcontext(list)
    iot, credentials = _aws("iot"), get_session().get_credentials()
    if credentials is None:
        raise click.ClickException("there are no AWS credentials")
    host = iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
    path = observing.signed_path(host, iot.meta.region_name, credentials.get_frozen_credentials())
    topics = [f"$aws/events/presence/+/{device}"]
    return observing.hearing(host, 443, path, f"homeport-probe-{secrets.token_hex(6)}", None, topics)


def _entrance(port: int | None, ca: str | None) -> tuple[str, int, str | None]:
    """The deployed stage's host, or the local stack's."""
    import os

    from infra.deploying.entrances import Entrances
    from infra.local.data_directory import read_credentials
    from infra.local.description import STAGE
    from infra.stage import Stage

    stage = os.environ["HOMEPORT_STAGE"]
    if stage == STAGE:
        folder = Path(os.environ.get("HOMEPORT_DATA") or ".homeport").absolute()
        credentials = read_credentials(folder)
        if credentials is None:
            raise click.ClickException(f"no local stack runs on {folder}")
        return "localhost", port or credentials.mqtts, ca or str(folder / "ca.pem")
    found = Entrances(_aws("iot"), Stage(stage)).open().get("mqtt")
    if found is None:
        raise click.ClickException(f"stage {stage} has no host for MQTT: deploy it first, or name one with --host")
    return found, port or 8883, ca


def _aws(service: str) -> Any:
    from infra.cli.deploying import aws

    return aws(service)
