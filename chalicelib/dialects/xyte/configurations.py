"""A configuration as a device of each version is shown it (Get Config)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.xyte.models import DEVICE_ID, SCOPED_CONFIG, Model, since
from chalicelib.dialects.xyte.moments import render
from chalicelib.fleet.configuration.document import Document
from chalicelib.fleet.errors import Invalid

_OURS = ("version", "last_updated")
_AROUND = (*_OURS, "name", "device_id")
"""What stands beside a configuration that has a field of its own."""


def form(model: Model) -> str:
    """What of a model says how it is shown."""
    return f"{model.version} {model.name}"


def read(sent: Mapping[str, Any], model: Model) -> tuple[Mapping[str, Any], int | None]:
    """What a device says that it works by: the content, and the version that it changes, if said. Errors: Invalid."""
    version = sent.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        if not (isinstance(version, float) and version.is_integer()):
            raise Invalid("version is an integer", "version")
        version = int(version)
    inner = sent.get("config")
    if model.since(SCOPED_CONFIG) and isinstance(inner, dict) and not set(sent) - {"config", *_AROUND}:
        return inner, version
    return {name: value for name, value in sent.items() if name not in _OURS}, version


def ensure_shown(content: Mapping[str, Any], model: Model) -> None:
    """What its owner sets, where the device could not be shown all of it. Errors: Invalid."""
    hidden = [] if model.since(SCOPED_CONFIG) else [name for name in _OURS if name in content]
    if hidden:
        raise Invalid(
            f"{hidden[0]} is the configuration's own in what devices of this model are shown", "configuration"
        )


def view(document: Document, device: str, formed: str) -> dict[str, Any]:
    """By the `form` of its device's model."""
    version, _, name = formed.partition(" ")
    changed = render(document.changed) if document.changed else None
    if not since(version, SCOPED_CONFIG):
        return {**document.content, "version": document.version, "last_updated": changed}
    shown = {"name": name, "version": document.version, "last_updated": changed, "config": dict(document.content)}
    return {**shown, "device_id": device} if since(version, DEVICE_ID) else shown
