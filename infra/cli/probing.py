"""`probe`: settles on your account what AWS's documentation leaves open."""

import secrets
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.access.roles import Role
from infra.cli.output import as_json
from infra.cli.target import complaints, on_target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from chalicelib.fleet.ports import Ports
    from infra.observing import Events
    from infra.probes.questions import Answer

_TOPIC, _DATA, _USERNAME = "dev/cmd", "dev/data", "json+device"
_ROLES = frozenset({Role.DEVICE_ACCESS, Role.DEVICE_R, Role.DEVICE_W})


@click.command("probe")
@click.option("--tenant", required=True, help="A tenant whose device the probe plays.")
@click.option("--host", help="The MQTT host name. Default: the deployed one, or the local stack.")
@click.option("--port", type=int, help="Default: 8883, or the local stack's.")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False), help="Certificates to trust. Default: the system's."
)
@click.option("--api", help="The URL of the REST API. Default: the deployed one, or the local stack's.")
@click.option("--gateway", metavar="HOST", help="Also replace the CoAP gateway, which is at that host: some minutes.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("build/probe.json"),
    show_default=True,
    help="Where all answers are written.",
)
@as_json
@on_target
@complaints
def probe(
    tenant: str,
    host: str | None,
    port: int | None,
    ca: str | None,
    api: str | None,
    gateway: str | None,
    out: Path,
    *,
    json: bool,
) -> None:
    """Play one device and print what broker and API did: in some minutes, for less than a cent.

    Makes a key, a device and a claim, and removes them again. Of a deployed stage the account keeps the answers, and
    without them no stage called prod is deployed in this region.
    """
    from chalicelib import wiring
    from chalicelib.aws.clients import client
    from chalicelib.fleet.access import callers, debugging, keys
    from chalicelib.fleet.errors import FleetError
    from chalicelib.fleet.inventory import devices
    from infra import observing
    from infra.probes import firmware, proof, requests
    from infra.probes.questions import left
    from infra.probing import Entrance
    from infra.probing import probe as ask

    ports = wiring.ports()
    master = next((key for key in ports.keys.all(tenant) if key.master), None)
    if master is None:
        raise click.ClickException(f"there is no tenant {tenant!r}")
    operator = callers.of_operator(tenant)
    device = f"urn:lo:nsid:probe:{secrets.token_hex(6)}"
    where = (host, port, ca) if host else _entrance(port, ca)
    key, secret = keys.create_child(ports, operator, master.id, KeyRequest(roles=_ROLES, label="probe"))
    second, other = keys.create_child(ports, operator, master.id, KeyRequest(roles=_ROLES, label="probe"))
    debugging.debug(ports, operator, key.id, ports.clock.now() + _DEBUGGED_MS)
    entrance = Entrance(where[0] or "", where[1] or 8883, where[2], _USERNAME, secret)
    try:
        with _listening(device) as events:
            found = ask(entrance, client("iot-data"), device, _TOPIC, other)
            claim = ports.claims.current(device)
            if found[0].yes:
                found += firmware.ask(entrance, device, _TOPIC, _DATA, _rule(), partial(_stored, ports, tenant, device))
                named, noted = claim.named() if claim else "", partial(_noted, ports, tenant, device)
                found.append(firmware.rule_principal(entrance, device, _DATA, named, noted))
            found += observing.judged(events(), claim.named() if claim else "")
        found += requests.ask(requests.Api(api or _api(), secret))
    except OSError as error:
        raise click.ClickException(str(error)) from error
    finally:
        for made in (key, second):
            keys.delete(ports, operator, made.id)
        try:
            devices.delete(ports, tenant, device)
        except FleetError as error:
            click.echo(f"no device to remove: {error}", err=True)
    found += [_resource_path(api), _replaced(gateway), *left()]
    if not _is_local():
        proof.keep(_aws("ssm"), proof.of(found, datetime.now(UTC).date().isoformat()))
    _tell(found, out, as_json=json)


