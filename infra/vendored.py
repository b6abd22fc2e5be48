"""What the console has from npm: `python -m infra.vendored` fetches it again and says whether it is the same.

With --write it is put in place, after `chalicelib/console/vendored.json` was given other versions.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra import outline

ROOT = Path(__file__).resolve().parent.parent / "chalicelib" / "console"
LIST = ROOT / "vendored.json"
FOLDER = ROOT / "static" / "vendor"


_MADE: dict[str, Callable[[bytes], bytes]] = {"outline": outline.module}


class NotTheSameError(Exception):
    """A file is not what the list says; the text says which."""


@dataclass(frozen=True, slots=True)
class Package:
    """`integrity` is npm's of the archive. `files` are by their names here: where they are in the archive, and SHA-256.

    What is `made` of one is named, as a key of _MADE.
    `replace` are texts that stand otherwise here: browsers without an import map find no module by its package's name.
    """

    name: str
    version: str
    licence: str
    integrity: str
    files: dict[str, dict[str, str]]
    replace: dict[str, str] = field(default_factory=dict)


def packages() -> list[Package]:
    return [Package(**entry) for entry in json.loads(LIST.read_text(encoding="utf-8"))]


def check(package: Package, folder: Path = FOLDER) -> None:
    """Whether the files in place are those of the list. Errors: NotTheSameError."""
    for name, entry in package.files.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != entry["sha256"]:
            raise NotTheSameError(f"{name} is not that of {package.name} {package.version}")


def fetched(package: Package) -> dict[str, bytes]:
    """The files as npm has them, changed as they are here. Errors: NotTheSameError (another archive than listed)."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
        packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603
        archive = Path(folder) / packed.stdout.split()[-1]
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != package.integrity:
            raise NotTheSameError(f"{package.name} {package.version} is not the archive that it was")
        with tarfile.open(archive) as opened:
            read = {name: _read(opened, entry["path"], package.replace) for name, entry in package.files.items()}
    makers = {name: _MADE[entry["made"]] for name, entry in package.files.items() if "made" in entry}
    return {name: makers[name](content) if name in makers else content for name, content in read.items()}


def _read(archive: tarfile.TarFile, path: str, replace: dict[str, str]) -> bytes:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise NotTheSameError(f"{path} is no file")
    content = member.read()
    for before, after in replace.items():
        content = content.replace(before.encode(), after.encode())
    return content


def main(arguments: list[str]) -> int:
    write = "--write" in arguments
    known = packages()
    made: list[dict[str, Any]] = []
    for package in known:
        files = fetched(package)
        for name, content in files.items():
            if write:
                (FOLDER / name).write_bytes(content)
                package.files[name]["sha256"] = hashlib.sha256(content).hexdigest()
            elif content != (FOLDER / name).read_bytes():
                raise NotTheSameError(f"{name} is not that of {package.name} {package.version}")
        check(package)
        made.append({name: getattr(package, name) for name in Package.__slots__ if getattr(package, name)})
        print(f"{package.name} {package.version}: {', '.join(files)}")
    if write:
        LIST.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except NotTheSameError as error:
        sys.exit(str(error))
