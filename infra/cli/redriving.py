"""`redrive`: the dead letters, listed or sent on their way again."""

import json as encoding
from collections import Counter
from typing import Any

import click

from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target


@click.command("redrive")
@click.option("--dry-run", is_flag=True, help="List them, and leave them where they are.")
@as_json
@on_target
@complaints
def redrive(*, dry_run: bool, json: bool) -> None:
    """Hand what failed for good to its functions again. Mend the cause first: docs/runbook.md#dead-letters."""
    from chalicelib import wiring
    from chalicelib.aws.clients import client
    from infra import description
    from infra.dead_letters import DeadLetters

    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=wiring.function_name(description.DEAD_LETTERS))["QueueUrl"]
    queue = DeadLetters(sqs, url)
    found = queue.listed() if dry_run else queue.redrive(_invoke)
    for (function, why), count in sorted(Counter((letter.function or "?", letter.why) for letter in found).items()):
        click.echo(f"{count:6}  {function:12}  {why}", err=True)
    readable = sum(letter.function is not None for letter in found)
    show({"found": len(found), "redriven": 0 if dry_run else readable, "unreadable": len(found) - readable}, json=json)


def _invoke(function: str, event: dict[str, Any]) -> None:
    from chalicelib import wiring
    from chalicelib.aws.clients import client

    client("lambda").invoke(
        FunctionName=wiring.function_name(function), InvocationType="Event", Payload=encoding.dumps(event)
    )
