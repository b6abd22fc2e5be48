"""The same stores that run in production, on moto."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from moto import mock_aws

from chalicelib import wiring
from chalicelib.store.tables import all_models
from infra.local import dynamodb
from tests.sim.ports import Stores

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "HOMEPORT_BUCKET": "objects",
}


@contextmanager
def tables() -> Iterator[Stores]:
    """Empty tables, gone afterwards."""
    dynamodb.install()
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)
    try:
        with mock_aws():
            for model in all_models():
                model.create_table(wait=True)
            yield wiring.Wiring()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
