"""The contract of the stores, on the tables of the template in a DynamoDB that is stricter than moto's.

It takes no unused value and no name of an attribute that is not asked for, no number of more than 38 digits, and no
index that the table does not have.
"""

import os
import subprocess
import sys

import pytest

from tests.conformance.second_opinion.platform import Platform
from tests.local.running import REPOSITORY

pytestmark = pytest.mark.conformance

_WITHIN_S = 300


def test_the_stores_keep_their_contract(stage: Platform) -> None:
    """In a process of its own: the stores have one connection, and the tables' names last, for a process."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "dynamodb", "tests/store"]
    where = {"HOMEPORT_CONTRACT_AT": stage.ministack.endpoint, "HOMEPORT_STAGE": stage.stage.name}
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
