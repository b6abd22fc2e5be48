"""A running stack as it would be in another account, region and partition of AWS."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chalicelib.triggers.authorizer import documents
from infra.local.description import ACCOUNT, REGION, aws_environment

ELSEWHERE = "cn-northwest-1"
_OURS, _THEIRS = f"arn:aws:iot:{REGION}:{ACCOUNT}:", f"arn:aws-cn:iot:{ELSEWHERE}:210987654321:"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What AWS answers instead of doing what it is asked."""

    status: int
    code: str


def taken(_path: str, _body: bytes) -> Refusal | None:
    """Whatever comes."""
    return None


def _moved(answer: bytes) -> bytes:
    """Names of that region are longer: policies are written anew, in as many documents as they need there."""
    moved = answer.replace(_OURS.encode(), _THEIRS.encode())
    if b'"policyDocuments"' not in moved:
        return moved
    told = json.loads(moved)
    statements = [one for document in told["policyDocuments"] for one in json.loads(document)["Statement"]]
    return json.dumps({**told, "policyDocuments": documents(statements)}).encode()


@contextmanager
def elsewhere(aws: int, refuse: Callable[[str, bytes], Refusal | None] = taken) -> Iterator[dict[str, str]]:
    """The environment in which AWS is the stack at port `aws`, moved to account 210987654321 in China.

    Requests have to be signed for that region, whatever the service, and policies come back for that account. `refuse`
    is given the path and the body of each.
    """

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = self.headers["Authorization"]
            if f"/{ELSEWHERE}/" not in signed:
                self.send_error(403)
                return
            asked = {**self.headers, "Authorization": signed.replace(f"/{ELSEWHERE}/", f"/{REGION}/")}
            refusal = refuse(self.path, body)
            if refusal is not None:
                self.send_response(refusal.status)
                self.send_header("x-amzn-ErrorType", refusal.code)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
                return
            behind = http.client.HTTPConnection("127.0.0.1", aws, timeout=60)
            behind.request("POST", self.path, body, asked)
            answer = behind.getresponse()
            moved = _moved(answer.read())
            behind.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"content-length", "server", "date"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(moved)))
            # Whoever asked may have been killed meanwhile.
            with suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(moved)

        def log_message(self, *_: object) -> None:
            """Nothing: a test that fails has said it all."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield {**aws_environment(server.server_port), "AWS_REGION": ELSEWHERE, "AWS_DEFAULT_REGION": ELSEWHERE}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
