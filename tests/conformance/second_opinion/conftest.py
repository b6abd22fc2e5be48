import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra import project
from infra.stage import Stage
from infra.templates import package
from tests.clients import Rest
from tests.conformance.environments import python_environment
from tests.conformance.second_opinion.deployed import api, bucket, deploy
from tests.conformance.second_opinion.ministack import REQUIREMENTS, MiniStack
from tests.conformance.second_opinion.platform import DirectMessages, Platform

STAGE = Stage("dev")


@pytest.fixture(scope="session")
def running_ministack() -> Iterator[MiniStack]:
    python = python_environment("ministack", *REQUIREMENTS)
    # Failed work is tried again at once, and not after a minute.
    with MiniStack(python, LAMBDA_ASYNC_RETRY_BASE_SECONDS="0.2") as ministack:
        yield ministack


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make package` writes, with the dependencies as this machine runs them."""
    return package.write(STAGE, tmp_path_factory.mktemp("package"), platforms=project.HERE)


@pytest.fixture(scope="session")
def stage(running_ministack: MiniStack, packaged: Path) -> Iterator[Platform]:
    with DirectMessages() as direct:
        # Webhooks of tests listen on this machine, where none may be by default.
        settings = {"IotEndpoint": direct.url, "PushAllow": "127.0.0.1/32"}
        outputs = deploy(running_ministack, "homeport-dev", packaged, **settings)
        empty = Platform(running_ministack, STAGE, api(running_ministack, outputs), direct)
        # MiniStack is spoken to in the clear, which the bucket's policy forbids (and a test proves).
        running_ministack.client("s3").delete_bucket_policy(Bucket=bucket(STAGE))
        empty.run("stage-key", "create")
        tenant = empty.run("tenant", "create", "second opinion")
        yield replace(empty, api_key=tenant["apiKey"])


@pytest.fixture
def platform(stage: Platform) -> Iterator[Platform]:
    """The deployed stage, with a tenant; what it logged meanwhile is shown when the test fails."""
    before, since = len(stage.ministack.log), int(time.time() * 1000)
    yield stage
    print(stage.ministack.log[before:], stage.written(since))


@pytest.fixture
def rest(platform: Platform) -> Iterator[Rest]:
    rest = Rest(platform)
    yield rest
    rest.close()
