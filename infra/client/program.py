"""The program `homeport`: its groups of commands, and how it ends.

Nothing here imports what an operator needs: a command for a fleet starts in a blink.
"""

import errno
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from infra.client.api import Api
from infra.client.output import harmless
from infra.client.problems import CLOSED_PIPE, FAILED, INTERRUPTED, UNWRITABLE, USAGE, Problem
from infra.client.profiles import chosen

NAME = "homeport"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
COMPLETE = "_HOMEPORT_COMPLETE"

COMMANDS = {
    "devices": ("infra.client.devices", "group", "The fleet: list, register, tag, delete."),
    "commands": ("infra.client.commands", "group", "Send commands, and see what became of them."),
    "config": ("infra.client.configuration", "group", "What devices are to be set to."),
    "data": ("infra.client.data", "group", "What devices said: follow it, export it."),
    "fifo": ("infra.client.fifos", "group", "FIFOs: how full they are, what is in them."),
    "bootstrap": ("infra.client.bootstrap", "group", "LwM2M bootstrap: import entries."),
    "keys": ("infra.client.keys", "group", "API keys: list, make, revoke."),
    "whoami": ("infra.client.here", "whoami", "Whose key this is, and what it may do."),
    "console": ("infra.client.here", "console", "Where the console is."),
    "profile": ("infra.client.profile_commands", "group", "Where commands work: URL and key by a name."),
    "completion": ("infra.client.completion", "completion", "Completion for bash, zsh or fish."),
    "operator": ("infra.__main__", "main", "For who runs Homeport: tenants, deployment, keys of a stage."),
}
"""Module, attribute and short help of each: the module is imported when its command is used."""


class _Deferred(click.Group):
    """Commands that are imported when they are used: the list of them needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, _, help_) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        named = [CompletionItem(n, help=h) for n, (_, _, h) in COMMANDS.items() if n.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]


def _version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - as click calls it
    if asked:
        import tomllib

        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
        click.echo(f"{NAME} {project['version']}")
        ctx.exit()


@click.group(NAME, cls=_Deferred, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.option("--profile", metavar="NAME", help="Work on the place of that name; see `homeport profile`.")
@click.pass_context
def main(ctx: click.Context, profile: str | None) -> None:
    """Work with a fleet from a shell.

    It works on HOMEPORT_URL with HOMEPORT_KEY, on a profile, or on the local stack that was started in this folder.
    """
    environment: Mapping[str, str] = os.environ if ctx.obj is None else ctx.obj
    # Most commands need a place, and some make one: each asks when it does.
    ctx.obj = _Asked(environment, profile)


class _Asked:
    def __init__(self, environment: Mapping[str, str], profile: str | None) -> None:
        self.environment = environment
        self.profile = profile

    def api(self) -> Api:
        return Api(chosen(self.environment, self.profile))


def with_api(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the API that it is to work on, as its first argument. Errors: Misconfigured."""

    @click.pass_context
    def calling(ctx: click.Context, *args: Any, **kwargs: Any) -> Any:
        return ctx.invoke(command, ctx.obj.api(), *args, **kwargs)

    calling.__name__, calling.__doc__ = command.__name__, command.__doc__
    calling.__dict__.update(command.__dict__)
    return calling


def environment(ctx: click.Context) -> Mapping[str, str]:
    found: Mapping[str, str] = ctx.obj.environment
    return found


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, what `problems` names, or 64 for a command that cannot be understood."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if COMPLETE in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(main, {}, NAME, COMPLETE, os.environ[COMPLETE])
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else list(arguments))
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _nowhere()
        return CLOSED_PIPE
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _nowhere()
        click.echo(f"{NAME}: the output cannot be written: {error.strerror}", err=True)
        return UNWRITABLE


def _run(arguments: list[str]) -> int:
    # Not `main()`, which has its own mind about closed pipes and Ctrl-C.
    try:
        with main.make_context(NAME, arguments) as ctx:
            main.invoke(ctx)
    except Problem as problem:
        click.echo(f"{NAME}: {harmless(str(problem))}", err=True)
        return problem.exit_code
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        error.show()
        return FAILED
    return 0


def _nowhere() -> None:
    """What is left of the output goes nowhere: the interpreter would complain of it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
