"""How long a tenant's data is kept, set from the shell and seen in the tables of a running stack."""

from contextlib import closing
from typing import Any

import botocore.session
import pytest

from chalicelib.dialects.live_objects import times
from infra.local.description import aws_environment
from tests.clients import Rest
from tests.live_objects.test_quotas import DEVICES, infra
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("A8")
DAY = 86_400
COMMAND = {"request": {"connector": "mqtt", "value": {"req": "x"}}, "policy": {"expirationInSeconds": 600}}


def ttl(stack: RunningStack, table: str, **key: str) -> int:
    """When the item ends."""
    access = aws_environment(stack.aws)
    client = botocore.session.get_session().create_client(
        "dynamodb",
        region_name=access["AWS_REGION"],
        endpoint_url=access["AWS_ENDPOINT_URL"],
        aws_access_key_id=access["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=access["AWS_SECRET_ACCESS_KEY"],
    )
    found: Any = client.get_item(TableName=f"homeport-local-{table}", Key={k: {"S": v} for k, v in key.items()})
    return int(found["Item"]["ttl"]["N"])


def seconds(moment: str) -> int:
    return times.parse(moment, "created") // 1000


@pytest.fixture
def kept(stack: RunningStack) -> Any:
    tenant = infra(stack, "tenant", "create", "kept")
    spans = ("--messages", "2d", "--commands", "3d", "--fifo-messages", "1d")
    shown = infra(stack, "tenant", "retention", "--tenant", tenant["tenant"], *spans)
    assert shown == {
        "tenant": tenant["tenant"],
        "messages": "2d",
        "commands": "3d",
        "audit-log": "14d",
        "fifo-messages": "1d",
    }
    return tenant


def test_what_a_tenant_stores_ends_when_the_shell_says(stack: RunningStack, kept: Any) -> None:
    id_ = kept["tenant"]
    with closing(Rest(stack, kept["apiKey"])) as rest:
        rest.post(DEVICES, {"id": "urn:lo:nsid:kept:1"})
        rest.post("/api/v0/data/streams/s", {"value": {"n": 1}})
        (message,) = rest.get("/api/v0/data/streams/s")
        command = rest.post(f"{DEVICES}/urn:lo:nsid:kept:1/commands", COMMAND)
        rest.post("/api/v0/topics/fifo", {"name": "q", "maxLengthBytes": -1})
        queue = rest.get("/api/v0/topics/fifo/q")
    assert ttl(stack, "messages", stream=f"{id_}#s", id=message["id"]) == seconds(message["created"]) + 2 * DAY
    assert ttl(stack, "commands", pk=f"{id_}#{command['id']}") == seconds(command["created"]) + 600 + 3 * DAY
    assert queue["messageTtl"] == DAY
    assert rest_of(stack, id_) == {"messages": "365d", "fifo-messages": None}


def rest_of(stack: RunningStack, tenant: str) -> dict[str, Any]:
    """What holds once two settings went back to their defaults."""
    shown = infra(stack, "tenant", "retention", "--tenant", tenant, "--messages", "none", "--fifo-messages", "none")
    return {name: shown[name] for name in ("messages", "fifo-messages")}
