"""Who has no AWS credentials gets from S3 what a presigned URL opens, and nothing else."""

import base64
import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from botocore.config import Config
from botocore.session import Session

from infra.local.description import KEY_ID, SECRETS, deployed_name
from infra.local.presigned import Denied, ensure_allowed
from tests.clients import PATIENCE_S
from tests.local.running import RunningStack

BUCKET = deployed_name("objects")
CONTENT = b"firmware"


def client(endpoint: str = "http://127.0.0.1:4566", secret: str = SECRETS[KEY_ID]) -> Any:
    return Session().create_client(
        "s3",
        config=Config(signature_version="s3v4"),
        region_name="eu-west-1",
        endpoint_url=endpoint,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=secret,
    )


def url(operation: str = "get_object", seconds: int = 60, **more: Any) -> str:
    asked = {"Bucket": BUCKET, "Key": "a folder/ä+1", **more}
    return str(client().generate_presigned_url(operation, Params=asked, ExpiresIn=seconds))


def request(signed: str, method: str = "GET", body: bytes = b"", **headers: str) -> dict[str, Any]:
    parts = urlsplit(signed)
    return {
        "REQUEST_METHOD": method,
        "REQUEST_URI": f"{parts.path}?{parts.query}",
        "QUERY_STRING": parts.query,
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **headers,
    }


def ask(environ: dict[str, Any], later: float = 0) -> None:
    ensure_allowed(environ, SECRETS, lambda: datetime.now(UTC) + timedelta(seconds=later))


def test_a_presigned_url_opens_what_it_names() -> None:
    ask(request(url()), later=55)


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        (url().replace("a%20folder", "another"), "SignatureDoesNotMatch"),
        (url().replace("X-Amz-Expires=60", "X-Amz-Expires=600"), "SignatureDoesNotMatch"),
        (url().replace("X-Amz-Signature=", "X-Amz-Signature=0"), "SignatureDoesNotMatch"),
        (url().replace(f"Credential={KEY_ID}", "Credential=stranger"), "InvalidAccessKeyId"),
        (url().replace("X-Amz-Date", "X-Amz-Day"), "AuthorizationQueryParametersError"),
        (url().split("?")[0], "AccessDenied"),
    ],
)
def test_a_url_that_was_changed_opens_nothing(signed: str, code: str) -> None:
    with pytest.raises(Denied) as denied:
        ask(request(signed))
    assert denied.value.code == code


def test_a_url_for_reading_writes_nothing() -> None:
    with pytest.raises(Denied, match="signature"):
        ask(request(url(), "PUT", b"evil"))


def test_a_url_is_valid_for_as_long_as_it_says() -> None:
    with pytest.raises(Denied, match="expired"):
        ask(request(url()), later=61)


@pytest.mark.parametrize(("body", "code"), [(CONTENT, None), (b"malware!", "BadDigest")])
def test_an_upload_is_the_content_that_it_was_signed_for(body: bytes, code: str | None) -> None:
    digest = base64.b64encode(hashlib.md5(CONTENT, usedforsecurity=False).digest()).decode()
    environ = request(url("put_object", ContentMD5=digest), "PUT", body, HTTP_CONTENT_MD5=digest)
    if code is None:
        ask(environ)
        assert environ["wsgi.input"].read() == body
    else:
        with pytest.raises(Denied) as denied:
            ask(environ)
        assert denied.value.code == code


def test_an_upload_with_another_digest_than_signed_is_refused() -> None:
    signed = url("put_object", ContentMD5=base64.b64encode(bytes(16)).decode())
    other = base64.b64encode(hashlib.md5(CONTENT, usedforsecurity=False).digest()).decode()
    with pytest.raises(Denied, match="signature"):
        ask(request(signed, "PUT", CONTENT, HTTP_CONTENT_MD5=other))


def test_the_running_stack_lists_and_serves_nothing_to_strangers(stack: RunningStack) -> None:
    endpoint = f"http://127.0.0.1:{stack.aws}"
    s3 = client(endpoint)
    s3.put_object(Bucket=BUCKET, Key="kept", Body=CONTENT)
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "kept"}, ExpiresIn=60)
    assert requests.get(signed, timeout=PATIENCE_S).content == CONTENT
    statuses = [
        requests.get(f"{endpoint}/{path}", timeout=PATIENCE_S).status_code for path in ("", BUCKET, f"{BUCKET}/kept")
    ]
    assert statuses == [403, 403, 403]
    assert requests.put(signed, data=b"evil", timeout=PATIENCE_S).status_code == 403
    assert requests.get(signed, timeout=PATIENCE_S).content == CONTENT
