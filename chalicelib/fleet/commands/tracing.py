"""What becomes of a command, told to the log under the trace of the request that made it."""

import logging

from chalicelib.fleet.commands.records import Command

log = logging.getLogger(__name__)


def tell(command: Command) -> None:
    """One line for each status; with `trace` on the record, by which lines can be sampled."""
    trace = command.trace or command.id
    log.info("command %s to %s %s, trace %s", command.id, command.device, command.status, trace, extra={"trace": trace})


def tell_attempt(command: Command, client: str, outcome: str) -> None:
    """One line for each time that a command was sent to a client."""
    trace = command.trace or command.id
    log.info("command %s sent to client %s: %s, trace %s", command.id, client, outcome, trace, extra={"trace": trace})
