"""What is too big for a table: objects in S3."""

import base64
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_ABSENT = frozenset({"403", "404", "NoSuchKey", "NotFound"})
"""S3 says 403 of what is not there to those who may not list the bucket (API reference, HeadObject)."""


class Objects:
    """One bucket; `client` makes the S3 client when it is first needed."""

    def __init__(self, bucket: str, client: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._client = client

    def put(self, name: str, body: bytes) -> None:
        self._client().put_object(Bucket=self._bucket, Key=name, Body=body)

    def get(self, name: str) -> bytes:
        return bytes(self._client().get_object(Bucket=self._bucket, Key=name)["Body"].read())

    def read(self, name: str, first: int, last: int) -> bytes:
        asked = {"Bucket": self._bucket, "Key": name, "Range": f"bytes={first}-{last}"}
        try:
            return bytes(self._client().get_object(**asked)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                raise FileNotFoundError(name) from error
            raise

    def delete(self, name: str) -> None:
        self._client().delete_object(Bucket=self._bucket, Key=name)

    def holds(self, name: str, md5: str, size: int) -> bool:
        """By size and ETag, which is the MD5 sum of what came in one PUT (S3 API reference, "Object")."""
        try:
            found = self._client().head_object(Bucket=self._bucket, Key=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return False
            raise
        return bool(found["ContentLength"] == size and found["ETag"].strip('"') == md5)

    def download_url(self, name: str, seconds: int) -> str:
        return self._signed("get_object", {"Key": name}, seconds)

    def upload_url(self, name: str, md5: str, size: int, seconds: int) -> str:
        checksum = base64.b64encode(bytes.fromhex(md5)).decode()
        return self._signed("put_object", {"Key": name, "ContentMD5": checksum, "ContentLength": size}, seconds)

    def _signed(self, operation: str, parameters: dict[str, Any], seconds: int) -> str:
        asked = {"Bucket": self._bucket, **parameters}
        return str(self._client().generate_presigned_url(operation, Params=asked, ExpiresIn=seconds))
