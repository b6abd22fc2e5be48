import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.stage import Stage
from infra.templates import package, storage, triggers
from tests.infra.edges import running_edge
from tests.infra.elsewhere import elsewhere
from tests.local.running import RunningStack
from tests.once import once

Template = dict[str, Any]
STAGE = Stage("dev")


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make package` writes, but for the dependencies."""
    folder = once(tmp_path_factory, "package", lambda made: package.write(STAGE, made, dependencies=False))
    return folder / package.TEMPLATE


@pytest.fixture(scope="session")
def whole(packaged: Path) -> Template:
    loaded: Template = json.loads(packaged.read_text())
    return loaded


@pytest.fixture(scope="session")
def kept() -> Template:
    return storage.document(STAGE).template()


@pytest.fixture(scope="session")
def triggering() -> Template:
    return triggers.template(STAGE)


@pytest.fixture
def edge(stack: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """An edge of a stage in an account, a region and a partition that are nowhere the default."""
    with elsewhere(stack.aws) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with running_edge(stack, tmp_path) as ports:
            yield ports


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: r["Properties"] for name, r in template["Resources"].items() if r["Type"] == kind}
