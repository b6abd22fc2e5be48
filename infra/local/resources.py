"""Makes in the local AWS what the description asks for; what an earlier run left there is kept."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.models import Model

from infra.local.description import REGION, STATE_MACHINE, STATE_MACHINE_ARN, Description, deployed_name

_ROLE = "arn:aws:iam::123456789012:role/homeport-local"


def create(description: Description, client: Callable[[str], Any], settle_arn: str) -> dict[str, str]:
    """Create tables, queues, buckets and the state machine; returns the queues' URLs by their names in the description.

    `client` makes an AWS client for a service, `settle_arn` is the function that the state machine ends in.
    """
    dynamodb = client("dynamodb")
    present = {name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]}
    for model in description.tables():
        if model.Meta.table_name in present:
            _add_indexes(model, dynamodb)
        else:
            model.create_table(wait=False)  # moto has it at once
    for bucket in description.buckets():
        _create_bucket(client("s3"), deployed_name(bucket))
    _create_state_machine(client("stepfunctions"), description.state_machine(settle_arn))
    return _create_queues(description, client("sqs"))


def _add_indexes(model: type[Model], dynamodb: Any) -> None:
    name, schema = model.Meta.table_name, model._get_schema()
    present = dynamodb.describe_table(TableName=name)["Table"].get("GlobalSecondaryIndexes", [])
    known = {index["IndexName"] for index in present}
    for index in schema["global_secondary_indexes"]:
        # a table of an earlier version gets the indexes that came since, as an update of the deployed stack would do
        if index["index_name"] not in known:
            keys = sorted(index["key_schema"], key=lambda key: key["KeyType"])
            made = {"IndexName": index["index_name"], "KeySchema": keys, "Projection": index["projection"]}
            dynamodb.update_table(
                TableName=name,
                AttributeDefinitions=schema["attribute_definitions"],
                GlobalSecondaryIndexUpdates=[{"Create": made}],
            )


def _create_bucket(s3: Any, name: str) -> None:
    try:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise


def _create_state_machine(stepfunctions: Any, definition: dict[str, Any]) -> None:
    """State machines are not kept from run to run: they hold nothing."""
    made = stepfunctions.create_state_machine(name=STATE_MACHINE, definition=json.dumps(definition), roleArn=_ROLE)
    if made["stateMachineArn"] != STATE_MACHINE_ARN:
        raise RuntimeError(
            f"the state machine is {made['stateMachineArn']}, where functions expect {STATE_MACHINE_ARN}"
        )


def _create_queues(description: Description, sqs: Any) -> dict[str, str]:
    urls: dict[str, str] = {}
    # a queue names its dead-letter queue by ARN, so those come first
    for queue in sorted(description.queues(), key=lambda queue: queue.dead_letter is not None):
        attributes = {} if queue.hides is None else {"VisibilityTimeout": str(queue.hides)}
        if queue.dead_letter is not None:
            found = sqs.get_queue_attributes(QueueUrl=urls[queue.dead_letter], AttributeNames=["QueueArn"])
            target = found["Attributes"]["QueueArn"]
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": queue.tries})
        urls[queue.name] = _create_queue(sqs, deployed_name(queue.name), attributes)
    return urls


def _create_queue(sqs: Any, name: str, attributes: dict[str, str]) -> str:
    try:
        return str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"QueueAlreadyExists", "QueueNameExists"}:
            raise
    # a queue of an earlier version stays, with all it holds, and gets the attributes of this one
    url = str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return url
