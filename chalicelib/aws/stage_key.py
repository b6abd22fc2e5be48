"""Where the stage key is: a SecureString of Systems Manager's Parameter Store, or a file of one machine."""

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chalicelib.fleet.access import stage_key
from chalicelib.fleet.access.stage_key import MAX_AGE, StageKey
from chalicelib.fleet.ports import Clock

FILE = "HOMEPORT_STAGE_KEY_FILE"
"""The environment variable that names a file in place of the parameter."""
NOUN = "stage-key"
_AGAIN = 15_000
"""How long (ms) after a read that failed the next one is tried, while there is an older answer to go on with."""

_WHAT = "Keys digests of secrets. Without it no API key opens any door."

log = logging.getLogger(__name__)


class StageKeyStore:
    """The key as it is stored. `client` makes the client of Systems Manager when it is first needed."""

    def __init__(self, client: Callable[[], Any], parameter: str, what: str = _WHAT) -> None:
        """`what` the parameter's description says."""
        self._client = client
        self._parameter = parameter
        self._what = what

    def read(self) -> str:
        found = self._client().get_parameter(Name=self._parameter, WithDecryption=True)
        return str(found["Parameter"]["Value"])

    def create(self, text: str) -> bool:
        """False if the stage has one already."""
        client = self._client()
        try:
            # Without Overwrite: of two deployments at once one makes the key, and both use it.
            client.put_parameter(
                Name=self._parameter,
                Description=self._what,
                Value=text,
                Type="SecureString",
                Tier="Standard",
            )
        except client.exceptions.ParameterAlreadyExists:
            return False
        return True

    def replace(self, text: str) -> None:
        """Two rotations at once are two operators at once: the last one wins, nothing was written with the other."""
        self._client().put_parameter(
            Name=self._parameter, Value=text, Type="SecureString", Tier="Standard", Overwrite=True
        )

    def delete(self) -> bool:
        client = self._client()
        try:
            client.delete_parameter(Name=self._parameter)
        except client.exceptions.ParameterNotFound:
            return False
        return True


class StageKeyFile:
    """The same in a file that its owner alone can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str:
        """Errors: PermissionError (others could read it too)."""
        with self._path.open(encoding="ascii") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise PermissionError(f"{self._path} is readable by others: chmod 600 it")
            return file.read()

    def create(self, text: str) -> bool:
        part = self._written(text)
        try:
            # Linked, not renamed: whoever came first has made the key.
            os.link(part, self._path)
        except FileExistsError:
            return False
        finally:
            part.unlink()
        return True

    def replace(self, text: str) -> None:
        self._written(text).replace(self._path)

    def delete(self) -> bool:
        there = self._path.exists()
        self._path.unlink(missing_ok=True)
        return there

    def _written(self, text: str) -> Path:
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return part


class CachedStageKey:
    """The key as it was MAX_AGE ago at most; if it cannot be read again, as it was read last."""

    def __init__(self, read: Callable[[], str], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._known: StageKey | None = None
        self._until = 0

    def current(self) -> StageKey:
        now = self._clock.now()
        if self._known is not None and now < self._until:
            return self._known
        try:
            self._known = stage_key.load(self._read())
        except Exception as error:
            if self._known is None:
                raise
            # What it keys goes on to be found; only a rotation is heard of later.
            log.warning("the stage key could not be read again: %s", type(error).__name__)
            self._until = now + _AGAIN
            return self._known
        self._until = now + MAX_AGE
        return self._known
