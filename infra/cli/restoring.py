"""`pause`, `restore` and `resume`: docs/runbook.md#restoring-data says in which order."""

from datetime import datetime

import click

from infra.cli.deploying import aws
from infra.cli.steps import StageName, explained, stage_option
from infra.cli.target import complaints
from infra.functions import FUNCTIONS
from infra.stage import Stage


class Moment(click.ParamType):
    """A point in time with its offset from UTC."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not like 2026-11-20T10:00:00Z", param, ctx)
        if found.tzinfo is None:
            self.fail(f"{value!r} does not say in which time zone: end it with Z for UTC", param, ctx)
        return found


@click.command("restore")
@stage_option
@click.option("--to", "target", type=StageName(), required=True, help="The stage whose tables are made.")
@click.option("--at", type=Moment(), help="The moment to restore, such as 2026-11-20T10:00:00Z. Default: the latest.")
@click.option("--only", multiple=True, metavar="TABLE", help="Such as commands; may be repeated. Default: all tables.")
@click.option("--without", multiple=True, metavar="TABLE", help="A table to leave out; may be repeated.")
@click.option("--replace", is_flag=True, help="Delete tables of the target that are there.")
@complaints
@explained
def restore(
    stage: Stage, target: Stage, at: datetime | None, only: tuple[str, ...], without: tuple[str, ...], *, replace: bool
) -> None:
    """Restore the stage's tables as those of another stage, all to the same moment. Running it again goes on."""
    from infra.restoring import Restoration, chosen

    if stage == target:
        raise click.UsageError("DynamoDB restores into new tables only: --to names another stage")
    nouns = chosen(only, without)
    if replace:
        question = f"This deletes {len(nouns)} tables of stage {target.name}. Type the stage's name to go on"
        if click.prompt(question) != target.name:
            raise click.ClickException("that is not the stage's name; nothing was deleted")
    restoration = Restoration(aws("dynamodb"), stage, target)
    for noun in nouns:
        begun = restoration.begin(noun, at, replacing=replace)
        click.echo(f"{noun}: {'being restored' if begun else 'was restored before'}")
    for noun in nouns:
        restoration.finish(noun)
        click.echo(f"{noun}: ready")


@click.command("pause")
@stage_option
@complaints
@explained
def pause(stage: Stage) -> None:
    """Let no function of the stage run. Clients are refused, and what has been acknowledged is kept."""
    from infra.pausing import pause as stop

    click.echo(f"paused: {', '.join(stop(stage, aws))}")


@click.command("resume")
@stage_option
@click.option(
    "--only", multiple=True, type=click.Choice([f.name for f in FUNCTIONS]), help="A function; may be repeated."
)
@complaints
@explained
def resume(stage: Stage, only: tuple[str, ...]) -> None:
    """Let the functions run again."""
    from infra.pausing import resume as go_on

    click.echo(f"resumed: {', '.join(go_on(stage, aws, only))}")
