"""Many devices at once, from a file of CSV (reference, "Create a bulk device credentials request")."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import device_users, external_ids, registration
from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.dialects.cumulocity.rest import contents, files, links, managed_objects
from chalicelib.fleet.errors import ExternalIdNotFound, FleetError, GroupDuplicate, Invalid, LimitReached, TooLarge
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import devices, groups, objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import ROOT_GROUP
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

MOST = 5_000
"""Rows of a file."""
WITHIN = 20_000
"""Milliseconds that a request works; the rows that are left are told as failed, and the same file goes on with them."""
SHORTEST, LONGEST = 8, 255
"""Characters of a password that somebody chose."""
_COLUMNS = frozenset(
    {"ID", "CREDENTIALS", "AUTH_TYPE", "TENANT", "TYPE", "NAME", "ICCID", "IDTYPE", "PATH", "SHELL", "ENROLLMENT_OTP"}
)
_SEPARATORS = "\t;,"
_EXTERNAL = "external-"
_SERIAL, _SECRET = "c8y_Serial", "CREDENTIALS"
_LONGEST_GROUP = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a row: `reason` is why it failed."""

    device: str
    status: str
    line: int
    reason: str | None = None


def rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and values by column of every row that says something; a password also where it is empty.

    Errors: Invalid, Missing (no ID among the columns).
    """
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns: list[str] | None = None
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if columns is None:
                columns = [value.strip() for value in values]
                columns = [name.upper() if name.upper() in _COLUMNS else name for name in columns]
                if "ID" not in columns:
                    break
                continue
            given = zip(columns, (value.strip() for value in values), strict=False)
            yield reader.line_num, {name: value for name, value in given if name and (value or name == _SECRET)}
    except csv.Error as error:
        raise Invalid(f"the file is no CSV: {error}", "file") from None
    if columns is None or "ID" not in columns:
        raise Missing("ID")


def _create(ports: Ports, request: Request) -> Answer:
    content, _ = files.read(request)
    every = list(rows(_decoded(content.body)))
    if len(every) > MOST:
        raise LimitReached(f"a file has at most {MOST} rows")
    until = ports.clock.now() + WITHIN
    found = [_outcome(ports, request, line, row, until) for line, row in every]
    return contents.created(request, "bulkNewDeviceRequest", _view(found), links.to(request, *_PATH))


def _outcome(ports: Ports, request: Request, line: int, row: Mapping[str, str], until: int) -> Outcome:
    device = row.get("ID", "")
    if ports.clock.now() >= until:
        return Outcome(device, "FAILED", line, "there was no time left for this row: send the file again")
    try:
        return Outcome(device, _registered(ports, request, row), line)
    except FleetError as error:
        return Outcome(device, "FAILED", line, str(error))


def _registered(ports: Ports, request: Request, row: Mapping[str, str]) -> str:
    """What became of a row; the same again changes nothing. Errors: those of FleetError."""
    registration.ensure_id(row.get("ID", ""))
    group = _group(ports, request.tenant, row["PATH"]) if row.get("PATH") else None
    if "CREDENTIALS" not in row and "AUTH_TYPE" not in row:
        number = ports.groups.tree(request.tenant).get(group).number if group else None
        said = {"groupId": number} if number else {}
        registration.create(ports, request.tenant, row["ID"], managed_objects.owner(request.by), said)
        return "CREATED"
    _ensure_password(row)
    user, known = device_users.name_of(row["ID"]), True
    try:
        found = objects.named(ports, request.tenant, row.get("IDTYPE", _SERIAL), row["ID"])
    except ExternalIdNotFound:
        # Two who send the same file at the same time: one of them is told that there is such a device.
        found, known = managed_objects.make(ports, request.tenant, _draft(row, user)), False
    _put(ports, found, user, group)
    if not device_users.choose(ports, request.tenant, user, row["CREDENTIALS"], ports.clock.now()):
        raise Invalid("the device was given other credentials meanwhile", "CREDENTIALS")
    return "CREDENTIAL_UPDATED" if known else "CREATED"


def _ensure_password(row: Mapping[str, str]) -> None:
    if row.get("AUTH_TYPE", "BASIC").upper() != "BASIC":
        raise Invalid("devices come in with credentials only: AUTH_TYPE is BASIC", "AUTH_TYPE")
    password = row.get("CREDENTIALS", "")
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable():
        raise Invalid(f"credentials are {SHORTEST} to {LONGEST} printable characters", "CREDENTIALS")
    if ":" in row["ID"]:
        # HTTP Basic ends the user's name there.
        raise Invalid("the id of a device with a password that somebody chose has no colon", "ID")


def _draft(row: Mapping[str, str], user: str) -> objects.Draft:
    fragments: dict[str, Any] = {shapes.IS_DEVICE: {}}
    if "ICCID" in row:
        fragments["c8y_Mobile"] = {"iccid": row["ICCID"]}
    if row.get("SHELL") == "1":
        fragments["c8y_SupportedOperations"] = ["c8y_Command"]
    own = {name: value for name, value in row.items() if name not in _COLUMNS}
    named = [(row.get("IDTYPE", _SERIAL), row["ID"])]
    for name, value in own.items():
        if name.startswith(_EXTERNAL):
            named.append((name.removeprefix(_EXTERNAL), value))
        else:
            _set(fragments, name.split("."), value)
    shapes.fragments_of(fragments)
    for type_, value in named:
        external_ids.given({"type": type_, "externalId": value})
    return objects.Draft(
        name=row.get("NAME", row["ID"]),
        type=row.get("TYPE"),
        owner=user,
        fragments=fragments,
        named=named,
        indexed=shapes.INDEXED,
    )


def _set(fragments: dict[str, Any], path: list[str], value: str) -> None:
    """Errors: Invalid (one column has a value where another has more below it)."""
    *above, last = path
    for name in above:
        fragments = fragments.setdefault(name, {})
        if not isinstance(fragments, dict):
            raise Invalid(f"{'.'.join(path)[:64]} is below another column's value", path[0])
    fragments[last] = value


def _put(ports: Ports, found: ManagedObject, user: str, group: str | None) -> None:
    """Let it be the user's own, which would see nothing of it otherwise, and in that group."""
    if not found.origin and found.owner != user:
        objects.update(ports, found.tenant, found.id, lambda one: replace(one, owner=user))
    if group is not None and found.device is not None:
        devices.update(ports, found.tenant, found.device, lambda one: replace(one, group=group))


