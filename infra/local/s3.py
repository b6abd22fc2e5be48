"""moto's S3 made lasting. Everything that reaches into moto's S3 stands here.

Kept are buckets and the newest version of each object with its content, content type and user metadata, which is what
a put acknowledges. Settings of buckets are not: whoever creates the bucket at the next start gives them again.
"""

import json
import threading
from collections.abc import Callable
from typing import Any

from moto.s3.models import FakeKey, S3Backend, s3_backends

from infra.local.journal import Change, Journal

_BUCKET = "s3.bucket"
_OBJECT = "s3.object"
_CONTENT = "s3.content"
_PARTITION = "aws"

_lock = threading.Lock()
_touched = threading.local()
_journal: Journal | None = None
_account = ""
_installed = False


def install() -> None:
    """Mend moto in this process; calling it again changes nothing."""
    global _installed  # noqa: PLW0603  moto's classes are global, and so is having changed them
    if _installed:
        return
    _installed = True
    for owner, name, mend in _MENDED:
        setattr(owner, name, mend(getattr(owner, name)))


def keep_in(journal: Journal, *, account: str) -> None:
    """Restore buckets and objects from `journal`, and write to it at each `settle` from now on."""
    global _journal, _account
    backend = s3_backends[account][_PARTITION]
    for bucket, region in journal.entries(_BUCKET):
        backend.create_bucket(bucket, str(region))
    contents = dict(journal.entries(_CONTENT))
    for name, text in journal.entries(_OBJECT):
        _restore(backend, name, text, contents[name])
    _names().clear()
    _journal, _account = journal, account


def stop_keeping() -> None:
    global _journal  # noqa: PLW0603  as above
    _journal = None


def settle() -> None:
    """Write what this thread's requests have changed; call it before a change is acknowledged."""
    names = _names()
    if not names:
        return
    if _journal is not None:
        backend = s3_backends[_account][_PARTITION]
        try:
            with _lock:  # two writers of one object: whoever comes second writes what is true then
                _journal.write([change for bucket, key in names for change in _changes(backend, bucket, key)])
        except BaseException:
            _put_back(_journal, backend, set(names))
            names.clear()
            raise
    names.clear()


def _put_back(journal: Journal, backend: S3Backend, names: set[tuple[str, str | None]]) -> None:
    """What could not be kept has not happened: buckets and objects are again what the journal says."""
    for bucket, key in names:
        if key is None:
            region = journal.entry(_BUCKET, bucket)
            if region is None:
                backend.buckets.pop(bucket, None)
            elif bucket not in backend.buckets:
                backend.create_bucket(bucket, str(region))
    for bucket, key in names:
        if key is None or bucket not in backend.buckets:
            continue
        name = f"{bucket}/{key}"
        text, content = journal.entry(_OBJECT, name), journal.entry(_CONTENT, name)
        if text is not None and content is not None:
            _restore(backend, name, text, content)
        elif key in backend.buckets[bucket].keys:
            backend.delete_object(bucket, key)


def _restore(backend: S3Backend, name: str, text: str | bytes, content: str | bytes) -> None:
    bucket, key = name.split("/", 1)
    kept = json.loads(text)
    value = content if isinstance(content, bytes) else content.encode()
    restored = backend.put_object(bucket, key, value, etag=kept["etag"].strip('"'))
    restored._metadata.clear()
    restored._metadata.update(kept["metadata"])


def _changes(backend: S3Backend, bucket_name: str, key: str | None) -> list[Change]:
    bucket = backend.buckets.get(bucket_name)
    if key is None:
        return [(_BUCKET, bucket_name, None if bucket is None else bucket.region_name)]
    name = f"{bucket_name}/{key}"
    found = None if bucket is None else bucket.keys.get(key)
    if not isinstance(found, FakeKey):
        return [(_OBJECT, name, None), (_CONTENT, name, None)]
    described = {"metadata": dict(found._metadata), "etag": found.etag}
    return [(_OBJECT, name, json.dumps(described)), (_CONTENT, name, found.value)]


def _names() -> set[tuple[str, str | None]]:
    names: set[tuple[str, str | None]] | None = getattr(_touched, "names", None)
    if names is None:
        names = _touched.names = set()
    return names


def _touching_object(change: Callable[..., Any]) -> Callable[..., Any]:
    def touching(backend: S3Backend, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
        _names().add((bucket_name, key_name))
        return change(backend, bucket_name, key_name, *args, **kwargs)

    return touching


def _touching_bucket(change: Callable[..., Any]) -> Callable[..., Any]:
    def touching(backend: S3Backend, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
        _names().add((bucket_name, None))
        return change(backend, bucket_name, *args, **kwargs)

    return touching


_MENDED: tuple[tuple[type, str, Callable[..., Any]], ...] = (
    (S3Backend, "put_object", _touching_object),
    (S3Backend, "delete_object", _touching_object),
    (S3Backend, "create_bucket", _touching_bucket),
    (S3Backend, "delete_bucket", _touching_bucket),
)
"""What of moto is replaced, and by what made from it."""
