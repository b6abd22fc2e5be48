"""`completion`: what a shell is to know to complete commands."""

import click
from click.shell_completion import get_completion_class

from infra.client.program import COMPLETE, NAME, main

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    r"""Print what makes SHELL complete commands.

    \b
    bash  homeport completion bash >> ~/.bashrc
    zsh   homeport completion zsh >> ~/.zshrc
    fish  homeport completion fish > ~/.config/fish/completions/homeport.fish
    """
    found = get_completion_class(shell)
    assert found is not None, shell  # noqa: S101 - click knows these three
    complete = found(main, {}, NAME, COMPLETE)
    click.echo(complete.source_template % complete.source_vars())
