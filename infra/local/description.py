"""What the stack has to be told about the product: the tables, rules, queues and buckets that it is to provide."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from pynamodb.models import Model

from chalicelib.aws import stage_key
from chalicelib.web import brokers


class Rule(Protocol):
    """A topic rule: AWS IoT SQL whose result invokes a function."""

    @property
    def name(self) -> str: ...
    @property
    def sql(self) -> str: ...
    @property
    def function(self) -> str: ...


class Queue(Protocol):
    """A queue, with what consumes it and where it leaves what cannot be consumed."""

    @property
    def name(self) -> str: ...
    @property
    def dead_letter(self) -> str | None: ...
    @property
    def function(self) -> str | None: ...
    @property
    def tries(self) -> int: ...
    @property
    def hides(self) -> int | None: ...


class GatewayResponse(Protocol):
    """What API Gateway answers by itself in one kind of case; without `status` with Gateway's own."""

    @property
    def kind(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    def body(self, request_id: str, message: str, /) -> bytes: ...


class Description(Protocol):
    """`infra.description` is one; names in it are without application and stage."""

    DEAD_LETTERS: str
    OBJECTS: str

    def tables(self) -> Sequence[type[Model]]: ...
    def rules(self) -> Sequence[Rule]: ...
    def answers(self) -> Sequence[str]:
        """Filters of the topics on which clients answer what was sent to them."""
        ...

    def ignored_wills(self) -> Sequence[str]: ...
    def queues(self) -> Sequence[Queue]: ...
    def gateway_responses(self) -> Sequence[GatewayResponse]: ...
    def buckets(self) -> Sequence[str]: ...
    def state_machine(self, function_arn: str, /) -> dict[str, Any]: ...


APP, STAGE = "homeport", "local"
ACCOUNT, REGION = "123456789012", "eu-west-1"
PREFIX = f"{APP}-{STAGE}-"


def deployed_name(noun: str) -> str:
    """What a thing of the description is called in AWS."""
    return PREFIX + noun


def deployed_rule(name: str) -> str:
    """Clients name rules in Basic Ingest, and rules have no hyphens in their names."""
    return PREFIX.replace("-", "_") + name


STATE_MACHINE = deployed_name("deadlines")
STATE_MACHINE_ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{STATE_MACHINE}"


NOT_IN_ENVIRONMENT = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
"""What an operator may have set for an AWS account of their own, and what must not be there beside `environment`."""


STAGE_KEY = "stage.key"
"""The file in the data directory with the stage key."""


def environment(description: Description, aws_port: int, data: Path) -> dict[str, str]:
    """The variables that functions find; the AWS ones keep every SDK away from the operator's own account."""
    return {
        "HOMEPORT_APP": APP,
        "HOMEPORT_STAGE": STAGE,
        "HOMEPORT_BUCKET": deployed_name(description.OBJECTS),
        "HOMEPORT_STATE_MACHINE": STATE_MACHINE_ARN,
        stage_key.FILE: str(data / STAGE_KEY),
        # The stand-in's time stamps are exact.
        "HOMEPORT_FENCE_SECONDS": "8",
        **aws_environment(aws_port),
    }


def entrances(http: int, https: int) -> dict[str, str]:
    """Where devices fetch files: on the ports of the REST API."""
    return {"HOMEPORT_API_PLAIN": f"localhost:{http}", "HOMEPORT_API_HOST": f"localhost:{https}"}


def mqtt_addresses(mqtts: int, mqtt: int | None) -> dict[str, str]:
    """Where devices come by MQTT: on ports of the host that they ask at."""
    return {brokers.SECURED: f":{mqtts}", brokers.PLAIN: f":{mqtt}" if mqtt is not None else ""}


KEY_ID = "local"
SECRETS = {KEY_ID: "local"}
"""The secret access keys of the stack's own functions, by their ids."""


def aws_environment(aws_port: int) -> dict[str, str]:
    """What makes every AWS SDK in a process speak to the stack on `aws_port`, and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws_port}",
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRETS[KEY_ID],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
