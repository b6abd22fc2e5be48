"""What commands print: lines for people, JSON for scripts."""

import json as encoding
from collections.abc import Callable, Mapping
from typing import Any

import click

as_json: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", is_flag=True, help="Print one JSON object."
)


def show(values: Mapping[str, Any], *, json: bool) -> None:
    """Print `values` as aligned lines, or as one JSON object."""
    if json:
        click.echo(encoding.dumps(values))
        return
    width = max(len(name) for name in values)
    for name, value in values.items():
        click.echo(f"{name:<{width}}  {'-' if value is None else value}")
