"""`models …`: which objects of devices are known."""

import json as encoding
from collections.abc import Iterator
from pathlib import Path

import click

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin.library import Outcome
from infra.cli.target import complaints, on_target


@click.group("models", help="Which objects of LwM2M devices every tenant sees.")
def group() -> None:
    pass


@group.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", is_flag=True, help="Print one JSON object a file.")
@on_target
@complaints
def import_(folder: Path, *, json: bool) -> None:
    """Add every object definition in the XML files below FOLDER.

    Such as a checkout of the registry of the Open Mobile Alliance. It can be run again; files that describe no object
    are named and skipped.
    """
    from chalicelib import wiring

    outcomes: list[str] = []
    for path, outcome, reason in imported(wiring.ports(), folder):
        outcomes.append(outcome)
        name = str(path.relative_to(folder))
        if json:
            click.echo(encoding.dumps({"file": name, "outcome": outcome, **({"reason": reason} if reason else {})}))
        else:
            click.echo(f"{outcome:<10} {name}" + (f": {reason}" if reason else ""))
    if all(outcome == SKIPPED for outcome in outcomes):
        raise click.ClickException(f"no file below {folder} describes an object")


SKIPPED = "skipped"


def imported(ports: Ports, folder: Path) -> Iterator[tuple[Path, Outcome | str, str]]:
    """Each file with what became of it, and why it was skipped."""
    from chalicelib.fleet.twin import library
    from chalicelib.fleet.twin.description_files import MOST_BYTES, read

    for path in sorted(folder.rglob("*.xml")):
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        try:
            definition = read(data)
        except Invalid as error:
            yield path, SKIPPED, str(error)
        else:
            yield path, library.publish(ports, definition), ""
