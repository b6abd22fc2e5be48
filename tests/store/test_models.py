"""What the stores ask of DynamoDB is checked against botocore's model in all tests here."""

import pytest
from botocore.exceptions import ParamValidationError

from chalicelib.fleet.ports import Ports
from chalicelib.store.tables import shared_connection


def test_a_call_that_the_model_does_not_allow_would_fail(dynamodb: Ports) -> None:
    assert dynamodb
    with pytest.raises(ParamValidationError, match="GetItem"):
        shared_connection().client.get_item(TableName="homeport-local-tenants", Keys={})
