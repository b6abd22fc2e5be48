import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from moto import mock_aws

from chalicelib.aws.clients import client
from chalicelib.store.objects import Objects

BODY = b"firmware"
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()


@pytest.fixture
def objects() -> Iterator[Objects]:
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client.cache_clear()
        client("s3").create_bucket(Bucket="files")
        yield Objects("files", lambda: client("s3"))
        client.cache_clear()


def test_an_object_is_there_by_content_and_not_by_name_alone(objects: Objects) -> None:
    assert not objects.holds("a/b", MD5, len(BODY))
    objects.put("a/b", BODY)
    assert objects.holds("a/b", MD5, len(BODY))
    assert not objects.holds("a/b", MD5, 1)
    assert not objects.holds("a/b", "0" * 32, len(BODY))


def test_a_part_of_an_object_is_read(objects: Objects) -> None:
    objects.put("a/b", BODY)
    assert objects.read("a/b", 2, 4) == BODY[2:5]
    assert objects.read("a/b", 4, 99) == BODY[4:]
    with pytest.raises(FileNotFoundError):
        objects.read("a/c", 0, 1)


def test_a_deleted_object_is_gone(objects: Objects) -> None:
    objects.put("a/b", BODY)
    objects.delete("a/b")
    objects.delete("a/b")
    assert not objects.holds("a/b", MD5, len(BODY))


def test_a_download_url_ends(objects: Objects) -> None:
    query = parse_qs(urlsplit(objects.download_url("a/b", 3600)).query)
    assert query["X-Amz-Expires"] == ["3600"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_an_upload_url_is_for_one_content_only(objects: Objects) -> None:
    query = parse_qs(urlsplit(objects.upload_url("a/b", MD5, len(BODY), 60)).query)
    assert {"content-length", "content-md5"} <= set(query["X-Amz-SignedHeaders"][0].split(";"))
    assert base64.b64encode(bytes.fromhex(MD5)).decode() not in query
