"""Resources of the resource manager and of devices (OpenAPI of both)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.live_objects import deployed, times
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.dialects.live_objects.rest.shapes.notification import NOTIFY_TO
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.resources.catalog import LARGEST
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.resources.updates import (
    MAX_METADATA,
    DeviceResource,
    DeviceResources,
    ResourceUpdate,
    UpdateStatus,
    VersionAt,
)
from chalicelib.web.schemas import Schema

CONNECTOR = "http-updater"
SECURED = "secured"
MAX_NAME = deployed.MAX_NAME
"""As long as a device may say it, of a resource and of a version."""
_MD5 = 16

_NAME = {
    "type": "string",
    "pattern": rf"^[^/\x00-\x1f]{{1,{MAX_NAME}}}$",
    "description": f"has 1 to {MAX_NAME} characters, without /",
}
_TEXT = {"type": ["string", "null"], "maxLength": MAX_NAME}
METADATA = {
    "type": ["object", "null"],
    "maxProperties": 100,
    "propertyNames": {
        "maxLength": MAX_NAME,
        "pattern": r"^(?!(class|_class)$)[^$.]+$",
        "description": "has a name with $ or a dot, or one of class and _class",
    },
    "additionalProperties": {"type": ["string", "boolean"], "maxLength": MAX_NAME},
}
_CONNECTOR = {"enum": [CONNECTOR, None]}
_DESCRIPTION = {"connector": _CONNECTOR, "label": _TEXT, "description": _TEXT, "metadata": METADATA}
NEW: Schema = {"type": "object", "required": ["resourceId"], "properties": {"resourceId": _NAME, **_DESCRIPTION}}
UPDATE: Schema = {
    "type": "object",
    "properties": {
        **_DESCRIPTION,
        "versionAliases": {
            "type": ["object", "null"],
            "maxProperties": 5,
            "propertyNames": {
                "minLength": 1,
                "maxLength": 128,
                "pattern": "^[^$.]+$",
                "description": "has a name that is longer than 128 characters or has $ or a dot",
            },
            "additionalProperties": _NAME,
        },
    },
}
_COMPATIBLE = {"type": ["array", "null"], "maxItems": 100, "items": _NAME}
NEW_VERSION: Schema = {
    "type": "object",
    "required": ["resourceVersionId", "checksum"],
    "properties": {
        "resourceVersionId": _NAME,
        "checksum": {"type": "string", "maxLength": MAX_NAME},
        "file": {"type": ["string", "null"]},
        "size": {"type": ["integer", "null"], "minimum": 1, "maximum": LARGEST},
        "description": _TEXT,
        "compatibleVersions": _COMPATIBLE,
    },
}
UPDATE_VERSION: Schema = {
    "type": "object",
    "properties": {"description": _TEXT, "compatibleVersions": _COMPATIBLE},
}
TARGET: Schema = {
    "type": "object",
    "required": ["version"],
    "properties": {"version": _NAME, "metadata": METADATA, "notifyTo": NOTIFY_TO},
}
NEW_UPDATE: Schema = {
    "type": "object",
    "required": ["requestedVersion"],
    "properties": {"requestedVersion": _NAME, "connector": _CONNECTOR, "metadata": METADATA, "notifyTo": NOTIFY_TO},
}
CANCELED: Schema = {"const": "CANCELED"}


def created(body: Mapping[str, Any], tenant: str, now: int) -> Resource:
    return changed(Resource(tenant, body["resourceId"], now, now, connector=CONNECTOR, label=body["resourceId"]), body)


def changed(resource: Resource, body: Mapping[str, Any]) -> Resource:
    """What the body leaves out stays as it is."""
    given = present(body)
    names = ("connector", "label", "description", "metadata")
    changes: dict[str, Any] = {name: given[name] for name in names if name in given}
    if "metadata" in changes:
        changes["metadata"] = _texts(changes["metadata"])
    return replace(resource, **changes, aliases=given.get("versionAliases", resource.aliases))


def render(resource: Resource) -> dict[str, Any]:
    return present(
        {
            "tenantId": resource.tenant,
            "resourceId": resource.id,
            "label": resource.label,
            "description": resource.description,
            "connector": resource.connector,
            "metadata": dict(resource.metadata),
            "versionAliases": dict(resource.aliases),
            "creationTs": resource.created,
            "updateTs": resource.updated,
        }
    )


def created_version(
    body: Mapping[str, Any], resource: tuple[str, str], identifier: str, now: int
) -> tuple[ResourceVersion, bytes | None]:
    """The version that a body describes, and its file; None where the file is uploaded later. Errors: Invalid."""
    tenant, resource_id = resource
    given = present(body)
    if ("file" in given) == ("size" in given):
        raise Invalid("either file is the file in Base64, or size is its size and it is uploaded afterwards", "file")
    version = ResourceVersion(
        tenant,
        resource_id,
        body["resourceVersionId"],
        now,
        now,
        md5=_checksum(body["checksum"]),
        size=given.get("size", 0),
        file=f"resources/{tenant}/{identifier}",
    )
    return changed_version(version, body), _decoded(given["file"], "file") if "file" in given else None


def changed_version(version: ResourceVersion, body: Mapping[str, Any]) -> ResourceVersion:
    given = present(body)
    return replace(
        version,
        description=given.get("description", version.description),
        compatible=tuple(dict.fromkeys(given.get("compatibleVersions", version.compatible))),
    )


def render_version(version: ResourceVersion) -> dict[str, Any]:
    """With `size` in bytes, and `ready` where the file is in place."""
    return present(
        {
            "tenantId": version.tenant,
            "resourceId": version.resource,
            "resourceVersionId": version.id,
            "description": version.description,
            "checksum": base64.b64encode(bytes.fromhex(version.md5)).decode(),
            "size": version.size,
            "ready": version.ready,
            "compatibleVersions": list(version.compatible),
            "creationTs": version.created,
            "updateTs": version.updated,
        }
    )


def _texts(metadata: Mapping[str, str | bool]) -> dict[str, str]:
    """Clients write `"secured": true` as well as `"secured": "true"`."""
    return {name: value if isinstance(value, str) else str(value).lower() for name, value in metadata.items()}


def metadata(body: Mapping[str, Any]) -> dict[str, str]:
    """Errors: Invalid."""
    given = _texts(body.get("metadata") or {})
    if sum(len(name) + len(value) for name, value in given.items()) > MAX_METADATA:
        raise Invalid(f"metadata has at most {MAX_METADATA} characters together", "metadata")
    return given


def render_device_resource(resource: DeviceResource) -> dict[str, Any]:
    return present(
        {
            "reported": _version(resource.reported),
            "requested": _version(resource.requested),
            "metadata": dict(resource.metadata) or None,
        }
    )


def reported_versions(resources: DeviceResources | None) -> dict[str, str]:
    """`resources` of a device, and `firmwares`, which is the same under its old name (manual 5.2.1.2)."""
    known = resources.resources if resources else {}
    return {name: resource.reported.version for name, resource in known.items() if resource.reported}


def render_update(update: ResourceUpdate) -> dict[str, Any]:
    failure = update.failure
    return present(
        {
            "id": update.id,
            "resourceId": update.resource,
            "created": times.render(update.created),
            "updated": times.render(update.updated),
            "initialVersion": update.initial,
            "requestedVersion": update.requested,
            "connector": CONNECTOR,
            "status": update.status.value,
            "errorOrigin": failure.origin.value if failure else None,
            "errorCode": failure.code if failure else None,
            "deviceErrorCode": failure.device_code if failure else None,
            "errorDetails": failure.details if failure else None,
            "progress": 100.0 if update.status is UpdateStatus.DONE else 0.0,
            "metadata": dict(update.metadata) or None,
            "notifyTo": update.notify_to,
        }
    )


def _version(version: VersionAt | None) -> dict[str, Any] | None:
    return None if version is None else {"version": version.version, "timestamp": times.render(version.at)}


def _checksum(text: str) -> str:
    digest = _decoded(text, "checksum")
    if len(digest) != _MD5:
        raise Invalid("checksum is the MD5 of the file, in Base64", "checksum")
    return digest.hex()


def _decoded(text: str, field: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"{field} is in Base64", field) from None
