"""Every call of AWS that handlers make, as IAM sees it: which function did what to which resource.

IAM has no TransactWriteItems: a transaction needs the action of each of its parts. Nor has it those of ACTIONS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Parameters = Mapping[str, Any]

ACTIONS = {"HeadObject": "GetObject", "SendMessageBatch": "SendMessage"}
"""Which action allows an operation of another name (service authorization reference, S3 and SQS)."""


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """`topic` is the one of a direct message."""

    function: str
    action: str
    resource: str
    topic: str = ""


@dataclass
class Recorder:
    """`who` says which function is running; what happens outside of any is not looked at."""

    region: str
    account: str
    seen: set[Access] = field(default_factory=set)
    function: str = ""

    def record(self, operation: str, service: str, parameters: Parameters) -> None:
        if self.function:
            for action, resource in self._accesses(service, operation, parameters):
                topic = str(parameters.get("topic", "")) if operation == "SendDirectMessage" else ""
                self.seen.add(Access(self.function, action, resource, topic))

    def _accesses(self, service: str, operation: str, p: Parameters) -> Iterator[tuple[str, str]]:
        match service:
            case "dynamodb":
                yield from self._tables(operation, p)
            case "lambda":
                yield "lambda:InvokeFunction", self._arn("lambda", f"function:{p['FunctionName']}")
            case "stepfunctions":
                yield f"states:{operation}", p.get("stateMachineArn") or p["executionArn"]
            case "iot-data":
                yield f"iot:{operation}", self._arn("iot", f"client/{p['clientId']}")
            case "iot":
                yield f"iot:{operation}", self._certificate(operation, p)
            case "sqs":
                name = p.get("QueueName") or p["QueueUrl"].rpartition("/")[2]
                yield f"sqs:{ACTIONS.get(operation, operation)}", self._arn("sqs", name)
            case "s3":
                yield f"s3:{ACTIONS.get(operation, operation)}", f"arn:aws:s3:::{p['Bucket']}/{p['Key']}"
            case "ssm":
                yield f"ssm:{operation}", self._arn("ssm", f"parameter/{p['Name']}")
            case _:
                raise NotImplementedError(f"{service} is not known to IAM's part of the bench")

    def _tables(self, operation: str, p: Parameters) -> Iterator[tuple[str, str]]:
        match operation:
            case "TransactWriteItems":
                for part in p["TransactItems"]:
                    ((kind, request),) = part.items()
                    yield from self._tables(
                        f"{kind}Item" if kind != "ConditionCheck" else "ConditionCheckItem", request
                    )
            case "BatchGetItem" | "BatchWriteItem":
                for table in p["RequestItems"]:
                    yield f"dynamodb:{operation}", self._table(table)
            case _:
                index = f"/index/{p['IndexName']}" if "IndexName" in p else ""
                yield f"dynamodb:{operation}", self._table(p["TableName"]) + index

    def _certificate(self, operation: str, p: Parameters) -> str:
        """Of IoT Core's control plane handlers call what concerns certificates."""
        if operation == "RegisterCACertificate":
            return "*"
        kind = "cacert" if "CACertificate" in operation else "cert"
        return str(p.get("resourceArn") or self._arn("iot", f"{kind}/{p['certificateId']}"))

    def _table(self, name: str) -> str:
        return self._arn("dynamodb", f"table/{name}")

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
