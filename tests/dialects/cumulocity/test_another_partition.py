"""The API and the console behind API Gateway in another account, region and partition: every address leads back."""

import base64
import json
import re
from typing import Any

import pytest

from chalicelib.console import serving
from chalicelib.dialects.cumulocity.rest import APIS
from chalicelib.fleet.access import tenants
from chalicelib.fleet.inventory import numbering
from infra.local.api_gateway import ApiGateway
from tests.dialects.served import Raw, Served
from tests.fakes import MemoryPorts

HOST = "q9w8e7.execute-api.cn-northwest-1.amazonaws.com.cn"
ARN = "arn:aws-cn:lambda:cn-northwest-1:210987654321:function:homeport-live-api"
ROOT = f"https://{HOST}/live"


class Elsewhere(Served):
    def gateway(self, app: Any) -> ApiGateway:
        return ApiGateway(
            app,
            function_arn=ARN,
            account="210987654321",
            stage="live",
            ready=lambda: True,
            peer_of=lambda _port: "192.0.2.9",
        )


@pytest.fixture(scope="module")
def served() -> Elsewhere:
    return Elsewhere([*APIS, serving.api(APIS)])


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def asked(served: Served, ports: MemoryPorts, method: str, path: str, body: Any = None, secret: str = "") -> Raw:
    told = {"Host": HOST, "Accept": "application/json"}
    if secret:
        told["Authorization"] = "Basic " + base64.b64encode(f"someone:{secret}".encode()).decode()
    sent = b"" if body is None else json.dumps(body).encode()
    ports.clock.advance(ms=1)
    path, _, query = path.partition("?")
    return served.send(ports, method, path, {**told, "Content-Type": "application/json"}, sent, query=query, safe="/")


def test_every_address_in_answers_can_be_asked_for(served: Elsewhere, ports: MemoryPorts) -> None:
    tenant, _, secret = tenants.create(ports, "acme")
    numbering.enable(ports, tenant.id)
    for number in range(3):
        made = asked(served, ports, "POST", "/inventory/managedObjects", {"name": f"n{number}"}, secret)
        assert made.headers["Location"].startswith(f"{ROOT}/inventory/managedObjects/")
    seen = 0
    path = "/inventory/managedObjects?pageSize=2"
    for _ in range(2):
        page = json.loads(asked(served, ports, "GET", path, secret=secret).body)
        seen += len(page["managedObjects"])
        addresses = re.findall(r'"(https?://[^"{]+)', json.dumps(page))
        assert addresses
        assert {address.startswith(f"{ROOT}/") for address in addresses} == {True}
        one = page["managedObjects"][0]["self"].removeprefix(ROOT)
        assert asked(served, ports, "GET", one, secret=secret).status == 200
        path = page.get("next", "").removeprefix(ROOT)
    assert seen == 3
    platform = json.loads(asked(served, ports, "GET", "/platform", secret=secret).body)
    assert platform["inventory"]["self"] == f"{ROOT}/inventory"


def test_the_console_is_there_and_lets_in(served: Elsewhere, ports: MemoryPorts) -> None:
    tenant, _, secret = tenants.create(ports, "acme")
    numbering.enable(ports, tenant.id)
    page = asked(served, ports, "GET", "/console/")
    assert (page.status, "Strict-Transport-Security" in page.headers) == (200, True)
    assert b"amazonaws" not in page.body, "it finds its files beside itself"
    begun = asked(served, ports, "POST", "/console/session", secret=secret)
    assert begun.status == 200
    assert json.loads(begun.body)["apiKey"]
