"""`deploy` and `destroy`: a stage in your AWS account."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.cli.steps import explained, stage_option
from infra.cli.target import complaints
from infra.stage import Stage

if TYPE_CHECKING:
    from infra.settings import Settings

_BUILD = Path("build")


def aws(service: str) -> Any:
    """A client with the operator's own credentials."""
    from botocore.session import get_session

    return get_session().create_client(service)


@click.command("deploy")
@stage_option
@click.option(
    "--settings",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with these options, by their names. Default: stages/STAGE.toml, if there is one.",
)
@click.option("--mqtt-host", help="Your host name for MQTT with user name and password.")
@click.option("--mqtt-address", help="Where devices are told to come by MQTT, as HOST:PORT; --mqtt-host is not said.")
@click.option("--certificate-host", help="Your host name for MQTT with client certificates.")
@click.option("--wss-host", help="Your host name for MQTT over WebSocket.")
@click.option("--api-host", help="Your host name for the REST API.")
@click.option("--download-host", help="The host name of an edge, where devices fetch files.")
@click.option(
    "--dialect", "dialects", multiple=True, metavar="NAME", help="A dialect to speak; all where none is named."
)
@click.option("--cors-origin", "cors_origins", multiple=True, metavar="ORIGIN", help="A site whose pages may ask.")
@click.option("--certificate-arn", help="ACM certificate of the region that covers these names.")
@click.option("--alarm-email", help="Who is told of alarms.")
@click.option(
    "--push-allow",
    multiple=True,
    metavar="CIDR",
    help="A network that webhooks may be in though it is private; may be repeated.",
)
@click.option("--log-sample", type=click.FloatRange(0, 1), help="Which share of all traces is logged.  [default: 0.1]")
@click.option(
    "--fence-seconds", type=int, help="How long a client id rests before it goes to another tenant.  [default: 300]"
)
@click.option(
    "--message-class",
    type=click.Choice(["infrequent", "standard"]),
    help="How DynamoDB bills the table of messages; standard where they are kept for less than three months."
    "  [default: infrequent]",
)
@click.option(
    "--deadlines",
    type=click.Choice(["states", "queue"]),
    help="Who keeps deadlines that are near: Step Functions, or an SQS queue for less.  [default: states]",
)
@click.option("--api-rate", type=int, help="Requests a second that the REST API takes.  [default: 500]")
@click.option(
    "--unproven", is_flag=True, help="Deploy prod though `probe` did not find that this account serves a fleet."
)
@click.option("--iot-endpoint", metavar="URL", help="The control port of an edge, to deliver through it.")
@click.option("--gateway", metavar="FORM", help="Serve CoAP over DTLS: by an `instance`, or `balanced` tasks.")
@click.option("--gateway-tag", help="Tag of the gateway's image in the stage's repository.")
@click.option("--gateway-nodes", type=int, help="How many balanced tasks.  [default: 1]")
@click.option("--gateway-type", help="Type of the gateway's instance.  [default: t4g.nano]")
@click.option("--coaps-host", help="The host name under which LwM2M devices register.")
@click.option(
    "--subnet", "subnets", multiple=True, metavar="ID", help="Of a VPC that --push-allow or --iot-endpoint point into."
)
@click.option("--security-group", "security_groups", multiple=True, metavar="ID", help="Of the functions in that VPC.")
@complaints
@explained
def deploy(stage: Stage, file: Path | None, **options: Any) -> None:
    """Bring the stage into your account, or bring it up to date. Running it again is safe.

    Options go before what the file says; what neither says is not set any more.
    """
    from infra.deploying.deployment import Deployment

    unproven = options.pop("unproven")
    wanted = wanted_settings(stage, file, options)
    if not unproven:
        ensure_proven(stage, wanted, aws)
    build_for_lambda()
    done = Deployment(stage, aws, _BUILD.absolute(), click.echo).deploy(wanted)
    click.echo(summary(stage, done.api, dict(done.hosts), own=wanted.has_hosts))
    if done.coaps:
        name = wanted.coaps_host or "the host name that LwM2M devices have"
        click.echo(f"\nPoint {name} to {done.coaps}: UDP 5684, and 5685 for bootstrap.")


def ensure_proven(stage: Stage, wanted: "Settings", clients: Callable[[str], Any]) -> None:
    """That somebody has tried whether this account serves a fleet; an edge that stands for IoT Core needs no proof.

    Errors: ClickException.
    """
    from infra.probes import proof

    if not stage.watched or wanted.iot_endpoint:
        return
    if why := proof.unproven(proof.read(clients("ssm"))):
        raise click.ClickException(f"{why}; `--unproven` deploys {stage.name} all the same")


def build_for_lambda() -> None:
    """Errors: ClickException where the Python that runs this is none that functions could run on."""
    from infra import runtime

    if why := runtime.unfit():
        raise click.ClickException(why)
    click.echo(f"functions run on {runtime.sentence('python' + runtime.version())}")


def wanted_settings(stage: Stage, file: Path | None, options: Mapping[str, Any]) -> "Settings":
    """What the file says, and options that were given instead. Errors: UsageError."""
    from infra.settings import SettingsError, load, settings

    given = {name: value for name, value in options.items() if value not in (None, ())}
    try:
        return settings({**load(stage.name, file), **given})
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


@click.command("destroy")
@stage_option
@click.option("--delete-data", is_flag=True, help="Also delete tables and objects, for good.")
@click.option("--yes", is_flag=True, help="Do not ask; data is asked about all the same.")
@complaints
@explained
def destroy(stage: Stage, *, delete_data: bool, yes: bool) -> None:
    """Remove what runs: triggers, functions, API. The data stays."""
    from infra.deploying.deployment import Deployment

    if delete_data:
        typed = click.prompt(f"This deletes all data of stage {stage.name}. Type the stage's name to go on")
        if typed != stage.name:
            raise click.ClickException("that is not the stage's name; nothing was removed")
    elif not yes:
        click.confirm(f"Remove the functions, API and triggers of stage {stage.name}?", abort=True)
    Deployment(stage, aws, _BUILD.absolute(), click.echo).destroy(data=delete_data)


def summary(stage: Stage, api: str, hosts: dict[str, str], *, own: bool) -> str:
    """What the operator does next."""
    lines = ["", f"Stage {stage.name} is ready.", "", f"  REST API            {api}"]
    names = {"mqtt": "MQTT, password", "certificate": "MQTT, certificate", "wss": "MQTT, WebSocket"}
    ports = {"mqtt": 8883, "certificate": 8883, "wss": 443}
    lines += [f"  {names[noun]:18}  {name}:{ports[noun]}" for noun, name in hosts.items() if name]
    lines += ["", "Make the first tenant, which prints its master key this once:", ""]
    lines += [f"  python -m infra tenant create NAME --stage {stage.name}"]
    lines += [f"  python -m infra key create --tenant ID --role DEVICE_ACCESS --stage {stage.name}", ""]
    if own:
        lines += ["Point your names there by CNAME records: the MQTT ones to the account's iot:Data-ATS endpoint,"]
        lines += ["the API's to the output ApiTarget of stack " + stage.called("triggers") + "."]
    else:
        lines += ["Firmware with a fixed host name needs that name: deploy with --mqtt-host and --certificate-arn."]
    return "\n".join([*lines, f"Whether your firmware can come: python -m infra doctor --stage {stage.name}"])
