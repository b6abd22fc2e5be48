"""The register of CA certificates of an account, shared with other stages and with the operator."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from chalicelib.aws.trust import IotCoreTrust
from chalicelib.fleet.errors import Invalid, LimitReached

PEM = "-----BEGIN CERTIFICATE-----"
ID = "ca" * 32
ARN = f"arn:aws:iot:eu-west-1:111122223333:cacert/{ID}"
CLIENT = "c1" * 32
OURS, HELD, OTHERS = "homeport:registered", "homeport:held-by/homeport-dev", "homeport:held-by/homeport-prod"
REGISTERED = {
    "caCertificate": PEM,
    "certificateMode": "SNI_ONLY",
    "setAsActive": True,
    "allowAutoRegistration": True,
    "tags": [{"Key": OURS, "Value": "true"}, {"Key": HELD, "Value": "true"}],
}


class Account:
    """IoT Core's control plane, which takes the calls that are expected, in that order; botocore checks their form."""

    def __init__(self) -> None:
        self.client: Any = botocore.session.get_session().create_client(
            "iot", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        self.stub = Stubber(self.client)
        self.trust = IotCoreTrust(lambda: self.client, "homeport-dev")

    def expects(self, operation: str, asked: dict[str, Any], answer: dict[str, Any] | None = None) -> None:
        self.stub.add_response(operation, answer or {}, asked)

    def refuses(self, operation: str, code: str, **fields: str) -> None:
        self.stub.add_client_error(operation, code, modeled_fields=fields)

    def describes(self, *tags: str) -> None:
        self.expects(
            "describe_ca_certificate",
            {"certificateId": ID},
            {"certificateDescription": {"certificateArn": ARN, "certificateId": ID}},
        )
        self.expects("untag_resource", {"resourceArn": ARN, "tagKeys": [HELD]})
        found = [{"Key": tag, "Value": "true"} for tag in tags]
        self.expects("list_tags_for_resource", {"resourceArn": ARN}, {"tags": found})


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account()
    with made.stub:
        yield made
        made.stub.assert_no_pending_responses()


def test_a_new_ca_is_registered_and_marked_as_ours(account: Account) -> None:
    account.expects("register_ca_certificate", REGISTERED, {"certificateArn": ARN, "certificateId": ID})
    assert account.trust.accept(PEM) == ID


def test_one_that_is_registered_already_is_shared_and_works_again(account: Account) -> None:
    account.refuses("register_ca_certificate", "ResourceAlreadyExistsException", resourceId=ID, resourceArn=ARN)
    account.expects("tag_resource", {"resourceArn": ARN, "tags": [{"Key": HELD, "Value": "true"}]})
    working = {"certificateId": ID, "newStatus": "ACTIVE", "newAutoRegistrationStatus": "ENABLE"}
    account.expects("update_ca_certificate", working)
    assert account.trust.accept(PEM) == ID


@pytest.mark.parametrize("code", ["CertificateValidationException", "InvalidRequestException"])
def test_what_iot_core_does_not_take_is_the_clients_mistake(account: Account, code: str) -> None:
    account.refuses("register_ca_certificate", code)
    with pytest.raises(Invalid):
        account.trust.accept(PEM)


def test_the_limit_of_one_subject_is_told(account: Account) -> None:
    account.refuses("register_ca_certificate", "LimitExceededException")
    with pytest.raises(LimitReached):
        account.trust.accept(PEM)


def test_the_last_to_rely_on_a_ca_of_ours_takes_it_out_of_the_register(account: Account) -> None:
    account.describes(OURS)
    gone = {"certificateId": ID, "newStatus": "INACTIVE", "newAutoRegistrationStatus": "DISABLE"}
    account.expects("update_ca_certificate", gone)
    account.expects("delete_ca_certificate", {"certificateId": ID})
    account.trust.withdraw(ID)


@pytest.mark.parametrize("left", [(OURS, OTHERS), ()], ids=["another stage relies on it", "the operator's own"])
def test_what_others_rely_on_stays(account: Account, left: tuple[str, ...]) -> None:
    account.describes(*left)
    account.trust.withdraw(ID)


def test_a_ca_that_is_gone_already_is_no_error(account: Account) -> None:
    account.refuses("describe_ca_certificate", "ResourceNotFoundException")
    account.trust.withdraw(ID)


def test_a_withdrawal_that_iot_core_refuses_is_told(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    account.refuses("describe_ca_certificate", "ThrottlingException")
    account.trust.withdraw(ID)
    assert "stays registered" in caplog.text


def described(status: str) -> dict[str, Any]:
    return {"certificateDescription": {"certificateId": CLIENT, "status": status}}


def test_a_certificate_that_waits_is_activated(account: Account) -> None:
    account.expects("describe_certificate", {"certificateId": CLIENT}, described("PENDING_ACTIVATION"))
    account.expects("update_certificate", {"certificateId": CLIENT, "newStatus": "ACTIVE"})
    assert account.trust.activate(CLIENT)


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE", "REVOKED"])
def test_one_about_which_somebody_has_decided_stays_as_it_is(account: Account, status: str) -> None:
    account.expects("describe_certificate", {"certificateId": CLIENT}, described(status))
    assert not account.trust.activate(CLIENT)


def test_one_that_is_gone_is_left_alone(account: Account) -> None:
    account.refuses("describe_certificate", "ResourceNotFoundException")
    assert not account.trust.activate(CLIENT)


def test_a_refusal_of_iot_core_is_tried_again_by_lambda(account: Account) -> None:
    account.refuses("describe_certificate", "ThrottlingException")
    with pytest.raises(account.client.exceptions.ThrottlingException):
        account.trust.activate(CLIENT)
