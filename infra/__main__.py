"""`python -m infra`: what an operator does from a shell."""

import click

from infra.cli import (
    bootstrapping,
    claims,
    deploying,
    doctoring,
    keys,
    models,
    packaging,
    probing,
    redriving,
    restoring,
    rotating,
    stage_keys,
    tenants,
    xyte,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Homeport's tools.

    They work on the local stack whose HOMEPORT_DATA is set or that was started in this folder; with --stage NAME on
    the stage of that name in your AWS account.
    """


main.add_command(tenants.group)
keys.group.add_command(rotating.rotate)
main.add_command(keys.group)
main.add_command(claims.group)
main.add_command(bootstrapping.group)
main.add_command(stage_keys.group)
main.add_command(deploying.deploy)
main.add_command(deploying.destroy)
main.add_command(doctoring.doctor)
main.add_command(probing.probe)
main.add_command(redriving.redrive)
main.add_command(restoring.pause)
main.add_command(restoring.restore)
main.add_command(restoring.resume)
main.add_command(packaging.package)
main.add_command(packaging.configure)
main.add_command(models.group)
main.add_command(xyte.group)

if __name__ == "__main__":
    main(prog_name="python -m infra")
