"""From the order of an operation over REST to the row on the wire of an agent that listens: the whole local stack."""

import json
import time
from typing import Any

import requests

from bench.quantiles import median, quantile
from tests.clients import PATIENCE_S, MqttClient
from tests.local.running import RunningStack

OPERATIONS = 200
_SERIAL = "bench-operations"


def run() -> dict[str, float]:
    """Milliseconds, one operation after the other, until it is published and until it is SUCCESSFUL."""
    with RunningStack() as stack:
        return _operations(stack)


def _operations(stack: RunningStack) -> dict[str, float]:
    told = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
    published, done = list[float](), list[float]()
    user = f"{told['tenant']}/{told['user']}"
    with requests.Session() as session, MqttClient(stack, _SERIAL, user, told["password"]) as agent:
        session.auth = (user, told["password"])
        agent.subscribe("s/ds")
        device = _asked(session, stack, "GET", f"/identity/externalIds/c8y_Serial/{_SERIAL}")["managedObject"]["id"]
        for number in range(OPERATIONS):
            begun = time.perf_counter()
            operation = {"deviceId": device, "c8y_Command": {"text": str(number)}}
            made = _asked(session, stack, "POST", "/devicecontrol/operations", operation)["id"]
            agent.messages.get(timeout=PATIENCE_S)
            published.append((time.perf_counter() - begun) * 1000)
            agent.publish("s/us", "501,c8y_Command\n503,c8y_Command")
            while _asked(session, stack, "GET", f"/devicecontrol/operations/{made}")["status"] != "SUCCESSFUL":
                time.sleep(0.001)
            done.append((time.perf_counter() - begun) * 1000)
    return {
        "published_p50_ms": round(median(published), 1),
        "published_p95_ms": round(quantile(published, 0.95), 1),
        "successful_p95_ms": round(quantile(done, 0.95), 1),
    }


def _asked(session: requests.Session, stack: RunningStack, method: str, path: str, body: Any = None) -> Any:
    answer = session.request(method, stack.url + path, json=body, timeout=PATIENCE_S)
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
