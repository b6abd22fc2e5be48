"""A deployment in steps, each of which may be run again: data, then functions and API, then what triggers them."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.stage_key import NOUN, StageKeyStore
from chalicelib.fleet.access import stage_key
from chalicelib.web import brokers
from infra import description, gateway_responses, project
from infra.deploying.entrances import Entrances
from infra.deploying.gateway import GATEWAY, Gateway
from infra.deploying.problems import Problem
from infra.deploying.stacks import Shelf, Stacks
from infra.functions import API, FUNCTIONS, deployed_name, log_group
from infra.project import ProjectError
from infra.settings import Settings
from infra.stage import Account, Network, Stage, bucket_name
from infra.templates import package, storage, triggers

Clients = Callable[[str], Any]
"""An AWS client by the name of its service."""
Tell = Callable[[str], None]
_DATA, _TRIGGERS = "data", "triggers"


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the operator has to know afterwards."""

    api: str
    hosts: Mapping[str, str]
    coaps: str = ""
    """What the host name of LwM2M devices points to, where there is a gateway."""


class Deployment:
    """One stage in one account."""

    def __init__(self, stage: Stage, clients: Clients, folder: Path, tell: Tell, *, poll: int = 10) -> None:
        """`folder` is where the project is built; `tell` hears of each step."""
        self.stage = stage
        self._clients = clients
        self._folder = folder / f"deploy-{stage.name}"
        self._tell = tell
        self._poll = poll

    def account(self) -> Account:
        identity = self._clients("sts").get_caller_identity()
        partition = identity["Arn"].split(":")[1]
        return Account(identity["Account"], self._clients("sts").meta.region_name, partition)

    def deploy(self, settings: Settings | None = None, *, dependencies: bool = True) -> Deployed:
        """`settings` are all that the operator wants: what an earlier run was given and this one is not, goes."""
        settings = settings or Settings()
        account = replace(self.account(), variables=settings.variables(), network=settings.network())
        self._tell(f"account {account.id}, region {account.region}, stage {self.stage.name}")
        stacks = self._stacks(account)
        with _step("data", "CloudFormation's reason is above; mend it and run this again"):
            done = stacks.apply(
                self.stage.called(_DATA), storage.document(self.stage).template(), settings.data_parameters()
            )
            self._tell(f"data: {done}")
            # CloudFormation makes no SecureString.
            made = self._stage_key().create(stage_key.dump(stage_key.first(secrets.token_bytes(stage_key.LENGTH))))
            self._tell(f"stage key: {'made' if made else 'there already'}")
        with _step("functions", "what was deployed stays; run this again"):
            # Functions come before the host name that AWS makes: a later run knows it from the start.
            known = {brokers.SECURED: self._broker(settings), **account.variables}
            account = replace(account, variables={name: value for name, value in known.items() if value})
            api = self._functions(account, settings.throttle(), dependencies=dependencies)
            self._tell("functions and API: deployed")
        with _step("triggers", "functions stand without triggers; mend the reason and run this again"):
            given = {**settings.parameters(), triggers.REST_API: api}
            done = stacks.apply(self.stage.called(_TRIGGERS), triggers.template(self.stage), given)
            self._tell(f"triggers: {done}")
            self._tell_broker(self._broker(settings))
        gateway = Gateway(self.stage, self._clients, stacks)
        with _step("gateway", "everything else stands; mend the reason and run this again"):
            for done in gateway.deploy(settings):
                self._tell(done)
        return Deployed(
            f"https://{api}.execute-api.{account.region}.{account.suffix}/{project.API_STAGE}",
            self._entrances().open(),
            gateway.target() if settings.gateway else "",
        )

    def destroy(self, *, data: bool) -> None:
        """What runs goes; what is kept goes only with `data`."""
        account = self.account()
        stacks = self._stacks(account)
        with _step("host names", "run this again"):
            for done in self._entrances().close():
                self._tell(done)
        with _step("gateway", "run this again"):
            self._told("gateway", there=stacks.delete(self.stage.called(GATEWAY)))
        with _step("triggers", "run this again"):
            self._told("triggers", there=stacks.delete(self.stage.called(_TRIGGERS)))
        with _step("functions", "run this again"):
            self._told("functions and API", there=self._remove_functions(account))
        with _step("logs", "run this again"):
            self._told("logs", there=self._remove_logs())
        if data:
            with _step("data", "what is gone is gone; run this again for the rest"):
                self._unprotect(account)
                self._told("stage key", there=self._stage_key().delete())
                gateway = Gateway(self.stage, self._clients, stacks)
                self._told("gateway's key", there=gateway.key().delete())
                self._told("gateway's images", there=gateway.remove_images())
                self._told("data", there=stacks.delete(self.stage.called(_DATA)))
        elif stacks.status(self.stage.called(_DATA)) is not None:
            self._tell(
                f"data: stays, and is billed: stack {self.stage.called(_DATA)} (tables with their backups, queues, "
                f"bucket {self._bucket(account)}); --delete-data removes it, and the stage key"
            )

    def _stage_key(self) -> StageKeyStore:
        return StageKeyStore(lambda: self._clients("ssm"), self.stage.called(NOUN))

    def _entrances(self) -> Entrances:
        return Entrances(self._clients("iot"), self.stage)

    def _broker(self, settings: Settings) -> str:
        """Where devices come by MQTT with a password, host and port; empty before AWS has made a name for that."""
        made = "" if settings.broker() else self._entrances().open().get("mqtt", "")
        return f"{made}:{brokers.PORT}" if made else settings.broker()

    def _tell_broker(self, address: str) -> None:
        functions, name = self._clients("lambda"), deployed_name(API, self.stage)
        known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        if address and known.get(brokers.SECURED) != address:
            functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": {**known, brokers.SECURED: address}}
            )

    def _told(self, what: str, *, there: bool) -> None:
        self._tell(f"{what}: {'removed' if there else 'there was nothing'}")

    def _stacks(self, account: Account) -> Stacks:
        shelf = Shelf(self._clients("s3"), self._bucket(account))
        return Stacks(self._clients("cloudformation"), shelf, self._poll)

    def _bucket(self, account: Account) -> str:
        return str(account.filled(bucket_name(self.stage, description.OBJECTS)))

    # -- functions: Chalice's part

    def _functions(self, account: Account, throttle: tuple[int, int], *, dependencies: bool) -> str:
        endpoint = self._clients("iot").describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
        built = project.build(
            self.stage, self._folder, account=account, endpoint=f"https://{endpoint}", dependencies=dependencies
        )
        record = self._record(account, built)
        try:
            project.chalice(built, "deploy", "--stage", self.stage.name, "--no-autogen-policy")
        finally:
            # Also after a failure: what was made is known to the next run.
            if record.exists():
                self._keep(account, record)
        api = self._rest_api(record)
        self._finish(api, account.network, throttle)
        return api

    def _record(self, account: Account, built: Path) -> Path:
        """Chalice's memory of what it deployed is kept with the data, not on somebody's disk."""
        path = built / ".chalice" / "deployed" / f"{self.stage.name}.json"
        path.parent.mkdir(exist_ok=True)
        try:
            found = self._clients("s3").get_object(Bucket=self._bucket(account), Key=f"deploy/{path.name}")
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "NoSuchBucket"}:
                raise
        else:
            path.write_bytes(found["Body"].read())
        return path

    def _keep(self, account: Account, record: Path) -> None:
        key = f"deploy/{record.name}"
        self._clients("s3").put_object(Bucket=self._bucket(account), Key=key, Body=record.read_bytes())

    def _rest_api(self, record: Path) -> str:
        resources = json.loads(record.read_text())["resources"]
        return str(next(r["rest_api_id"] for r in resources if r["resource_type"] == "rest_api"))

    def _finish(self, api: str, network: Network, throttle: tuple[int, int]) -> None:
        """What Chalice has no setting for."""
        gateway = self._clients("apigateway")
        gateway.update_rest_api(
            restApiId=api, patchOperations=[{"op": "replace", "path": "/name", "value": self.stage.called("api")}]
        )
        # Not in a stack: Chalice overwrites the whole definition each time, which no stack would notice.
        for response in gateway_responses.RESPONSES:
            gateway.put_gateway_response(restApiId=api, **gateway_responses.parameters(response))
        # They count once the API is deployed again (API Gateway developer guide, "Updates that require redeployment").
        gateway.create_deployment(restApiId=api, stageName=project.API_STAGE, description="answers outside the routes")
        # Routes take any path below a root: each request that nobody answers costs one of API Gateway and of Lambda.
        rate, burst = throttle
        every = f"/{gateway_responses.EVERY_METHOD}/throttling"
        gateway.update_stage(
            restApiId=api,
            stageName=project.API_STAGE,
            patchOperations=[
                {"op": "replace", "path": f"{every}/rateLimit", "value": str(rate)},
                {"op": "replace", "path": f"{every}/burstLimit", "value": str(burst)},
            ],
        )
        functions = self._clients("lambda")
        for function in FUNCTIONS:
            name = deployed_name(function.name, self.stage)
            functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
            # Chalice would leave a function in a VPC that it is not to be in any more.
            functions.update_function_configuration(
                FunctionName=name,
                LoggingConfig=package.logging(function.name, self.stage),
                VpcConfig=network.of(function.name),
            )
            if recursion := package.recursion(function.name):
                functions.put_function_recursion_config(FunctionName=name, **recursion)

    def _remove_functions(self, account: Account) -> bool:
        built = project.build(self.stage, self._folder, account=account, dependencies=False)
        record = self._record(account, built)
        if not record.exists():
            return False
        project.chalice(built, "delete", "--stage", self.stage.name)
        self._clients("s3").delete_object(Bucket=self._bucket(account), Key=f"deploy/{record.name}")
        return True

    def _remove_logs(self) -> bool:
        """Chalice takes only their retention away, and would leave them for good."""
        logs, there = self._clients("logs"), False
        for function in FUNCTIONS:
            try:
                logs.delete_log_group(logGroupName=log_group(function.name, self.stage))
                there = True
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
        return there

    # -- data

    def _unprotect(self, account: Account) -> None:
        dynamodb = self._clients("dynamodb")
        for noun in description.table_nouns():
            try:
                dynamodb.update_table(TableName=self.stage.called(noun), DeletionProtectionEnabled=False)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
        self._empty(self._bucket(account))

    def _empty(self, bucket: str) -> None:
        s3 = self._clients("s3")
        try:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                doomed = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found]
                if doomed:
                    s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise


@contextmanager
def _step(name: str, advice: str) -> Iterator[None]:
    """Says which step failed, and what to do then."""
    try:
        yield
    except (ClientError, BotoCoreError, ProjectError, Problem) as error:
        raise Problem(f"step {name}: {error}\n  {advice}.") from error