def _tell(found: "Sequence[Answer]", out: Path, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    every = [asdict(answer) for answer in found]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(every, indent=1) + "\n")
    if as_json:
        click.echo(json.dumps(every))
        return
    marks = {True: "yes", False: "NO", None: "--"}
    for answer in found:
        click.echo(f"{marks[answer.yes]:4} {answer.question}\n     {answer.found}")


_DEBUGGED_MS = 3_600_000


def _noted(ports: "Ports", tenant: str, device: str) -> list[str]:
    """The principals with which the rules told of the device's messages, in the audit log."""
    from chalicelib.fleet.tenancy import audit

    entries = audit.read(ports, tenant, start=None, end=None)
    return [
        str(e.content["principal"]) for e in entries if e.source.get("client") == device and "principal" in e.content
    ]


def _resource_path(api: str | None) -> "Answer":
    from infra.probes import requests
    from infra.probes.questions import Answer, Asked

    if _is_local():
        return Answer(Asked.RESOURCE_PATH, None, "only API Gateway itself can tell; here the path alone counts")
    return requests.resource_path(_aws("apigateway"), _api_id(api))


def _replaced(host: str | None) -> "Answer":
    import os
    import time

    from infra import coaps_check
    from infra.probes import replacing
    from infra.probes.questions import NEEDS_A_GATEWAY, Answer, Asked
    from infra.stage import Stage
    from infra.templates.gateway_facts import PORT

    if host is None or _is_local():
        return Answer(Asked.REPLACED, None, NEEDS_A_GATEWAY)
    stage = Stage(os.environ["HOMEPORT_STAGE"])
    (stack,) = _aws("cloudformation").describe_stacks(StackName=stage.called("gateway"))["Stacks"]
    form = next(each["ParameterValue"] for each in stack["Parameters"] if each["ParameterKey"] == "Gateway")
    over = replacing.began(stage, form, _aws)
    answers = partial(coaps_check.answers, host, PORT)
    return replacing.judged(replacing.silence(answers, over, time.monotonic, time.sleep))


def _is_local() -> bool:
    import os

    from infra.local.description import STAGE

    return os.environ["HOMEPORT_STAGE"] == STAGE


def _rule() -> str:
    """The topic rule that takes what is published on `dev/data`."""
    import os

    from infra.stage import Stage

    return Stage(os.environ["HOMEPORT_STAGE"]).rule("uplink_dev")


def _stored(ports: "Ports", tenant: str, device: str) -> list[str]:
    import json

    from chalicelib.fleet.data import messages

    return [json.dumps(message.value) for message in messages.read(ports, tenant, device, limit=200)]


def _api() -> str:
    """The deployed stage's URL, or the local stack's."""
    import os

    from infra.local.data_directory import read_credentials
    from infra.project import API_STAGE

    if _is_local():
        credentials = read_credentials(Path(os.environ.get("HOMEPORT_DATA") or ".homeport").absolute())
        if credentials is None:
            raise click.ClickException("no local stack runs")
        return f"http://localhost:{credentials.http}"
    gateway = _aws("apigateway")
    return f"https://{_api_id(None)}.execute-api.{gateway.meta.region_name}.amazonaws.com/{API_STAGE}"


def _api_id(url: str | None) -> str:
    """That of the deployed stage, or the one in a URL of API Gateway's own."""
    import os
    from urllib.parse import urlsplit

    from infra.stage import Stage

    if url and (host := urlsplit(url).hostname or "").partition(".")[2].startswith("execute-api."):
        return host.partition(".")[0]
    name = Stage(os.environ["HOMEPORT_STAGE"]).called("api")
    pages = _aws("apigateway").get_paginator("get_rest_apis").paginate()
    found = next((each["id"] for page in pages for each in page["items"] if each["name"] == name), None)
    if found is None:
        raise click.ClickException(f"there is no API {name}: deploy the stage first, or name one with --api")
    return str(found)


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
