"""The platform as it runs in MiniStack: who uses it, and what stands in for what MiniStack lacks."""

import base64
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from infra.functions import deployed_name
from infra.stage import Stage
from tests.clients import PATIENCE_S
from tests.conformance.second_opinion.ministack import REGION, MiniStack
from tests.local.running import REPOSITORY

_OF_LAMBDA = ("START", "END", "REPORT")


class DirectMessage(NamedTuple):
    client: str
    topic: str
    payload: bytes


class DirectMessages:
    """The one operation of IoT Core's data plane that MiniStack lacks: every SendDirectMessage is confirmed."""

    def __init__(self) -> None:
        self.sent: queue.Queue[DirectMessage] = queue.Queue()

    def __enter__(self) -> Self:
        sent = self.sent

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                url = urlsplit(self.path)
                _, connections, client, messages = url.path.split("/")
                assert (connections, messages) == ("connections", "messages")
                payload = self.rfile.read(int(self.headers["Content-Length"]))
                sent.put(DirectMessage(unquote(client), parse_qs(url.query)["topic"][0], payload))
                answer = b'{"message": "OK", "traceId": "1"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def next(self, topic: str) -> Any:
        """The JSON of the next one, which has to be on that topic."""
        message = self.sent.get(timeout=PATIENCE_S)
        assert message.topic == topic, message
        return json.loads(message.payload)


@dataclass(frozen=True)
class Platform:
    """A stage in MiniStack, at `url`; `api_key` is a tenant's master key."""

    ministack: MiniStack
    stage: Stage
    url: str
    direct: DirectMessages
    api_key: str = ""

    def run(self, *command: str) -> Any:
        """What `python -m infra` prints as JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "infra", *command, "--stage", self.stage.name, "--json"],
            cwd=REPOSITORY,
            env={**os.environ, **self.ministack.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def invoke(self, function: str, event: Any) -> Any:
        name = deployed_name(function, self.stage)
        answer = self.ministack.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        body = json.loads(answer["Payload"].read() or "null")
        assert "FunctionError" not in answer, body
        return body

    def written(self, since: int) -> str:
        """What the functions logged from then on, in ms."""
        logs = self.ministack.client("logs")
        found = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{self.stage.app}-{self.stage.name}")
        groups = [group["logGroupName"] for group in found["logGroups"]]
        events = [e for g in groups for e in logs.filter_log_events(logGroupName=g, startTime=since)["events"]]
        return "\n".join(e["message"] for e in events if not e["message"].startswith(_OF_LAMBDA))

    def connected(self, client: str, username: str = "json+device", password: str | None = None) -> "Client":
        return Client(self, client, username, password or self.api_key)


class Client:
    """An MQTT client that asks the authorizer as IoT Core would, and then comes in over WebSocket."""

    def __init__(self, platform: Platform, client: str, username: str, password: str) -> None:
        self._platform = platform
        self._mqtt = {
            "clientId": client,
            "username": username,
            "password": base64.b64encode(password.encode()).decode(),
        }
        self._answers: queue.Queue[Any] = queue.Queue()
        self._paho = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client, transport="websockets", protocol=MQTTProtocolVersion.MQTTv311
        )
        # MiniStack tells IoT Core's data plane by the host name that it has at Amazon's.
        self._paho.ws_set_options(headers=lambda given: {**given, "Host": f"data-ats.iot.{REGION}.amazonaws.com"})
        self._paho.on_connect = lambda *a: self._answers.put(a[3].value)
        self._paho.on_subscribe = lambda *a: self._answers.put([code.value for code in a[3]])

    def __enter__(self) -> Self:
        answer = self._platform.invoke("authorizer", {"protocolData": {"mqtt": self._mqtt, "tls": {}}})
        assert answer["isAuthenticated"], answer
        self._paho.connect("127.0.0.1", self._platform.ministack.port)
        self._paho.loop_start()
        assert self._answers.get(timeout=PATIENCE_S) == 0
        return self

    def __exit__(self, *_: object) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()

    def subscribe(self, topic: str) -> None:
        self._paho.subscribe(topic, 1)
        assert self._answers.get(timeout=PATIENCE_S) == [1]

    def publish(self, topic: str, body: Any) -> None:
        self._paho.publish(topic, json.dumps(body), 1).wait_for_publish(PATIENCE_S)
