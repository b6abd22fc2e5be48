"""`package` and `configure`: what is made of the description without an account."""

from pathlib import Path

import click

from infra.cli.steps import explained, stage_option
from infra.stage import Stage


@click.command("package")
@stage_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@explained
def package(stage: Stage, out: Path) -> None:
    """Write one CloudFormation template of everything, and the archive that it refers to."""
    from infra.cli.deploying import build_for_lambda
    from infra.templates import package as packaging

    build_for_lambda()
    out.mkdir(parents=True, exist_ok=True)
    template = packaging.write(stage, out.absolute())
    click.echo(f"{template} ({template.stat().st_size // 1000} KB)")
    click.echo(
        "Deploy it with: aws cloudformation package, then aws cloudformation deploy "
        "--capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND"
    )


@click.command("configure")
def configure() -> None:
    """Write .chalice/config.json anew from the description."""
    from infra import project

    click.echo(project.write_config())
