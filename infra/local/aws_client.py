"""The stack's own clients of its AWS services."""

import functools
import os
from typing import Any

from botocore.session import Session

from infra.local.description import NOT_IN_ENVIRONMENT, REGION, deployed_name


def set_environment(variables: dict[str, str]) -> None:
    for name in NOT_IN_ENVIRONMENT:
        os.environ.pop(name, None)
    os.environ.update(variables)


@functools.cache
def client(service: str) -> Any:
    """A client of the local AWS; made after the environment was set, and never shared with the functions."""
    return Session().create_client(service, region_name=REGION)


def send_to_queue(queue: str, body: str) -> None:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=deployed_name(queue))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body)
