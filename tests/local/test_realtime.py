"""The door that holds requests for notifications, in front of an API of the test's own: it answers at once."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

from chalicelib.web import json_text
from infra.local.http_server import bind
from infra.local.realtime import Door
from infra.local.realtime.door import is_realtime
from tests.clients import PATIENCE_S, until

PATH = "/notification/operations"


class Api:
    """Answers as the API does: what is in `waiting` is told to whoever asks next."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                return

            def answered(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                api.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                said = api.said(self.path, body)
                self.send_response(api.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.send_header("X-Own", "yes")
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_PUT = answered  # noqa: N815 - the library's names

        class Server(ThreadingHTTPServer):
            # Of many that come at once none is left to TCP's repetitions.
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = ("127.0.0.1", int(self._server.server_address[1]))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def said(self, path: str, body: bytes) -> bytes:
        if not is_realtime(path) or self.status != 200:
            return b"[" + body + b"]"
        replies = []
        for one in json.loads(body):
            if one["channel"] == "/meta/connect":
                told, self.waiting = self.waiting, []
                replies += told
            advice = {"advice": {"reconnect": "retry", "interval": 2000, "timeout": 60000}}
            known = {"clientId": "c1", "supportedConnectionTypes": ["long-polling"]}
            subscribed = {"subscription": one["subscription"]} if "subscription" in one else {}
            replies.append({"id": one.get("id"), "channel": one["channel"], "successful": True, **advice, **subscribed})
            if one["channel"] == "/meta/handshake":
                replies[-1] |= known
        return json.dumps(replies).encode()

    @property
    def connects(self) -> int:
        return sum(b"/meta/connect" in body for _, _, body in self.asked)


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.close()


@pytest.fixture
def opened(api: Api) -> Iterator[Callable[..., Door]]:
    doors: list[Door] = []

    def open_(**given: Any) -> Door:
        doors.append(Door(bind("127.0.0.1", 0), api.address, **given))
        doors[-1].start()
        return doors[-1]

    yield open_
    for door in doors:
        door.stop(PATIENCE_S)


def message(channel: str, **said: Any) -> dict[str, Any]:
    return {"id": "7", "channel": f"/meta/{channel}", "clientId": "c1", "connectionType": "long-polling", **said}


def post(door: Door, *messages: Any, path: str = PATH) -> Any:
    url = f"http://127.0.0.1:{door.port}{path}"
    return requests.post(url, json=list(messages), timeout=PATIENCE_S, headers={"Authorization": "Basic eDp5"})


def told(number: str = "1") -> dict[str, Any]:
    return {"channel": "/123", "data": {"id": number}}


def test_what_is_there_is_answered_at_once(api: Api, opened: Callable[..., Door]) -> None:
    api.waiting = [told()]
    reply = post(opened(), message("connect")).json()
    assert [one["channel"] for one in reply] == ["/123", "/meta/connect"]
    assert reply[1]["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 60000}
    assert api.asked[0][1]["authorization"] == "Basic eDp5"


@pytest.mark.parametrize("name", ["c1", "123"])
def test_one_that_waits_is_woken_by_its_session_or_its_agent(api: Api, opened: Callable[..., Door], name: str) -> None:
    door = opened()
    post(door, message("subscribe", subscription="/123"))
    with ThreadPoolExecutor() as pool:
        held = pool.submit(post, door, message("connect"))
        until(lambda: api.connects == 1)
        assert not held.done()
        api.waiting = [told()]
        # Whether the door has begun to wait by then nobody can see: a bell that is early counts, too.
        door.ring(f"realtime/{name}")
        reply = held.result(PATIENCE_S).json()
    assert [one["channel"] for one in reply] == ["/123", "/meta/connect"]
    assert api.connects == 2


def test_a_bell_for_somebody_else_wakes_nobody(api: Api, opened: Callable[..., Door]) -> None:
    door = opened()
    with ThreadPoolExecutor() as pool:
        held = pool.submit(post, door, message("connect"))
        until(lambda: api.connects == 1)
        door.ring("realtime/c2")
        api.waiting = [told()]
        door.ring("realtime/c1")
        assert len(held.result(PATIENCE_S).json()) == 2
    assert api.connects == 2


def test_it_looks_again_by_itself_where_no_bell_is_heard(api: Api, opened: Callable[..., Door]) -> None:
    door = opened(again_s=0.02)
    with ThreadPoolExecutor() as pool:
        held = pool.submit(post, door, message("connect"))
        until(lambda: api.connects >= 3)
        api.waiting = [told()]
        assert len(held.result(PATIENCE_S).json()) == 2


def test_one_who_waits_for_nothing_is_answered_when_he_has_waited(api: Api, opened: Callable[..., Door]) -> None:
    door = opened()
    assert [one["channel"] for one in post(door, message("connect", advice={"timeout": 0})).json()] == ["/meta/connect"]
    assert [one["channel"] for one in post(door, message("connect", advice={"timeout": 30})).json()] == [
        "/meta/connect"
    ]


def test_a_handshake_offers_what_the_door_has(opened: Callable[..., Door]) -> None:
    (reply,) = post(opened(), message("handshake"), path=f"{PATH}/handshake").json()
    assert reply["supportedConnectionTypes"] == ["long-polling", "websocket"]


def test_whoever_may_not_come_in_is_told_as_the_api_tells(api: Api, opened: Callable[..., Door]) -> None:
    api.status = 401
    reply = post(opened(), message("connect"))
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic")


def test_one_whose_password_was_changed_is_told_while_he_waits(api: Api, opened: Callable[..., Door]) -> None:
    door = opened(again_s=0.02)
    with ThreadPoolExecutor() as pool:
        held = pool.submit(post, door, message("connect"))
        until(lambda: api.connects >= 1)
        api.status = 401
        assert held.result(PATIENCE_S).status_code == 401


def test_whoever_leaves_is_asked_for_no_more(api: Api, opened: Callable[..., Door]) -> None:
    door = opened(again_s=0.02)
    body = json.dumps([message("connect")]).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE_S) as client:
        client.sendall(head + body)
        until(lambda: api.connects >= 2)

    def quiet() -> bool:
        before = api.connects
        time.sleep(0.3)
        return api.connects == before

    until(quiet)


def test_a_blank_now_and_then_keeps_the_connection_alive(api: Api, opened: Callable[..., Door]) -> None:
    door = opened(blank_s=0.02)
    body = json.dumps([message("connect", advice={"timeout": 7_000_000})]).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE_S) as client:
        client.sendall(head + body)
        seen = b""
        while seen.count(b"1\r\n \r\n") < 2:
            seen += client.recv(1_000)
        api.waiting = [told("42")]
        door.ring("realtime/c1")
        while b"0\r\n\r\n" not in seen:
            seen += client.recv(1_000)
    assert b'"42"' in seen
    assert seen.startswith(b"HTTP/1.1 200")


def test_everything_else_is_passed_on_as_it_is(api: Api, opened: Callable[..., Door]) -> None:
    door = opened(peer_of=lambda _port: "192.0.2.7")
    url = f"http://127.0.0.1:{door.port}/inventory/managedObjects?a=%2F&a=1"
    with requests.Session() as session:
        for body in (b"x" * 100_000, b"y"):
            answer = session.put(url, data=body, headers={"X-Cased": "v"}, timeout=PATIENCE_S)
            assert (answer.status_code, answer.content, answer.headers["X-Own"]) == (200, b"[" + body + b"]", "yes")
    path, headers, _ = api.asked[-1]
    assert (path, headers["x-cased"]) == ("/inventory/managedObjects?a=%2F&a=1", "v")
    long = requests.post(url, data=b"x" * (10 * 1024 * 1024 + 1), timeout=PATIENCE_S)
    assert long.status_code == 413


def test_an_api_that_is_not_there_is_told_so(api: Api, opened: Callable[..., Door]) -> None:
    door = opened()
    api.close()
    assert post(door, message("connect")).status_code == 502
    assert requests.get(f"http://127.0.0.1:{door.port}/x", timeout=PATIENCE_S).status_code == 502


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /notification/\xff HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]",
        b"GET",
    ],
)
def test_what_is_no_http_is_told_so_and_harms_nobody(api: Api, opened: Callable[..., Door], raw: bytes) -> None:
    door = opened()
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE_S) as client:
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1_000).startswith(b"HTTP/1.1 400 ")
    api.waiting = [told()]
    assert post(door, message("connect")).status_code == 200


