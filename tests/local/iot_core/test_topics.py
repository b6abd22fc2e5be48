"""Topic filters: MQTT 3.1.1 chapter 4.7, whose examples are the cases here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.iot_core import topics
from infra.local.iot_core.body import ProtocolViolation
from infra.local.iot_core.topics import SubscriptionTree

LEVELS = st.sampled_from(["a", "b", "", "$x", "é"])
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join).filter(bool)
FILTERS = (
    st.lists(st.one_of(LEVELS, st.just("+")), min_size=1, max_size=4)
    .flatmap(lambda levels: st.sampled_from([levels, [*levels, "#"]]))
    .map("/".join)
    .filter(bool)
)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matched"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("#", "anything/at/all", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("+/tennis/#", "sport/tennis/x", True),
        ("ACCOUNTS", "Accounts", False),
        ("a", "a/", False),
    ],
)
def test_mqtt_4_7_1_the_examples_of_the_specification(topic_filter: str, topic: str, *, matched: bool) -> None:
    assert topics.matches(topic_filter, topic, parent=True) is matched


@pytest.mark.parametrize(("topic_filter", "matched"), [("#", False), ("+/monitor/Clients", False), ("$SYS/#", True)])
def test_mqtt_4_7_2_1_wildcards_do_not_reach_topics_with_a_dollar(topic_filter: str, *, matched: bool) -> None:
    assert topics.matches(topic_filter, "$SYS/monitor/Clients", parent=True) is matched


def test_on_iot_core_a_hash_does_not_cover_the_parent_level() -> None:
    assert not topics.matches("sensor/#", "sensor", parent=False)
    assert topics.matches("sensor/#", "sensor/", parent=False)


@pytest.mark.parametrize("topic_filter", ["", "sport/tennis#", "sport/tennis/#/ranking", "sport+", "a/+b", "#/"])
def test_mqtt_4_7_1_2_and_3_misplaced_wildcards_are_malformed(topic_filter: str) -> None:
    with pytest.raises(ProtocolViolation):
        topics.check_filter(topic_filter)


@pytest.mark.parametrize("topic_filter", ["#", "+", "+/tennis/#", "/", "a//b", "sport/+/player1"])
def test_filters_of_the_specification_are_well_formed(topic_filter: str) -> None:
    topics.check_filter(topic_filter)


@pytest.mark.parametrize("parent", [True, False])
@given(filters=st.lists(FILTERS, max_size=8), topic=TOPICS)
def test_the_tree_finds_what_the_single_filters_match(filters: list[str], topic: str, *, parent: bool) -> None:
    tree: SubscriptionTree[str] = SubscriptionTree(parent=parent)
    for topic_filter in filters:
        tree.add(topic_filter, topic_filter, 1)
    expected = {topic_filter for topic_filter in filters if topics.matches(topic_filter, topic, parent=parent)}
    assert set(tree.match(topic)) == expected


@given(st.lists(FILTERS, max_size=8))
def test_a_tree_without_subscriptions_holds_nothing(filters: list[str]) -> None:
    tree: SubscriptionTree[int] = SubscriptionTree(parent=True)
    for number, topic_filter in enumerate(filters):
        tree.add(topic_filter, number, 0)
    for number, topic_filter in enumerate(filters):
        assert tree
        tree.discard(topic_filter, number)
        tree.discard(topic_filter, number)
    assert not tree


def test_mqtt_3_3_5_1_overlapping_filters_give_the_highest_qos() -> None:
    tree: SubscriptionTree[str] = SubscriptionTree(parent=True)
    tree.add("a/#", "client", 0)
    tree.add("a/+", "client", 1)
    assert tree.match("a/b") == {"client": 1}
