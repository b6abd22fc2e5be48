"""Where commands work: by the environment, by a profile, or on the local stack of this folder.

Profiles stand in `$XDG_CONFIG_HOME/homeport/profiles.toml`, a table each with `url`, `key` and where needed `ca` and
`mqtt`. What others may read is refused: it holds keys.
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.client.api import Place
from infra.client.problems import Misconfigured

DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY = re.compile(r"[!-~]+")
_FIELDS = ("url", "key", "ca", "mqtt")
_MQTTS = 8883
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def chosen(environment: Mapping[str, str], profile: str | None) -> Place:
    """The place that a command is to work on. Errors: Misconfigured.

    HOMEPORT_URL and HOMEPORT_KEY come first unless a profile is asked for, then the profile `default`, then the stack
    that was started in this folder.
    """
    asked = profile or environment.get("HOMEPORT_PROFILE")
    if asked is None and environment.get("HOMEPORT_URL"):
        return _from_environment(environment)
    known = read(environment)
    if asked is not None:
        if asked not in known:
            raise Misconfigured(f"there is no profile {asked}: `homeport profile add {asked}` makes one")
        return _place(known[asked], f"profile {asked}")
    if DEFAULT in known:
        return _place(known[DEFAULT], f"profile {DEFAULT}")
    local = _local(environment)
    if local is None:
        raise Misconfigured(
            "nothing says where to go: start a local stack here with `make run`, add a profile with "
            "`homeport profile add`, or set HOMEPORT_URL and HOMEPORT_KEY"
        )
    return local


def file(environment: Mapping[str, str]) -> Path:
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or Path.home()) / ".config"
    return Path(home) / "homeport" / "profiles.toml"


def read(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """All profiles by their names. Errors: Misconfigured (others may read the file, or it cannot be read)."""
    path = file(environment)
    try:
        with path.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & _OTHERS:
                raise Misconfigured(f"others may read {path}, which holds keys: `chmod 600 {path}`, and renew the keys")
            known = tomllib.load(opened)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Misconfigured(f"{path} cannot be read: {error}") from None
    return {name: _checked(name, table, path) for name, table in known.items()}


def write(environment: Mapping[str, str], profiles: Mapping[str, Mapping[str, str]]) -> Path:
    """Replace the file in one step, readable by its owner alone. Errors: Misconfigured (what no file can hold)."""
    path = file(environment)
    try:
        content = "".join(map(_table, profiles, profiles.values())).encode()
    except UnicodeEncodeError as error:
        raise Misconfigured(f"{error.object[:200]!r} is not UTF-8") from None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
    part.replace(path)
    return path


def _table(name: str, table: Mapping[str, str]) -> str:
    lines = [f"{field} = {_string(table[field])}\n" for field in _FIELDS if table.get(field)]
    return f"[{name if NAME.fullmatch(name) else _string(name)}]\n{''.join(lines)}\n"


def _string(text: str) -> str:
    """A basic string of TOML: as one of JSON, but that its escapes are of whole characters, and DEL has to be one."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def checked_key(key: str, where: str) -> str:
    """Errors: Misconfigured, which does not show it."""
    if not _KEY.fullmatch(key):
        raise Misconfigured(f"{where}: the key is to be one word of ASCII, as it was given out")
    return key


def checked_url(url: str, where: str) -> str:
    """Errors: Misconfigured."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.username is not None:
        raise Misconfigured(f"{where}: the URL is to be such as https://api.example.com")
    return url.rstrip("/")


def _checked(name: str, table: Any, path: Path) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise Misconfigured(f"{path}: {name} is to be a table of texts")
    unknown = sorted(set(table) - set(_FIELDS))
    if unknown:
        raise Misconfigured(f"{path}: {name} has {unknown[0]}, which is none of {', '.join(_FIELDS)}")
    return table


def _place(table: Mapping[str, str], where: str) -> Place:
    missing = [field for field in ("url", "key") if not table.get(field)]
    if missing:
        raise Misconfigured(f"{where} has no {' and no '.join(missing)}")
    url, key = checked_url(table["url"], where), checked_key(table["key"], where)
    return Place(url, key, table.get("ca"), _endpoint(table.get("mqtt"), where))


def _from_environment(environment: Mapping[str, str]) -> Place:
    if not environment.get("HOMEPORT_KEY"):
        raise Misconfigured("HOMEPORT_URL is set, and HOMEPORT_KEY is not")
    table = {field: environment.get(f"HOMEPORT_{field.upper()}", "") for field in _FIELDS}
    return _place({name: value for name, value in table.items() if value}, "the environment")


def _endpoint(text: str | None, where: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":") if ":" in text else (text, "", str(_MQTTS))
    if not host or not port.isascii() or not port.isdigit():
        raise Misconfigured(f"{where}: mqtt is to be such as mqtt.example.com:8883")
    return host, int(port)


def _local(environment: Mapping[str, str]) -> Place | None:
    folder = Path(environment.get("HOMEPORT_DATA") or ".homeport").absolute()
    try:
        known = json.loads((folder / "credentials.json").read_text(encoding="utf-8"))
        return Place(
            checked_url(f"http://localhost:{known['http']}", str(folder)),
            checked_key(known["apiKey"], str(folder)),
            str(folder / "ca.pem"),
            ("localhost", known["mqtts"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
