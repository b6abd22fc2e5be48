"""`doctor`: what is missing before a stage, or a fleet's firmware, can come."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from infra.cli.steps import stage_option
from infra.coaps_check import check as knock
from infra.host_check import Finding, check, movable
from infra.stage import Stage
from infra.templates.gateway_facts import PORT

if TYPE_CHECKING:
    from infra.settings import Settings

_CONCURRENCY = 1_000
"""Lambda's usual quota; production sets a part of it aside."""


@click.command("doctor")
@stage_option
@click.option("--host", help="Also look at this host name as firmware will.")
@click.option("--port", type=int, default=8883, show_default=True)
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False), help="Certificates to trust. Default: the system's."
)
@click.option("--firmware-ca", type=click.Path(exists=True, dir_okay=False), help="What the firmware has built in.")
@click.option("--coaps", metavar="HOST[:PORT]", help="Also knock at this CoAP gateway as devices of LwM2M do.")
@click.option("--offline", is_flag=True, help="Look at the host only, at no AWS account.")
def doctor(
    stage: Stage,
    host: str | None,
    port: int,
    ca: str | None,
    firmware_ca: str | None,
    coaps: str | None,
    *,
    offline: bool,
) -> None:
    """Check account, quotas, stacks and, with --host, whether firmware can be moved. Exits with 1 if not."""
    from infra.cli.deploying import aws, wanted_settings
    from infra.downloads import findings as downloads

    wanted = wanted_settings(stage, None, {})
    findings = [builder(), *downloads(wanted)]
    if not offline:
        findings = [*account(stage, aws), *(gateway(stage, wanted, aws) if wanted.gateway else []), *findings]
    if coaps:
        name, _, number = coaps.partition(":")
        findings += knock(name, int(number or PORT))
    if host:
        seen = check(host, port, trusted=ca, pinned=firmware_ca)
        findings += seen
    for finding in findings:
        mark = {True: "ok", False: "BAD", None: "--"}[finding.good]
        click.echo(f"{mark:4} {finding.what}: {finding.found}")
    if host:
        click.echo(f"\n{movable(seen)}")
    if any(finding.good is False for finding in findings):
        raise click.exceptions.Exit(1)


def builder() -> Finding:
    """Whether this Python is one that functions can be built by; `make deploy` looks for another by itself."""
    from infra import runtime

    if why := runtime.unfit():
        return Finding("Python of `deploy`", good=None, found=why)
    return Finding("Python of `deploy`", good=True, found=runtime.sentence(f"python{runtime.version()}"))


def account(stage: Stage, clients: Callable[[str], Any], today: date | None = None) -> list[Finding]:
    """What the account allows and what of the stage is there."""
    from botocore.exceptions import BotoCoreError, ClientError

    def asked(what: str, ask: Callable[[], tuple[bool | None, str]]) -> Finding:
        try:
            good, found = ask()
        except (ClientError, BotoCoreError) as error:
            return Finding(what, good=False, found=str(error))
        return Finding(what, good, found)

    def identity() -> tuple[bool, str]:
        sts = clients("sts")
        return True, f"{sts.get_caller_identity()['Account']} in {sts.meta.region_name}"

    def concurrency() -> tuple[bool | None, str]:
        limit = clients("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
        return (limit >= _CONCURRENCY or (None if not stage.reserves else False)), f"{limit} functions at once"

    def endpoint() -> tuple[bool, str]:
        return True, clients("iot").describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]

    def probed() -> tuple[bool | None, str]:
        from infra.probes import proof

        found = proof.read(clients("ssm"))
        why = proof.unproven(found)
        return (True, f"on {found.on}") if why is None and found else (False if stage.watched else None, str(why))

    def stack(noun: str) -> tuple[bool | None, str]:
        try:
            (found,) = clients("cloudformation").describe_stacks(StackName=stage.called(noun))["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None, "not deployed yet"
            raise
        return found["StackStatus"].endswith("_COMPLETE") and "ROLLBACK" not in found["StackStatus"], found[
            "StackStatus"
        ]

    return [
        asked("account", identity),
        asked("functions' Python", lambda: _running(stage, clients("lambda"), today or datetime.now(UTC).date())),
        asked("Lambda's quota", concurrency),
        asked("IoT Core's endpoint", endpoint),
        asked("what `probe` found", probed),
        *(asked(f"stack {stage.called(noun)}", partial(stack, noun)) for noun in ("data", "triggers")),
    ]


def _running(stage: Stage, functions: Any, today: date) -> tuple[bool | None, str]:
    from botocore.exceptions import ClientError

    from infra import runtime
    from infra.functions import API, deployed_name

    try:
        found = functions.get_function_configuration(FunctionName=deployed_name(API, stage))["Runtime"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None, "not deployed yet"
        raise
    return runtime.ENDS.get(found, today) > today, runtime.sentence(found)


def gateway(stage: Stage, wanted: "Settings", clients: Callable[[str], Any]) -> list[Finding]:
    """What the CoAP gateway of a stage needs, and whether devices would find it."""
    from botocore.exceptions import BotoCoreError, ClientError

    from infra.deploying.gateway import GATEWAY, Gateway
    from infra.deploying.stacks import Shelf, Stacks

    stacks = Stacks(clients("cloudformation"), Shelf(clients("s3"), ""))
    deployed = Gateway(stage, clients, stacks)
    found: list[Finding] = []
    looks: list[tuple[str, Callable[[], str]]] = [
        ("gateway's image", lambda: deployed.image(wanted.gateway_tag) or "there"),
        ("gateway's key", lambda: deployed.key().read() and "there"),
        (f"stack {stage.called(GATEWAY)}", lambda: stacks.status(stage.called(GATEWAY)) or "not deployed yet"),
    ]
    for what, look in looks:
        try:
            said = look()
        except (ClientError, BotoCoreError) as error:
            said = str(error)
        good = said == "there" or (said.endswith("_COMPLETE") and "ROLLBACK" not in said)
        found.append(Finding(what, good=good or None if said == "not deployed yet" else good, found=said))
    if wanted.coaps_host:
        found += knock(wanted.coaps_host, PORT, deployed.target())
    return found