@pytest.mark.parametrize("raw", [b"[" * 50_000, b'{"channel": 1e400}', b'[{"id": "\\ud800"}]', b"\xff", b""])
def test_what_are_no_messages_is_for_the_api_to_say(api: Api, opened: Callable[..., Door], raw: bytes) -> None:
    api.status = 400
    answer = requests.post(f"http://127.0.0.1:{opened().port}{PATH}", data=raw, timeout=PATIENCE_S)
    assert (answer.status_code, answer.content) == (400, b"[" + raw + b"]")


def test_what_is_told_may_stand_deeper_than_a_client_may_send(api: Api, opened: Callable[..., Door]) -> None:
    deep: Any = 1
    for _ in range(json_text.DEEPEST):
        deep = [deep]
    api.waiting = [{"channel": "/123", "data": deep}]
    answer = post(opened(), message("connect"))
    assert (answer.status_code, answer.text.count("]" * json_text.DEEPEST)) == (200, 1)


@pytest.mark.parametrize("said", [{"a": 1}, [1], None, True])
def test_what_is_no_id_harms_nobody(opened: Callable[..., Door], said: Any) -> None:
    assert post(opened(), message("subscribe", subscription="/1", id=said)).json()[0]["successful"]


def websocket(door: Door, path: str = PATH) -> Any:
    return connect(f"ws://127.0.0.1:{door.port}{path}", open_timeout=PATIENCE_S, close_timeout=PATIENCE_S)


