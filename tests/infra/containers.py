"""What a container gives a process: its rights, its files, and what its Containerfile says of both."""

import re
import subprocess
import sys
from pathlib import Path

from tests.local.running import REPOSITORY

_READ_ONLY = 'mount -o remount,bind,ro / && exec "$@"'
_WITH_A_VOLUME = 'mount --bind "$1" "$1" && shift && ' + _READ_ONLY


def container_rights(module: str, volume: Path | None = None) -> tuple[str, ...]:
    """Before a command: no capability, no way to more, a file system that is read only, and nobody's user if possible.

    `volume` alone may be written to. What the system does not allow the tests is left out; who can import `module`, and
    write to the volume, has rights enough.
    """
    without = ["setpriv", "--no-new-privs", "--bounding-set", "-all", "--inh-caps", "-all"]
    fixed = ["unshare", "--mount", "sh", "-c", _READ_ONLY, "sh"]
    tried = f"import cryptography, {module}"
    if volume is not None:
        fixed = ["unshare", "--mount", "sh", "-c", _WITH_A_VOLUME, "sh", str(volume)]
        tried += f"; file = open({str(volume / 'tried')!r}, 'w'); file.close()"
    nobody = [*without, "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    for rights in ([*fixed, *nobody], [*fixed, *without], without):
        command = [*rights, sys.executable, "-c", tried]
        try:
            if subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False).returncode == 0:
                return tuple(rights)
        except OSError:
            continue
    return ()


def copied(containerfile: Path) -> list[str]:
    """The folders that it copies as they are."""
    return re.findall(r"^COPY (\S+) \1$", containerfile.read_text(), re.MULTILINE)


def entry_point(containerfile: Path) -> list[str]:
    (line,) = re.findall(r"^ENTRYPOINT \[(.+)\]$", containerfile.read_text(), re.MULTILINE)
    return [part.strip().strip('"') for part in line.split(",")]
