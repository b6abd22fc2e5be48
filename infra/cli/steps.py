"""What the commands that deploy have in common."""

import functools
from collections.abc import Callable
from typing import Any

import click

from infra.stage import Stage


class StageName(click.ParamType):
    """A stage by its name."""

    name = "stage"

    def convert(self, value: str | Stage, param: click.Parameter | None, ctx: click.Context | None) -> Stage:
        if isinstance(value, Stage):
            return value
        try:
            return Stage(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


stage_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--stage", type=StageName(), default="dev", show_default=True, help="Which of the stages in the account."
)


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a step that failed into a message and exit code 1."""

    @functools.wraps(command)
    def explaining(*args: Any, **kwargs: Any) -> Any:
        from infra.deploying.problems import Problem
        from infra.project import ProjectError

        try:
            return command(*args, **kwargs)
        except (Problem, ProjectError) as problem:
            raise click.ClickException(str(problem)) from problem

    return explaining
