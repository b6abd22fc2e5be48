"""What is too big for a table: objects in S3."""

from collections.abc import Callable
from typing import Any


class Objects:
    """One bucket; `client` makes the S3 client when it is first needed."""

    def __init__(self, bucket: str, client: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._client = client

    def put(self, name: str, body: bytes) -> None:
        self._client().put_object(Bucket=self._bucket, Key=name, Body=body)

    def get(self, name: str) -> bytes:
        return bytes(self._client().get_object(Bucket=self._bucket, Key=name)["Body"].read())
