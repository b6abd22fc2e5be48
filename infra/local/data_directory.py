"""The folder $HOMEPORT_DATA: one stack at a time, and the file that tells others where it listens."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TextIO


class AlreadyRunningError(Exception):
    """Another stack holds this data directory; the text says which process."""


class DataError(Exception):
    """The data directory, or a file in it, cannot be used; the text says which and why."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What `credentials.json` holds: the first tenant, its master key, and the ports in use.

    `mqtt` is there in lenient mode, `coaps` and `coapsBootstrap` (UDP) where this Python can serve them, and `realtime`
    holds requests for notifications. `dialects` is the same key as clients of each dialect present it; in the file each
    stands under its own name, such as `ibm`.
    """

    tenant: str
    apiKey: str  # noqa: N815  the file's own spelling, fixed for whoever scripts the stack
    http: int
    https: int
    mqtts: int
    aws: int
    mqtt: int | None = None
    realtime: int | None = None
    coaps: int | None = None
    coapsBootstrap: int | None = None  # noqa: N815  as above
    dialects: dict[str, dict[str, Any]] = field(default_factory=dict)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; the operating system lets go of it however the process ends.

    Raises AlreadyRunningError when another process holds it, DataError when it is no folder to write into.
    """
    with _lock_file(folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise AlreadyRunningError(
                f"another Homeport (process {holder}) runs on {folder}; stop it, or set HOMEPORT_DATA to another folder"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _lock_file(folder: Path) -> TextIO:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (folder / "lock").open("a+", encoding="ascii")
    except OSError as error:
        raise DataError(
            f"cannot write into {folder}: {error.strerror}; set HOMEPORT_DATA to a folder that can be written"
        ) from error


def write_credentials(folder: Path, credentials: Credentials) -> Path:
    """Replace `credentials.json` in one step, readable by its owner alone."""
    path = folder / "credentials.json"
    part = folder / "credentials.json.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        told = asdict(credentials)
        presented = told.pop("dialects")
        json.dump({**told, **presented}, file, indent=2)
        file.write("\n")
    part.replace(path)
    return path


def read_credentials(folder: Path) -> Credentials | None:
    """What an earlier or the running stack wrote; None when there is nothing usable."""
    try:
        told = json.loads((folder / "credentials.json").read_text(encoding="utf-8"))
        known = {name: told[name] for name in told.keys() & {each.name for each in fields(Credentials)} - {"dialects"}}
        return Credentials(**known, dialects={name: told[name] for name in told.keys() - known.keys()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
