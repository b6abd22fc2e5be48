"""Where the stage's MQTT broker is, for addresses in answers.

The API does not see that: on AWS a broker has a host name of its own, elsewhere ports of its own on the same host. Both
variables are `HOST:PORT`, or `:PORT` on whatever host the client asked at.
"""

import os

from chalicelib.web import origins
from chalicelib.web.request import Request

SECURED = "HOMEPORT_MQTTS_ADDRESS"
"""The environment variable that says where MQTT over TLS is served."""
PLAIN = "HOMEPORT_MQTT_ADDRESS"
"""Where MQTT without TLS is, which only who asks without TLS, too, is told."""
PORT = 8883
"""That of MQTT over TLS, as IANA has registered it."""


def url(request: Request) -> str:
    """`mqtts://HOST:PORT`, or `mqtt://HOST:PORT`."""
    plain = os.environ.get(PLAIN, "")
    if plain and origins.scheme(request) == "http":
        return f"mqtt://{_address(request, plain)}"
    return f"mqtts://{_address(request, os.environ.get(SECURED) or f':{PORT}')}"


def _address(request: Request, address: str) -> str:
    return f"{origins.host(request)}{address}" if address.startswith(":") else address
