"""Tables as they were at a moment: DynamoDB restores each into a new table and leaves off what surrounds the data.

Every step may be repeated: a table that an earlier run has restored is taken as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra import description
from infra.deploying.problems import Problem
from infra.stage import Stage
from infra.templates import storage

_ABSENT = "ResourceNotFoundException"
_LONGEST_S = 24 * 3600


def chosen(only: Iterable[str] = (), without: Iterable[str] = ()) -> list[str]:
    """Tables by their nouns. Errors: Problem (there is no such table)."""
    nouns, wanted, unwanted = description.table_nouns(), set(only), set(without)
    if unknown := sorted((wanted | unwanted) - set(nouns)):
        raise Problem(f"there is no table {', '.join(unknown)}; there are {', '.join(nouns)}")
    return [noun for noun in nouns if (not wanted or noun in wanted) and noun not in unwanted]


@dataclass(frozen=True, slots=True)
class Restoration:
    """From the tables of one stage to those of another, which need not be deployed."""

    dynamodb: Any
    source: Stage
    target: Stage
    poll: int = 20
    """Seconds between two looks at a table that is being restored."""

    def begin(self, noun: str, at: datetime | None, *, replacing: bool = False) -> bool:
        """Let DynamoDB restore a table as it was at `at`, None for as late as can be had; False if it did already.

        `replacing` deletes a table that is there and was not restored from this source. Errors: Problem.
        """
        name, target = self.source.called(noun), self.target.called(noun)
        found = self._found(target)
        if found is not None:
            if found.get("RestoreSummary", {}).get("SourceTableArn", "").endswith(f":table/{name}"):
                return False
            if not replacing:
                raise Problem(f"table {target} is there already and was not restored from {name}")
            self._delete(target)
        moment = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
        self.dynamodb.restore_table_to_point_in_time(SourceTableName=name, TargetTableName=target, **moment)
        return True

    def finish(self, noun: str) -> None:
        """Wait for a table, and give it what DynamoDB does not restore. Errors: Problem."""
        name = self.target.called(noun)
        self._wait("table_exists", name)
        wanted = _properties(self.target)[name]
        if "TimeToLiveSpecification" in wanted:
            self._expire(name, wanted["TimeToLiveSpecification"])
        recovery = wanted["PointInTimeRecoverySpecification"]
        self.dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
        self.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=wanted["DeletionProtectionEnabled"])
        arn = self.dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
        self.dynamodb.tag_resource(ResourceArn=arn, Tags=wanted["Tags"])

    def _expire(self, name: str, wanted: dict[str, Any]) -> None:
        found = self.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        # Asking for what is there already is an error.
        if found.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
            self.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)

    def _delete(self, name: str) -> None:
        self.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        self.dynamodb.delete_table(TableName=name)
        self._wait("table_not_exists", name)

    def _found(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.dynamodb.describe_table(TableName=name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _ABSENT:
                return None
            raise
        return found

    def _wait(self, state: str, name: str) -> None:
        tries = max(1, _LONGEST_S // max(1, self.poll))
        try:
            waiting = {"Delay": self.poll, "MaxAttempts": tries}
            self.dynamodb.get_waiter(state).wait(TableName=name, WaiterConfig=waiting)
        except WaiterError as error:
            raise Problem(f"table {name} did not get there: {error}") from error


def _properties(stage: Stage) -> dict[str, dict[str, Any]]:
    """What our templates say of tables, by their names."""
    made = storage.document(stage).resources.values()
    return {r["Properties"]["TableName"]: r["Properties"] for r in made if r["Type"] == "AWS::DynamoDB::Table"}
