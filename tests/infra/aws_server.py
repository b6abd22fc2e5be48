"""moto as an AWS endpoint on loopback, with what `chalice deploy` needs of it.

What moto has no part of, and this therefore does not prove: topic rules, authorizers and domain configurations made by
CloudFormation (they are taken and forgotten), and calls through the deployed API.
"""

import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from chalicelib.web.application import ANY

_DEFINITIONS = "/restapis"


@contextmanager
def serving() -> Iterator[str]:
    """The endpoint's URL."""
    server = make_server("127.0.0.1", 0, _with_swagger(DomainDispatcherApplication(create_backend_app)), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        # moto tells a bucket in the path from one in the host by this name.
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def _with_swagger(app: Callable[..., Any]) -> Callable[..., Any]:
    """API Gateway takes Swagger 2, which Chalice writes; moto takes OpenAPI 3 only."""

    def shimmed(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].endswith("/recursion-config"):
            # Taken and forgotten: moto has no part of it.
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]
        if environ["PATH_INFO"].startswith(_DEFINITIONS) and "mode=" in environ.get("QUERY_STRING", ""):
            body = json.dumps(_modern(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))).encode()
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return app(environ, start_response)

    return shimmed


def _modern(definition: Mapping[str, Any]) -> dict[str, Any]:
    made = {k: v for k, v in definition.items() if k != "swagger"}
    made |= {"openapi": "3.0.1", "info": {"description": "", **made["info"]}}
    # moto would take it for a method of that name.
    made["paths"] = {
        path: {"any" if name == ANY else name: each for name, each in methods.items()}
        for path, methods in made["paths"].items()
    }
    for methods in made["paths"].values():
        for method in methods.values():
            method["x-amazon-apigateway-integration"] = {
                "uri": "",
                "httpMethod": "POST",
                **method.get("x-amazon-apigateway-integration", {}),
            }
    return made
