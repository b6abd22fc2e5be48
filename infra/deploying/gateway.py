"""The CoAP gateway of a stage: its repository, its key and its stack."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.stage_key import StageKeyStore
from infra.deploying.problems import Problem
from infra.deploying.stacks import Stacks
from infra.gateway.settings import KEY
from infra.settings import Settings
from infra.stage import Stage
from infra.templates import coap_gateway
from infra.templates.gateway_facts import REPOSITORY

GATEWAY = "gateway"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Gateway:
    """`clients` makes an AWS client by the name of its service."""

    stage: Stage
    clients: Callable[[str], Any]
    stacks: Stacks

    def deploy(self, settings: Settings) -> Iterator[str]:
        """A sentence for each step. A gateway that is not wanted any more goes. Errors: Problem."""
        name = self.stage.called(GATEWAY)
        if not settings.gateway:
            if self.stacks.delete(name):
                yield "gateway: removed, as the settings name none"
            return
        self._ensure_image(settings.gateway_tag)
        # CloudFormation makes no SecureString.
        made = self.key().create(secrets.token_hex(_KEY_BYTES))
        yield f"gateway's key: {'made' if made else 'there already'}"
        done = self.stacks.apply(name, coap_gateway.document(self.stage).template(), settings.gateway_parameters())
        yield f"gateway ({settings.gateway}): {done}"

    def key(self) -> StageKeyStore:
        """What associations are sealed with while nobody serves them."""
        what = "Seals the DTLS associations that the CoAP gateway keeps. Without it devices make new handshakes."
        return StageKeyStore(lambda: self.clients("ssm"), self.stage.called(KEY), what)

    def target(self) -> str:
        """What DNS points to."""
        name = self.stage.called(GATEWAY)
        return self.stacks.output(name, "GatewayAddress") or self.stacks.output(name, "GatewayTarget")

    def image(self, tag: str) -> str:
        """What is missing: empty where the repository has an image of that tag."""
        ecr, name = self.clients("ecr"), self.stage.called(REPOSITORY)
        try:
            ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
        except ClientError as error:
            if error.response["Error"]["Code"] in ("RepositoryNotFoundException", "ImageNotFoundException"):
                return f"there is no image {name}:{tag} yet"
            raise
        return ""

    def remove_images(self) -> bool:
        """With their repository; False if there was none."""
        try:
            self.clients("ecr").delete_repository(repositoryName=self.stage.called(REPOSITORY), force=True)
        except ClientError as error:
            if error.response["Error"]["Code"] != "RepositoryNotFoundException":
                raise
            return False
        return True

    def _ensure_image(self, tag: str) -> None:
        """An instance, or a task, whose image is not there would start over and over."""
        if not (missing := self.image(tag)):
            return
        uri = self._repository()
        raise Problem(
            f"{missing}; make it, for arm64, and push it:\n"
            f"  aws ecr get-login-password | podman login --username AWS --password-stdin {uri.partition('/')[0]}\n"
            f"  podman build --platform linux/arm64 -f infra/gateway/Containerfile -t {uri}:{tag} .\n"
            f"  podman push {uri}:{tag}"
        )

    def _repository(self) -> str:
        """Its URI; made where there is none."""
        ecr, name = self.clients("ecr"), self.stage.called(REPOSITORY)
        try:
            made = ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": True})
        except ClientError as error:
            if error.response["Error"]["Code"] != "RepositoryAlreadyExistsException":
                raise
            (found,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
            return str(found["repositoryUri"])
        return str(made["repository"]["repositoryUri"])
