"""AWS clients, each made when it is first needed, all from one botocore session: most functions need one or none."""

from functools import cache
from typing import Any

_READ_TIMEOUT = 20
"""Seconds; above the longest confirmation of a direct message."""
_ATTEMPTS = {"iot-data": 1, "ssm": 7}
"""Of Systems Manager an account gets 40 answers a second: when a fleet connects at once, functions start together."""


@cache
def session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@cache
def client(service: str) -> Any:
    import os

    from botocore.config import Config

    # A direct message that was repeated by the client library would reach the device twice.
    attempts = _ATTEMPTS.get(service, 4)
    config = Config(
        connect_timeout=3,
        read_timeout=_READ_TIMEOUT,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=50,
        # Without it botocore signs URLs the old way, which buckets made since 2020 refuse.
        signature_version="s3v4" if service == "s3" else None,
    )
    endpoint = (os.environ.get("HOMEPORT_IOT_ENDPOINT") or None) if service == "iot-data" else None
    return session().create_client(service, config=config, endpoint_url=endpoint)
