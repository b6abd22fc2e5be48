"""The running stack as whoever starts it sees it."""

import json
import os
import pkgutil
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local import credentials
from tests.clients import PATIENCE_S, until
from tests.local.running import ANY_PORTS, REPOSITORY, RunningStack

pytestmark = pytest.mark.row("J3")


def run(stack: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=REPOSITORY,
        env=stack.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_health_answers_once_the_stack_is_ready(stack: RunningStack) -> None:
    answer = requests.get(f"{stack.url}/health", timeout=PATIENCE_S)

    assert (answer.status_code, answer.json()) == (200, {"status": "UP"})


def test_the_api_is_served_over_tls_that_the_own_authority_vouches_for(stack: RunningStack) -> None:
    answer = requests.get(f"https://localhost:{stack.https}/health", verify=str(stack.ca), timeout=PATIENCE_S)

    assert answer.status_code == 200


def test_credentials_are_for_their_owner_alone(stack: RunningStack) -> None:
    path = stack.data / "credentials.json"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    presented = {each.name for each in pkgutil.iter_modules(credentials.__path__)}
    ports = {"http", "https", "mqtts", "mqtt", "aws", "coaps", "coapsBootstrap", "realtime"}
    assert json.loads(path.read_text()).keys() == {"tenant", "apiKey", *ports, *presented}


def test_the_banner_shows_where_everything_is(stack: RunningStack) -> None:
    for wanted in (
        stack.api_key,
        str(stack.ca),
        f":{stack.http}",
        f":{stack.https}",
        f":{stack.aws}",
        f":{stack.coaps}",
        "curl",
    ):
        assert wanted in stack.log


def test_mqtt_listens_behind_the_same_authority(stack: RunningStack) -> None:
    context = ssl.create_default_context(cafile=str(stack.ca))
    with (
        socket.create_connection(("127.0.0.1", stack.mqtts), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as session,
    ):
        assert session.version() in {"TLSv1.2", "TLSv1.3"}


def test_a_second_stack_on_the_same_data_is_refused(stack: RunningStack) -> None:
    second = run(stack, "infra.local")

    assert second.returncode == 3
    assert f"process {stack.pid}" in second.stderr
    assert "HOMEPORT_DATA" in second.stderr


def test_a_taken_port_is_named_with_the_variable_that_moves_it(stack: RunningStack, tmp_path: Path) -> None:
    environment = {**stack.environment(), **ANY_PORTS, "HOMEPORT_DATA": str(tmp_path)}

    for variable in ("HOMEPORT_HTTP_PORT", "HOMEPORT_MQTTS_PORT"):
        taken = {"HOMEPORT_HTTP_PORT": stack.http, "HOMEPORT_MQTTS_PORT": stack.mqtts}[variable]
        answer = subprocess.run(
            [sys.executable, "-m", "infra.local"],
            cwd=REPOSITORY,
            env={**environment, variable: str(taken)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

        assert answer.returncode == 2
        assert f"port {taken}" in answer.stderr
        assert variable in answer.stderr
        assert "Traceback" not in answer.stderr


def test_a_setting_that_makes_no_sense_is_refused_by_name(stack: RunningStack) -> None:
    environment = {**stack.environment(), "HOMEPORT_HTTP_PORT": "http"}

    answer = subprocess.run(
        [sys.executable, "-m", "infra.local"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert answer.returncode == 2
    assert "HOMEPORT_HTTP_PORT=http is not a port" in answer.stderr


def test_tenants_and_keys_are_made_from_the_shell(stack: RunningStack) -> None:
    tenant = json.loads(run(stack, "infra", "tenant", "create", "From the shell", "--json").stdout)
    again = run(stack, "infra", "tenant", "create", "From the shell")
    made = run(
        stack, "infra", "key", "create", "--tenant", tenant["tenant"], "--role", "device_r", "--role", "DATA_R",
        "--label", "reader", "--valid-for", "30d", "--json",
    )  # fmt: skip
    key = json.loads(made.stdout)

    assert re.fullmatch("[0-9a-f]{32}", tenant["apiKey"])
    assert re.fullmatch("[0-9a-f]{32}", key["apiKey"])
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert (key["roles"], key["label"]) == ("DATA_R DEVICE_R", "reader")
    assert key["validTo"] is not None


def test_a_tenant_is_enabled_for_managed_objects_from_the_shell(stack: RunningStack) -> None:
    made = json.loads(run(stack, "infra", "tenant", "create", "with objects", "--json").stdout)
    enabled = run(stack, "infra", "tenant", "objects", "--tenant", made["tenant"], "--json")
    vendors = {"user": "management/devicebootstrap", "password": "Fhdt1bb1f"}
    told = {"tenant": made["tenant"], "objects": "enabled", "bootstrap": vendors["user"]}
    assert json.loads(enabled.stdout) == told
    again = run(stack, "infra", "bootstrap", "set", "--password", vendors["password"], "--json")
    kept = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))
    assert json.loads(again.stdout) == vendors == kept["cumulocity"]["bootstrap"]
    answer = requests.get(
        f"{stack.url}/tenant/currentTenant", auth=(f"{made['tenant']}/any", made["apiKey"]), timeout=PATIENCE_S
    )
    assert (answer.status_code, answer.json()["name"]) == (200, made["tenant"])
    unknown = run(stack, "infra", "tenant", "objects", "--tenant", "nobody")
    assert unknown.returncode != 0
    assert "nobody" in unknown.stderr


def test_a_tenant_is_let_in_to_xytes_api_from_the_shell(stack: RunningStack) -> None:
    made = json.loads(run(stack, "infra", "tenant", "create", "maker", "--json").stdout)
    asked = ("infra", "xyte", "model", "create", "Pump", "--tenant", made["tenant"], "--claim", "automatic", "--json")
    model = json.loads(run(stack, *asked).stdout)
    answer = requests.get(f"{stack.url}/core/v1/models", headers={"Authorization": made["apiKey"]}, timeout=PATIENCE_S)
    (shown,) = answer.json()["items"]
    assert (shown["name"], shown["claim"], shown["hardware_key"]) == ("Pump", "automatic", model["hardwareKey"])
    again = run(stack, *asked, "--hardware-key", model["hardwareKey"], "--model-id", "other")
    assert again.returncode != 0
    opened = run(stack, "infra", "tenant", "open", "xyte", "--tenant", made["tenant"], "--json")
    assert json.loads(opened.stdout) == {"tenant": made["tenant"], "dialects": "xyte"}
    assert run(stack, "infra", "tenant", "open", "xyte", "--tenant", "nobody").returncode != 0


def test_a_tenant_is_limited_from_the_shell(stack: RunningStack) -> None:
    tenant = json.loads(run(stack, "infra", "tenant", "create", "limited", "--json").stdout)
    answer = run(stack, "infra", "tenant", "limit", "--tenant", tenant["tenant"], "--requests", "2/86400", "--json")

    assert json.loads(answer.stdout)["requests"] == "2/86400"
    asked = [
        requests.get(
            f"{stack.url}/api/v0/whoami", headers={"X-API-Key": tenant["apiKey"]}, timeout=PATIENCE_S
        ).status_code
        for _ in range(3)
    ]
    assert asked == [200, 200, 429]


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["tenant", "limit", "--tenant", "nobody", "--requests", "2/60"], 1, "no tenant"),
        (["tenant", "limit", "--tenant", "nobody", "--requests", "many"], 2, "no rate"),
        (["tenant", "limit", "--tenant", "nobody", "--devices", "few"], 2, "no count"),
        (["tenant", "retention", "--tenant", "nobody", "--messages", "12h"], 1, "whole days"),
        (["key", "limit", "--tenant", "nobody", "--key", "0" * 24, "--requests", "2/60"], 1, "no such API key"),
        (["key", "create", "--tenant", "nobody", "--role", "DATA_R"], 1, "no tenant"),
        (["key", "create", "--tenant", "nobody", "--role", "KING"], 2, "KING"),
        (["key", "create", "--tenant", "nobody", "--role", "DATA_R", "--valid-for", "soon"], 2, "no duration"),
        (["tenant", "create", " "], 1, "name"),
    ],
)
def test_commands_that_make_no_sense_say_why(
    stack: RunningStack, arguments: list[str], code: int, complaint: str
) -> None:
    answer = run(stack, "infra", *arguments)

    assert answer.returncode == code
    assert complaint in answer.stderr
    assert "Traceback" not in answer.stderr


def test_commands_without_a_stack_say_how_to_start_one(stack: RunningStack, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "infra", "tenant", "create", "x"],
        cwd=REPOSITORY,
        env={**stack.environment(), "HOMEPORT_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert answer.returncode == 1
    assert "make run" in answer.stderr


def test_lenient_mode_opens_a_plain_port_and_names_it() -> None:
    with RunningStack(HOMEPORT_LENIENT="1") as own:
        until(lambda: "plain: localhost:" in own.log)
        port = int(own.log.partition("plain: localhost:")[2].split()[0])

        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as plain:
            plain.sendall(b"\xc0\x00")  # PINGREQ before CONNECT: a broker closes
            assert plain.recv(16) == b""


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_the_stack_ends_cleanly_when_asked_to_and_keeps_tenant_and_authority(asked: signal.Signals) -> None:
    with RunningStack() as own:
        tenant, key, authority = own.tenant, own.api_key, own.ca.read_bytes()
        os.kill(own.pid, asked)
        assert own.wait() == 0
        assert "Traceback" not in own.log

        own.restart()

        assert (own.tenant, own.api_key, own.ca.read_bytes()) == (tenant, key, authority)
        answer: Any = requests.get(f"{own.url}/health", timeout=PATIENCE_S)
        assert answer.status_code == 200
