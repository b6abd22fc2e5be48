"""What releases before wrote in the words of one vendor is read in the fleet's own."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet.ids import repeatable_id
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import Cause, Kept, Quota, Stored, Usage, Way
from chalicelib.store.audit import ENTRY, AuditItem
from chalicelib.store.tables import key
from chalicelib.store.tenants import TenantItem
from chalicelib.store.usages import UsageItem

AT = 1_700_000_123_456


def told(category: str, subcategory: str, kind: str, **more: Any) -> dict[str, Any]:
    about = {"category": category, "subcategory": subcategory, "kind": kind}
    return {"at": AT, "level": "error", **about, "reason": "r", "event": "e", **more}


@pytest.mark.parametrize(
    ("about", "cause", "way"),
    [
        (("connectivity", "mqtt", "mqtt_debug_logs"), Cause.REFUSED, Way.MQTT),
        (("connectivity", "http", "mqtt_debug_logs"), Cause.REFUSED, Way.HTTP),
        (("device_management", "mqtt", "insufficient_quota"), Cause.QUOTA, Way.MQTT),
        (("connectivity", "http", "rate_limit_reached"), Cause.RATE, Way.HTTP),
        (("connectivity", "http", "logs_info"), Cause.LOCKED, Way.HTTP),
        (("notification", "fifo", "mqtt_debug_logs"), Cause.QUEUE, None),
        (("notification", "http", "http_push_result"), Cause.WEBHOOK, None),
        (("data", "pipeline", "data_decoding_status"), Cause.DECODING, None),
        (("made", "up", "elsewhere"), Cause.REFUSED, None),
    ],
)
def test_the_cause_of_an_entry(about: tuple[str, str, str], cause: Cause, way: Way | None) -> None:
    entry = ENTRY.read(told(*about), tenant="t", id="i")
    assert (entry.cause, entry.way, entry.reason, entry.event) == (cause, way, "r", "e")


def test_an_entry_in_the_table(dynamodb: Ports) -> None:
    slot = repeatable_id(AT - AT % 60_000, "slot")
    doc = (
        '{"v":1,"at":1700000123456,"level":"error","category":"connectivity","subcategory":"mqtt",'
        '"kind":"mqtt_debug_logs","reason":"no topic","source":{"connector":"mqtt","nodeId":"c","deviceId":"d"},'
        '"content":{"apiKeyId":"k","topic":"dev/nothing","stored":"fifos"},"event":"e"}'
    )
    AuditItem(key("acme01", str(AT // 86_400_000)), slot, ttl=AT, doc=doc).save()
    (entry,) = dynamodb.audit.page("acme01", start=AT - 1, end=AT + 1, descending=True)
    assert entry.source == {"connector": "mqtt", "client": "c", "device": "d"}
    assert entry.content == {"key": "k", "topic": "dev/nothing", "stored": Stored.QUEUES.value}


def test_the_settings_of_a_tenant(dynamodb: Ports) -> None:
    doc = (
        '{"v":1,"quotas":{"fifos":{"most":2,"since":1},"apiKeys":{"most":3,"since":1}},'
        '"retention":{"auditLog":86400,"fifoMessages":172800}}'
    )
    TenantItem(key("settings", "acme01"), revision=4, doc=doc).save()
    settings = dynamodb.tenants.current_settings("acme01")
    assert settings.quota(Stored.QUEUES) == Quota(2, 1)
    assert settings.quota(Stored.KEYS) == Quota(3, 1)
    assert (settings.kept(Kept.AUDIT), settings.kept(Kept.QUEUED)) == (86400, 172800)
    changed = replace(settings, quotas={**settings.quotas, Stored.POLICIES.value: Quota(5, 2)})
    assert dynamodb.tenants.replace_settings(settings, changed)
    # An instance of the release before goes on with what is kept.
    kept = TenantItem.get(key("settings", "acme01")).doc
    assert all(f'"{name}"' in kept for name in ("fifos", "apiKeys", "actionPolicies", "auditLog", "fifoMessages"))
    assert dynamodb.tenants.current_settings("acme01").quota(Stored.POLICIES) == Quota(5, 2)


def test_what_is_counted(dynamodb: Ports) -> None:
    UsageItem(key("acme01", "fifos"), used=7, counted=1, revision=1).save()
    assert dynamodb.usages.get("acme01", Stored.QUEUES) == Usage("acme01", Stored.QUEUES, 7, 1, 1)
