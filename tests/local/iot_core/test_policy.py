"""Policies as AWS IoT evaluates them."""

from typing import Any

import pytest

from infra.local.iot_core.policy import InvalidPolicy, Policy, read_documents

from .cloud import ARN, allow, deny, policy


def _allows(document: dict[str, Any], action: str, resource: str, **variables: str) -> bool:
    values = {f"iot:{name}": value for name, value in variables.items()}
    return Policy(read_documents([document]), values, ARN).allows(action, resource)


def test_what_no_statement_allows_is_denied() -> None:
    assert not _allows(policy(allow("iot:Connect", "client/*")), "iot:Publish", "topic/a")


def test_a_deny_wins_over_every_allow() -> None:
    document = policy(allow("iot:Publish", "topic/*"), deny("iot:Publish", "topic/dev/cmd"))
    assert _allows(document, "iot:Publish", "topic/dev/data")
    assert not _allows(document, "iot:Publish", "topic/dev/cmd")


def test_documents_add_up() -> None:
    statements = read_documents([policy(allow("iot:Publish", "topic/a")), policy(allow("iot:Receive", "topic/a"))])
    union = Policy(statements, {}, ARN)
    assert union.allows("iot:Publish", "topic/a")
    assert union.allows("iot:Receive", "topic/a")


@pytest.mark.parametrize(
    ("pattern", "resource", "covered"),
    [
        ("topic/a/*", "topic/a/b/c", True),
        ("topic/a/*", "topic/a", False),
        ("topic/a?", "topic/ab", True),
        ("topic/a?", "topic/a", False),
        ("topic/*/x", "topic/a/b/x", True),
        ("topic/a.b", "topic/aXb", False),
        ("topicfilter/a/+", "topicfilter/a/+", True),
        ("topicfilter/a/+", "topicfilter/a/b", False),
        ("topicfilter/a/#", "topicfilter/a/b", False),
        ("topic/a\n*", "topic/a\nb\nc", True),
    ],
)
def test_only_star_and_question_mark_are_wildcards(pattern: str, resource: str, *, covered: bool) -> None:
    assert _allows(policy(allow("iot:Publish", pattern)), "iot:Publish", resource) is covered


def test_actions_have_wildcards_too() -> None:
    assert _allows(policy(allow("iot:*", "topic/a")), "iot:Receive", "topic/a")


def test_a_variable_stands_for_its_value() -> None:
    document = policy(allow("iot:Publish", "topic/dev/${iot:ClientId}/*"))
    assert _allows(document, "iot:Publish", "topic/dev/sensor/data", ClientId="sensor")
    assert not _allows(document, "iot:Publish", "topic/dev/other/data", ClientId="sensor")


@pytest.mark.parametrize("client_id", ["*", "?????", "${iot:ClientId}"])
def test_a_client_gains_nothing_by_a_wildcard_in_its_name(client_id: str) -> None:
    document = policy(allow("iot:Publish", "topic/dev/${iot:ClientId}"))
    assert not _allows(document, "iot:Publish", "topic/dev/other", ClientId=client_id)
    assert _allows(document, "iot:Publish", f"topic/dev/{client_id}", ClientId=client_id)


def test_a_resource_with_a_variable_that_has_no_value_covers_nothing() -> None:
    document = policy(allow("iot:Publish", "topic/${iot:Connection.Thing.ThingName}*"))
    assert not _allows(document, "iot:Publish", "topic/", ClientId="a")
    assert not _allows(document, "iot:Publish", "topic/${iot:Connection.Thing.ThingName}", ClientId="a")


def test_escaped_wildcards_are_text() -> None:
    document = policy(allow("iot:Publish", "topic/a${*}b${?}${$}"))
    assert _allows(document, "iot:Publish", "topic/a*b?$")
    assert not _allows(document, "iot:Publish", "topic/aXbXX")


def test_a_document_may_be_json_text() -> None:
    text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}}'
    assert Policy(read_documents([text]), {}, ARN).allows("iot:Publish", "topic/a")


@pytest.mark.parametrize(
    "document",
    [
        "not json",
        [],
        {},
        {"Version": "2008-10-17", "Statement": []},
        policy({"Effect": "Maybe", "Action": "iot:*", "Resource": "*"}),
        policy({"Effect": "Allow", "Action": "iot:*"}),
        policy({"Effect": "Allow", "Action": [], "Resource": "*"}),
        policy({"Effect": "Allow", "Action": "iot:*", "Resource": 7}),
        {"Version": "2012-10-17"},
    ],
)
def test_documents_that_make_no_sense_are_refused(document: Any) -> None:
    with pytest.raises(InvalidPolicy):
        read_documents([document])


def test_an_element_that_is_not_modelled_is_refused_and_not_ignored() -> None:
    statement = allow("iot:Connect", "client/*") | {"Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}}
    with pytest.raises(InvalidPolicy, match="Condition"):
        read_documents([policy(statement)])


@pytest.mark.parametrize(
    ("template", "covered"),
    [
        ("arn:aws:iot:eu-west-1:123456789012:topic/dev/*", True),
        ("arn:aws-cn:iot:cn-north-1:210987654321:topic/dev/*", True),
        ("arn:aws-us-gov:iot:*:*:topic/dev/data", True),
        ("arn:aws:iot:eu-west-1:210987654321:*", True),
        ("arn:aws:iot:*", True),
        ("*", True),
        ("topic/dev/*", True),
        ("arn:aws:iot:eu-west-1:210987654321:topic/other/*", False),
        ("arn:aws:iot:eu-west-1:210987654321:client/dev/data", False),
        ("arn:aws:iot:eu-west-1", False),
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_broker_without_an_account_takes_resources_of_any(template: str, effect: str, *, covered: bool) -> None:
    statement = {"Effect": effect, "Action": "iot:Publish", "Resource": template}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement] if effect == "Allow" else [everything, statement]}
    allowed = Policy(read_documents([document]), {}, "").allows("iot:Publish", "topic/dev/data")
    assert allowed is (covered if effect == "Allow" else not covered)


def test_a_colon_in_a_topic_is_none_of_its_arn() -> None:
    document = {"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:r:9:topic/a:b:c/${iot:ClientId}"}
    statements = read_documents([{"Version": "2012-10-17", "Statement": document}])
    policy = Policy(statements, {"iot:ClientId": "urn:x:*"}, "")
    assert policy.allows("iot:Publish", "topic/a:b:c/urn:x:*")
    assert not policy.allows("iot:Publish", "topic/a:b:c/urn:x:y")
