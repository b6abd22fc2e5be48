"""Chalice, but that a request is found by its path alone.

Chalice looks it up by what API Gateway calls its resource, which not every caller writes alike, or at all, and by its
method, of which it knows no ANY.
"""

from collections.abc import Collection, Mapping
from typing import Any

from chalice.app import Chalice

BELOW = "/{proxy+}"
"""What lies below a root, at any depth, as one resource of API Gateway."""
ANY = "x-amazon-apigateway-any-method"
"""How a description of an API writes API Gateway's method ANY, and Chalice one of a route (API Gateway developer guide,
"x-amazon-apigateway-any-method object")."""


class Application(Chalice):
    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        resource = _resource(event["path"], self.routes)
        asked = {**(event.get("requestContext") or {}), "resourcePath": resource, "httpMethod": ANY}
        answered: dict[str, Any] = super().__call__({**event, "requestContext": asked}, context)
        return answered


def _resource(path: str, routes: Collection[str]) -> str:
    root, _, rest = path.removeprefix("/").partition("/")
    resource = f"/{root}{BELOW if rest else ''}"
    # One is as good as the other: what serves them goes by the path.
    return resource if resource in routes else next(iter(routes))
