"""Basic Ingest: what clients may say by naming a topic rule themselves, and that it is heard as if they had not."""

from collections.abc import Iterator

import pytest

from chalicelib.dialects import registry, topics
from chalicelib.dialects.dialect import Part
from chalicelib.dialects.topics import Direction, Topic
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import ALL_ROLES
from chalicelib.triggers.authorizer import documents, policy
from infra import description
from infra.functions import deployed_name
from infra.local.iot_core.policy import Policy, read_documents
from infra.stage import Stage
from tests.triggers.test_uplink import Site

STAGE = Stage("trial7")
BASE = "arn:aws-cn:{}:cn-northwest-1:111122223333:"
ARN = BASE.format("lambda") + f"function:{deployed_name('authorizer', STAGE)}"
CLIENT, OTHER = "client-of-ours", "client-of-theirs"
RULES = STAGE.rule("")
EVERY_ROOT = sorted({root for dialect in registry.having(Part.TOPICS) for root in registry.topics(dialect).ROOTS})


def modes(*, speaking: bool) -> list[tuple[str, str]]:
    """Dialects with their modes of clients that have something to say, or have not."""
    found = []
    for dialect in registry.having(Part.TOPICS):
        every = registry.topics(dialect).TOPICS
        for mode in sorted({topic.mode for topic in every}):
            says = any(t.mode == mode and t.direction is Direction.UP for t in every)
            found += [(dialect, mode)] if says is speaking else []
    return found


def may(dialect: str, mode: str) -> Policy:
    key = ApiKey("tenant", "key", ALL_ROLES, 0)
    made = documents(policy(dialect, mode, ARN, callers.of_key(key)))
    return Policy(read_documents(made), {"iot:ClientId": CLIENT}, BASE.format("iot"))


def publishes(allowed: Policy, topic: str) -> bool:
    return allowed.allows("iot:Publish", f"topic/{topic}")


def named(topic: Topic, client: str) -> str:
    """One topic that the filter matches."""
    levels = topic.filter.replace("#", "any/below").split("/")
    return "/".join(client if place == topic.own else level.replace("+", "any") for place, level in enumerate(levels))


def names(dialect: str) -> Iterator[str]:
    """Of every kind that there is: one's own and others', of any mode and direction, below the roots and elsewhere."""
    for topic in registry.topics(dialect).TOPICS:
        yield from (named(topic, CLIENT), named(topic, OTHER), f"{named(topic, CLIENT)}/below")
    yield from (f"{root}/any/nothing" for root in EVERY_ROOT)
    yield from ("elsewhere/any", "probe/forbidden")


@pytest.mark.parametrize(("dialect", "mode"), modes(speaking=True))
def test_a_client_may_say_the_same_as_by_the_topic_itself(dialect: str, mode: str) -> None:
    allowed = may(dialect, mode)
    found = {name: publishes(allowed, name) for name in names(dialect)}
    assert set(found.values()) == {True, False}
    assert {name: publishes(allowed, topics.ingested(RULES, name)) for name in found} == found


@pytest.mark.parametrize(("dialect", "mode"), modes(speaking=False))
def test_who_has_nothing_to_say_says_nothing_so(dialect: str, mode: str) -> None:
    allowed = may(dialect, mode)
    assert not any(publishes(allowed, topics.ingested(RULES, name)) for name in names(dialect))


@pytest.mark.parametrize(("dialect", "mode"), [*modes(speaking=True), *modes(speaking=False)])
def test_no_client_names_a_rule_that_takes_what_the_broker_says(dialect: str, mode: str) -> None:
    """Whoever could would tell us that others come, go and are certified."""
    allowed, said = may(dialect, mode), list(names(dialect))
    others = [rule.name for rule in description.rules() if rule.function != "uplink"]
    assert len(others) > 2
    for rule in (*others, "", "uplink_", "*", "uplink_+"):
        for name in (*said, "$aws/events/presence/connected/client"):
            assert not publishes(allowed, f"$aws/rules/{STAGE.rule(rule)}/{name}")


@pytest.mark.parametrize(("dialect", "mode"), modes(speaking=True))
def test_nor_one_of_another_stage_or_of_another_root(dialect: str, mode: str) -> None:
    allowed = may(dialect, mode)
    for name in names(dialect):
        assert not publishes(allowed, topics.ingested(Stage("trial8").rule(""), name))
        wrong = next(root for root in EVERY_ROOT if topics.rule(root) != topics.rule(name))
        assert not publishes(allowed, f"$aws/rules/{STAGE.rule(topics.rule(wrong))}/{name}")


def test_the_rules_that_clients_name_are_those_that_there_are() -> None:
    made = {STAGE.rule(rule.name) for rule in description.rules() if rule.function == "uplink"}
    assert {topics.ingested(RULES, root).split("/")[2] for root in EVERY_ROOT} == made


@pytest.mark.parametrize("topic", ["dev/data", topics.ingested(RULES, "dev/data")])
def test_a_message_is_the_same_whether_or_not_the_broker_takes_the_rule_off(topic: str) -> None:
    site = Site()
    site.say(topic, {"v": {"n": 1}})
    site.say(topics.ingested(RULES, "dev/nothing"), {"v": {"n": 2}})
    assert site.stored() == [{"n": 1}]
    (entry,) = site.ports.audit.page(site.tenant, start=0, end=site.ports.clock.now() + 1, descending=True)
    assert entry.content["topic"] == "dev/nothing"


@pytest.mark.parametrize(
    "topic", ["$aws/rules/", "$aws/rules/one", "$aws/rules//", "$aws/rules/one/", "$aws/x/y/dev/data"]
)
def test_what_names_no_topic_behind_its_rule_is_refused_and_told(topic: str) -> None:
    site = Site()
    site.say(topic, {"v": {"n": 1}})
    assert (site.stored(), len(site.reasons())) == ([], 1)