def _group(ports: Ports, tenant: str, path: str) -> str:
    """The group at the path, which is made where there is none. Errors: LimitReached, Invalid."""
    group = ROOT_GROUP
    for name in filter(None, (part.strip() for part in path.split("/"))):
        group = _below(ports, tenant, group, name)
    return group


def _below(ports: Ports, tenant: str, parent: str, name: str) -> str:
    if len(name) > _LONGEST_GROUP:
        raise Invalid(f"the name of a group has at most {_LONGEST_GROUP} characters", "PATH")
    while True:
        found = next((one.id for one in ports.groups.tree(tenant).children(parent) if one.name == name), None)
        if found is not None:
            return found
        try:
            return groups.create(ports, tenant, name, parent, None).id
        except GroupDuplicate:
            # Somebody else has made it at the same time.
            continue


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _view(found: list[Outcome]) -> dict[str, Any]:
    done, failed = [one for one in found if one.reason is None], [one for one in found if one.reason is not None]
    return {
        "numberOfAll": len(found),
        "numberOfCreated": sum(one.status == "CREATED" for one in done),
        "numberOfFailed": len(failed),
        "numberOfSuccessful": len(done),
        "credentialUpdatedList": [{"bulkNewDeviceStatus": one.status, "deviceId": one.device} for one in done],
        "failedCreationList": [
            {
                "bulkNewDeviceStatus": one.status,
                "deviceId": one.device,
                "failureReason": one.reason,
                "line": f"DeviceInfo{{id='{one.device}', line={one.line}}}",
            }
            for one in failed
        ],
    }


_PATH = ("devicecontrol", "bulkNewDeviceRequests")
ROUTES = (
    Route(
        "POST",
        "/devicecontrol/bulkNewDeviceRequests",
        _create,
        "Register many devices, each with a row of a file of CSV",
        roles=managed_objects.WRITING,
        success=201,
        failures=(Invalid, TooLarge, LimitReached),
        reads=contents.ANYTHING,
        max_body=files.LARGEST,
    ),
)
