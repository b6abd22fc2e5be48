"""The authorizer's answer is checked as AWS checks it."""

import asyncio
import threading
from typing import Any

import pytest

from infra.local.iot_core import Limits, packets
from infra.local.iot_core.authorizer import (
    Authorizer,
    AuthorizerFailed,
    Certificate,
    Credentials,
    NotAuthenticated,
    read_answer,
)

from .cloud import DEVICE_POLICY, allow, policy
from .conftest import MakeSite, Site

GOOD: dict[str, Any] = {"isAuthenticated": True, "principalId": "device1", "policyDocuments": [DEVICE_POLICY]}


def test_a_good_answer_is_a_grant_for_a_day() -> None:
    grant = read_answer(GOOD, None, Limits())
    assert (grant.principal, grant.disconnect_after, grant.refresh_after) == ("device1", 86_400, 86_400)


@pytest.mark.parametrize("value", [False, None, "true", 1])
def test_only_true_authenticates(value: object) -> None:
    with pytest.raises(NotAuthenticated):
        read_answer(GOOD | {"isAuthenticated": value}, None, Limits())


@pytest.mark.parametrize(
    "change",
    [
        {"principalId": "with-dash"},
        {"principalId": ""},
        {"principalId": "x" * 129},
        {"principalId": "line\n"},
        {"principalId": None},
        {"policyDocuments": {}},
        {"policyDocuments": [DEVICE_POLICY] * 11},
        {"policyDocuments": [policy(allow("iot:Publish", "topic/" + "x" * 2048))]},
        {"policyDocuments": ["{"]},
        {"disconnectAfterInSeconds": 299},
        {"disconnectAfterInSeconds": 86_401},
        {"disconnectAfterInSeconds": "300"},
        {"disconnectAfterInSeconds": True},
        {"refreshAfterInSeconds": 0},
    ],
)
def test_an_answer_that_aws_would_not_take_is_a_failure(change: dict[str, Any]) -> None:
    with pytest.raises(AuthorizerFailed):
        read_answer(GOOD | change, None, Limits())


def test_white_space_does_not_count_for_the_size_of_a_document() -> None:
    text = '{"Version": "2012-10-17",' + " " * 4000 + '"Statement": []}'
    read_answer(GOOD | {"policyDocuments": [text]}, None, Limits())


def test_with_a_certificate_the_principal_is_its_id() -> None:
    certificate = Certificate(b"der", ())
    with pytest.raises(AuthorizerFailed):
        read_answer(GOOD, certificate, Limits())
    assert read_answer(GOOD | {"principalId": certificate.certificate_id}, certificate, Limits())


def test_an_authorizer_that_takes_too_long_has_failed() -> None:
    answered = threading.Event()

    def slow(_event: dict[str, Any]) -> dict[str, Any]:
        answered.wait(10)
        return GOOD

    async def ask() -> None:
        authorizer = Authorizer(slow, Limits(authorizer_timeout=0.02))
        with pytest.raises(AuthorizerFailed, match="no answer"):
            await authorizer.grant(Credentials("id", "client", None, None))
        answered.set()
        authorizer.close()

    asyncio.run(ask())


def _boom(_event: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("boom")


def test_a_client_of_a_failing_authorizer_is_told_to_come_back(site: Site) -> None:
    site.cloud.answer = _boom
    device = site.device()
    assert device.connect() == (False, packets.SERVER_UNAVAILABLE)
    assert device.closed


def test_a_policy_without_connect_refuses(site: Site) -> None:
    site.cloud.policy = policy(allow("iot:Publish", "topic/*"))
    device = site.device()
    assert device.connect() == (False, packets.NOT_AUTHORIZED)
    assert device.closed


def test_optional_parts_of_the_event_are_left_out(site: Site) -> None:
    site.cloud.answer = lambda _event: GOOD
    site.connected("", username=None, password=None)
    assert site.cloud.asked[0]["protocolData"]["mqtt"] == {}


def test_user_name_and_password_may_hold_anything(site: Site) -> None:
    site.device().connect(username="user?x-amz-customauthorizer-name=a&SDK=b", password=b"\0\xff")
    assert site.cloud.asked[0]["protocolData"]["mqtt"] == {
        "username": "user?x-amz-customauthorizer-name=a&SDK=b",
        "password": "AP8=",
        "clientId": "urn:lo:nsid:dev:1",
    }


def test_the_connection_ends_when_the_answer_says(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(connection_seconds_min=0))
    site.cloud.extra = {"disconnectAfterInSeconds": 0}
    assert site.connected().closed
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "CUSTOMAUTH_TTL_EXPIRATION"


def test_a_refresh_asks_again_and_takes_the_new_policy(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(connection_seconds_min=0))
    site.cloud.extra = {"refreshAfterInSeconds": 0}
    device = site.connected()
    site.cloud.policy = policy(allow("iot:Publish", "topic/other"))
    asked = len(site.cloud.asked)
    site.cloud.wait_until(lambda: len(site.cloud.asked) > asked + 2)
    device.publish("other")


def test_a_refused_refresh_ends_the_connection(make_site: MakeSite) -> None:
    site = make_site(limits=Limits(connection_seconds_min=0))
    site.cloud.extra = {"refreshAfterInSeconds": 0}
    device = site.connected()
    site.cloud.extra = {"isAuthenticated": False}
    assert device.closed
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "AUTH_ERROR"
