"""CloudFormation stacks: made or brought up to date, whichever it takes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.deploying.problems import Problem

TEMPLATE_BODY = 51_200
"""Bytes that CloudFormation takes in a call; a bigger template has to lie in S3."""
_UNCHANGED = "No updates are to be performed"
_ABSENT = "does not exist"
_STUCK = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where templates are put that are too big for a call."""

    s3: Any
    bucket: str

    def put(self, name: str, text: str) -> str:
        key = f"deploy/{name}.json"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return f"{self.s3.meta.endpoint_url}/{self.bucket}/{key}"


@dataclass(frozen=True, slots=True)
class Stacks:
    cloudformation: Any
    shelf: Shelf
    poll: int = 10
    """Seconds between two looks at a stack that is being made."""

    def apply(self, name: str, template: Mapping[str, Any], parameters: Mapping[str, str] | None = None) -> str:
        """`created`, `updated` or `unchanged`. Problem with CloudFormation's own reason."""
        asked = self._asked(name, template, parameters or {})
        status = self.status(name)
        if status in _STUCK:
            # What failed at its creation cannot be updated, and holds nothing.
            self.delete(name)
            status = None
        if status is None:
            self.cloudformation.create_stack(**asked, OnFailure="DELETE")
            self._wait("stack_create_complete", name)
            return "created"
        try:
            self.cloudformation.update_stack(**asked)
        except ClientError as error:
            if _UNCHANGED in str(error):
                return "unchanged"
            raise
        self._wait("stack_update_complete", name)
        return "updated"

    def delete(self, name: str) -> bool:
        """False if there was none."""
        if self.status(name) is None:
            return False
        self.cloudformation.delete_stack(StackName=name)
        self._wait("stack_delete_complete", name)
        return True

    def status(self, name: str) -> str | None:
        try:
            (found,) = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if _ABSENT in str(error):
                return None
            raise
        return str(found["StackStatus"])

    def output(self, name: str, key: str) -> str:
        """Empty where the stack, or that output of it, is not there."""
        if self.status(name) is None:
            return ""
        (found,) = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        return str(next((o["OutputValue"] for o in found.get("Outputs", ()) if o["OutputKey"] == key), ""))

    def _asked(self, name: str, template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
        text = json.dumps(template, separators=(",", ":"))
        where = (
            {"TemplateBody": text}
            if len(text.encode()) <= TEMPLATE_BODY
            else {"TemplateURL": self.shelf.put(name, text)}
        )
        return {
            "StackName": name,
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            **where,
        }

    def _wait(self, state: str, name: str) -> None:
        try:
            self.cloudformation.get_waiter(state).wait(StackName=name, WaiterConfig={"Delay": self.poll})
        except WaiterError as error:
            raise Problem(f"stack {name} did not get there: {self._reason(name) or error}") from error

    def _reason(self, name: str) -> str:
        try:
            events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        except ClientError:
            return ""
        failed = [e for e in events if e["ResourceStatus"].endswith("_FAILED")]
        # Newest first: the oldest failure is the cause of the others.
        return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', '')}" if failed else ""
