"""A stage of the product in an account: what things are called there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

APP = "homeport"
STAGES = ("dev", "prod")
"""Those that .chalice/config.json knows; any other name of the same form can be deployed too."""
_FORM = re.compile(r"[a-z][a-z0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Stage:
    """Several stages live side by side in one account: every name has application and stage in it."""

    name: str
    app: str = APP

    def __post_init__(self) -> None:
        if not _FORM.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} is no name for a stage: a lower-case letter, then up to 15 letters, digits"
            )

    @property
    def reserves(self) -> bool:
        """Whether functions get a concurrency of their own; a new account has too little to give any away."""
        return self.name == "prod"

    @property
    def watched(self) -> bool:
        """Whether each function, rule and table has alarms of its own; each costs ten cents a month."""
        return self.name == "prod"

    def called(self, noun: str) -> str:
        return f"{self.app}-{self.name}-{noun}"

    def rule(self, name: str) -> str:
        """Topic rules have no hyphens in their names."""
        return f"{self.app}_{self.name}_{name}"


def sub(text: str) -> dict[str, str]:
    """A string in which CloudFormation fills in `${AWS::…}`."""
    return {"Fn::Sub": text}


def arn(service: str, resource: str) -> dict[str, str]:
    return sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def bucket_name(stage: Stage, noun: str) -> dict[str, str]:
    """Bucket names belong to the whole world: account and region make ours ours."""
    return sub(f"{stage.called(noun)}-${{AWS::AccountId}}-${{AWS::Region}}")


@dataclass(frozen=True, slots=True)
class Network:
    """A part of the operator's VPC, and which functions run in it, by their names in app.py."""

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    functions: frozenset[str] = frozenset()

    def of(self, function: str) -> dict[str, list[str]]:
        """Lambda's VpcConfig; that of a function which runs in no VPC is empty, and takes it out of one."""
        inside = function in self.functions
        return {
            "SubnetIds": list(self.subnets) if inside else [],
            "SecurityGroupIds": list(self.security_groups) if inside else [],
        }


@dataclass(frozen=True, slots=True)
class Account:
    """Where a stage is deployed, for what is made by API calls and not by CloudFormation.

    `variables` are what the operator sets in the environment of its functions there, `network` is where those run
    that have to reach something inside.
    """

    id: str
    region: str
    partition: str = "aws"
    variables: Mapping[str, str] = field(default_factory=dict)
    network: Network = field(default_factory=Network)

    @property
    def suffix(self) -> str:
        """What names of hosts end with, that AWS gives."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def filled(self, value: Any) -> Any:
        """The same value with every `Fn::Sub` carried out."""
        if isinstance(value, list):
            return [self.filled(part) for part in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Fn::Sub"} and isinstance(value["Fn::Sub"], str):
            text = value["Fn::Sub"].replace("${AWS::Partition}", self.partition)
            return text.replace("${AWS::Region}", self.region).replace("${AWS::AccountId}", self.id)
        return {name: self.filled(part) for name, part in value.items()}