def test_a_websocket_is_held_and_takes_messages_meanwhile(api: Api, opened: Callable[..., Door]) -> None:
    door = opened()
    token = base64.b64encode(b"t1/user:a.b.c").decode()
    with websocket(door) as client:
        ext = {"com.cumulocity.authn": {"token": token}}
        client.send(json.dumps([message("handshake", ext=ext)]))
        (reply,) = json.loads(client.recv(PATIENCE_S))
        assert reply["supportedConnectionTypes"] == ["long-polling", "websocket"]
        assert api.asked[-1][1]["authorization"] == f"Basic {token}"
        client.send(json.dumps(message("connect", connectionType="websocket", advice={"timeout": 0})))
        assert json.loads(client.recv(PATIENCE_S))[0]["successful"]
        client.send(json.dumps([message("connect", connectionType="websocket")]))
        until(lambda: api.connects == 2)
        client.send(json.dumps([message("subscribe", subscription="/123", id="8")]))
        assert json.loads(client.recv(PATIENCE_S))[0]["channel"] == "/meta/subscribe"
        api.waiting = [told()]
        door.ring("realtime/c1")
        assert [one["channel"] for one in json.loads(client.recv(PATIENCE_S))] == ["/123", "/meta/connect"]


def test_a_websocket_takes_tokens_and_tells_who_may_not_come_in(api: Api, opened: Callable[..., Door]) -> None:
    api.status = 401
    with websocket(opened(), f"{PATH}/") as client:
        client.send(json.dumps([message("handshake", ext={"com.cumulocity.authn": {"token": "a.b.c"}})]))
        (reply,) = json.loads(client.recv(PATIENCE_S))
    assert (reply["successful"], reply["error"], reply["id"]) == (False, "403::Handshake denied", "7")
    assert api.asked[-1][1]["authorization"] == "Bearer a.b.c"


@pytest.mark.parametrize("raw", ["{", "", "[" * 50_000, '[{"id": 1e400}]', b"\xff"])
def test_what_are_no_messages_ends_a_websocket(opened: Callable[..., Door], raw: str | bytes) -> None:
    with websocket(opened()) as client:
        client.send(raw)
        with pytest.raises(Exception, match="1008"):
            client.recv(PATIENCE_S)


def test_several_wait_at_once_and_each_is_woken(api: Api, opened: Callable[..., Door]) -> None:
    door, many = opened(), 40
    with ThreadPoolExecutor(many) as pool:
        held = [pool.submit(post, door, message("connect", clientId=f"s{n}")) for n in range(many)]
        # Who waits for long is asked about again: what counts is that each was.
        until(lambda: len({body for _, _, body in api.asked}) == many)
        for n in range(many):
            api.waiting = [told(str(n))]
            door.ring(f"realtime/s{n}")
            assert held[n].result(PATIENCE_S).json()[0]["data"]["id"] == str(n)


def test_the_door_closes_on_those_who_wait(api: Api, opened: Callable[..., Door]) -> None:
    door = opened()
    with ThreadPoolExecutor() as pool:
        held = pool.submit(post, door, message("connect"))
        until(lambda: api.connects == 1)
        door.stop(PATIENCE_S)
        with pytest.raises(requests.ConnectionError):
            held.result(PATIENCE_S)


@pytest.mark.parametrize(
    ("path", "realtime"),
    [
        ("/notification/operations", True),
        ("//cep/realtime/", True),
        ("/devicecontrol/notifications/connect?x=1", True),
        ("/notification/operations/publish", False),
        ("/devicecontrol/operations", False),
        ("/", False),
    ],
)
def test_which_requests_are_held(path: str, realtime: bool) -> None:  # noqa: FBT001 - a case
    assert is_realtime(path) is realtime
