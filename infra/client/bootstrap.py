"""`bootstrap …`: what devices of LwM2M are told of their servers."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import click

from infra.client.api import Api, path
from infra.client.bootstrap_file import ENTRIES, Row, Unreadable, read, same
from infra.client.output import JSON, formatted, show, told
from infra.client.problems import Misconfigured, Problem, Refused
from infra.client.program import with_api

_CREATED, _SKIPPED, _REFUSED = "created", "skipped", "refused"
_CONFLICT, _NOT_FOUND, _TOO_MANY, _FAULT = 409, 404, 429, 500
_FOR_ALL = (401, 403)
"""What is said of the key or of the tenant, not of a row."""
_WAITS = 10
_LONGEST_WAIT_S = 60.0
_COLUMNS = {
    "row": lambda r: str(r["row"]),
    "endpoint": lambda r: r.get("endpointName"),
    "outcome": lambda r: r["outcome"],
    "reason": lambda r: r.get("reason"),
}


@click.group(help="LwM2M bootstrap: import entries.")
def group() -> None:
    pass


@group.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--rate", type=click.FloatRange(0.1, 1000), default=20, show_default=True, help="Rows a second at most.")
@formatted
@with_api
def import_(api: Api, *, file: BinaryIO, rate: float, output: str) -> None:
    """Make an entry of each row of a CSV file; - is standard input.

    Columns: endpointName, pskInfo.identity, pskInfo.secret, and where wanted bootstrapConfigId, runServers.id,
    runServers.security.pskInfo.identity, runServers.security.pskInfo.secret; separated by , or ; or tabs.
    Rows that are refused are printed, with -o json all. Run it again after a break: entries that are there and equal
    are skipped; the bootstrap secret itself is never shown, so it is not compared.
    """
    try:
        rows = read(file.read())
    except Unreadable as error:
        raise Misconfigured(f"{file.name}: {error}") from None
    importing = Import(api, 1 / rate)
    found = importing.of(rows)
    show(found if output == JSON else (r for r in found if r["outcome"] == _REFUSED), _COLUMNS, output)
    count = importing.count
    told(f"{count[_CREATED]} created, {count[_SKIPPED]} there already, {count[_REFUSED]} refused")
    if importing.stopped is not None:
        raise importing.stopped
    if count[_REFUSED]:
        sys.exit(Problem.exit_code)


class Import:
    """`count` by outcome; `stopped` is why the rest was not tried, where it was not."""

    def __init__(self, api: Api, every_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._api = api
        self._every_s = every_s
        self._sleep = sleep
        self.count: Counter[str] = Counter()
        self.stopped: Problem | None = None

    def of(self, rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
        """What became of each row: its number in the file, endpoint name, outcome, and the reason of a refusal."""
        for row in rows:
            outcome, reason = (_REFUSED, row.fault) if row.fault else self._posted(row)
            if outcome:
                self.count[outcome] += 1
                said = {"row": row.number, "endpointName": row.endpoint, "outcome": outcome}
                yield {**said, "reason": reason} if reason else said
            if self.stopped is not None:
                return

    def _posted(self, row: Row) -> tuple[str, str | None]:
        """No outcome where nothing is known of it."""
        self._sleep(self._every_s)
        try:
            refused = self._refused(row)
            if refused is None:
                return _CREATED, None
            if refused.status == _CONFLICT and self._is_there(row):
                return _SKIPPED, None
        except Problem as problem:
            self.stopped = problem
            return "", None
        if refused.status in _FOR_ALL:
            self.stopped = refused
        return _REFUSED, str(refused)

    def _refused(self, row: Row) -> Refused | None:
        try:
            self._within_limits("POST", ENTRIES, row.body)
        except Refused as refused:
            if refused.status >= _FAULT:
                raise
            return refused
        return None

    def _is_there(self, row: Row) -> bool:
        # Secrets of servers are shown to whoever may write entries, and that is audited: only where there are any.
        query = {"showSecuritySecrets": True} if row.has_run_secret else {}
        try:
            found = self._within_limits("GET", path(ENTRIES, row.endpoint), None, query)
        except Refused as refused:
            if refused.status == _NOT_FOUND:
                return False
            raise
        return same(found, row.body)

    def _within_limits(self, method: str, where: str, body: Any, query: Any = None) -> Any:
        wait = 1.0
        for left in range(_WAITS, -1, -1):
            try:
                return self._api.call(method, where, body, query)
            except Refused as refused:
                if refused.status != _TOO_MANY or not left:
                    raise
            self._sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_S)
        return None
