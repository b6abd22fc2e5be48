"""Clients of IBM's platform against a running stack: REST with Basic authentication, and MQTT."""

import json
import subprocess
import sys
from typing import Any

import requests

from chalicelib.dialects.ibm.identity import api_key_name
from tests.clients import PATIENCE_S, MqttClient
from tests.local.running import REPOSITORY, RunningStack


class Organization:
    """One organization by its key, as IBM's clients know it. `call` answers the response, `ok` its body."""

    def __init__(self, stack: RunningStack, api_key: str | None = None) -> None:
        self.stack = stack
        self.token = api_key or stack.api_key
        current = f"{stack.url}/api/v0/apiKeys/current_key"
        key = requests.get(current, headers={"X-API-Key": self.token}, timeout=PATIENCE_S).json()
        self.id = str(key["tenantId"])
        self.key = api_key_name(self.id, key["id"])

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        host = {"Host": f"{self.id}.internetofthings.ibmcloud.com"}
        url = self.stack.url + path
        auth = (self.key, self.token)
        return requests.request(method, url, json=body, params=query, headers=host, auth=auth, timeout=PATIENCE_S)

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.call(method, path, body, **query)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def register(self, type_: str, id_: str) -> str:
        """The new device's token."""
        return str(self.ok("POST", "/api/v0001/devices", {"type": type_, "id": id_})["password"])

    def device(self, type_: str, id_: str, token: str) -> MqttClient:
        return MqttClient(self.stack, f"d:{self.id}:{type_}:{id_}", "use-token-auth", token)

    def application(self, name: str, *, clean: bool = True) -> MqttClient:
        return MqttClient(self.stack, f"a:{self.id}:{name}", self.key, self.token, clean=clean)


def another_tenant(stack: RunningStack, name: str) -> str:
    """The master key of a new tenant."""
    command = [sys.executable, "-m", "infra", "tenant", "create", name, "--json"]
    made = subprocess.run(command, cwd=REPOSITORY, env=stack.environment(), capture_output=True, check=True)
    return str(json.loads(made.stdout)["apiKey"])
