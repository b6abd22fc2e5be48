"""Decoders (OpenAPI of the decoding service)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.data.records import ColumnRecord, DecoderKind, DecoderRecord
from chalicelib.fleet.errors import Invalid
from chalicelib.web.schemas import Schema

JAVASCRIPT = ("javascript", "javascript-split")
NO_JAVASCRIPT = "JavaScript decoders are not supported; describe the payload as binary or csv, with a template"

_TEXT = {"type": ["string", "null"]}
_FLAG = {"type": ["boolean", "null"]}
_DESCRIPTION: dict[str, Any] = {
    "id": _TEXT,
    "encoding": {
        "type": "string",
        "pattern": r"^[^\s/#+]{1,255}$",
        "description": "has 1 to 255 characters, without blanks, / # and +",
    },
    "enabled": _FLAG,
    "model": {
        "type": ["string", "null"],
        "maxLength": 255,
        "pattern": r"^[^\s.]*$",
        "description": "has no blank and no dot",
    },
    "template": {"type": ["string", "null"], "maxLength": 16_384},
    "mathEvalEnabled": _FLAG,
    "tags": {
        "type": ["array", "null"],
        "maxItems": 100,
        "items": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    "type": _TEXT,
}
_FORMAT = {"type": "string", "minLength": 1, "maxLength": 16_384}
_COLUMNS = {
    "type": "array",
    "minItems": 1,
    "maxItems": 256,
    "items": {
        "type": "object",
        "required": ["name", "jsonType"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 128},
            "jsonType": {"enum": ["STRING", "NUMERIC", "BOOLEAN"]},
        },
    },
}
_OPTIONS = {
    "type": ["object", "null"],
    "properties": {
        "columnSeparator": _TEXT,
        "quoteChar": _TEXT,
        "useEscapeChar": _FLAG,
        "escapeChar": _TEXT,
        "skipWhiteSpace": _FLAG,
        "lineFeedSeparator": _TEXT,
    },
}
NEW: Mapping[DecoderKind, Schema] = {
    DecoderKind.BINARY: {
        "type": "object",
        "required": ["encoding", "format"],
        "properties": {**_DESCRIPTION, "format": _FORMAT},
    },
    DecoderKind.CSV: {
        "type": "object",
        "required": ["encoding", "columns"],
        "properties": {**_DESCRIPTION, "columns": _COLUMNS, "options": _OPTIONS},
    },
}
_MATTER = {"template": _TEXT, "mathEvalEnabled": _FLAG}
TRIAL: Mapping[DecoderKind, Schema] = {
    DecoderKind.BINARY: {
        "type": "object",
        "properties": {"binaryPayloadStructure": _TEXT, "binaryPayloadHexString": _TEXT, **_MATTER},
    },
    DecoderKind.CSV: {
        "type": "object",
        "required": ["columns"],
        "properties": {"columns": {**_COLUMNS, "minItems": 0}, "csvPayload": _TEXT, "options": _OPTIONS, **_MATTER},
    },
}
ENABLED: Schema = {"type": "boolean"}
_SIGNS = {
    "columnSeparator": "column_separator",
    "quoteChar": "quote",
    "useEscapeChar": "use_escape",
    "escapeChar": "escape",
    "skipWhiteSpace": "skip_white_space",
    "lineFeedSeparator": "row_separator",
}
_DEFAULTS = {
    "columnSeparator": ",",
    "quoteChar": '"',
    "useEscapeChar": False,
    "escapeChar": "\\",
    "skipWhiteSpace": False,
    "lineFeedSeparator": "\n",
}


def created(body: Mapping[str, Any], kind: DecoderKind, tenant: str, decoder: str, now: int) -> DecoderRecord:
    """The decoder that a body describes. Errors: Invalid."""
    ensure_kind(body, kind)
    return _described(DecoderRecord(tenant, decoder, body["encoding"], kind, now, now), body)


def changed(record: DecoderRecord, body: Mapping[str, Any]) -> DecoderRecord:
    """The decoder as the body describes it; what the body leaves out is at its default. Errors: Invalid."""
    ensure_kind(body, record.kind)
    if body.get("id") not in (None, record.id):
        raise Invalid("id is the decoder's own; it cannot be changed", "id")
    return _described(replace(record, encoding=body["encoding"]), body)


def switched(record: DecoderRecord, *, enabled: bool) -> DecoderRecord:
    return replace(record, enabled=enabled)


def on_trial(body: Mapping[str, Any], kind: DecoderKind, tenant: str) -> tuple[DecoderRecord, str]:
    """The decoder to be tried out, and the payload."""
    record = _described(DecoderRecord(tenant, "", "trial", kind, 0, 0), body)
    source = body.get("binaryPayloadStructure") or ""
    payload = body.get("binaryPayloadHexString" if kind is DecoderKind.BINARY else "csvPayload")
    return replace(record, source=source), payload or ""


def ensure_kind(body: Mapping[str, Any], kind: DecoderKind) -> None:
    named = body.get("type")
    if named in JAVASCRIPT:
        raise Invalid(NO_JAVASCRIPT, "type")
    if named not in (None, kind.value):
        raise Invalid(f"type is {kind.value} here", "type")


def _described(record: DecoderRecord, body: Mapping[str, Any]) -> DecoderRecord:
    given = present(body)
    options = present(given.get("options", {}))
    return replace(
        record,
        enabled=given.get("enabled", record.enabled),
        model=given.get("model") or None,
        template=given.get("template") or None,
        math=given.get("mathEvalEnabled", True),
        tags=tuple(dict.fromkeys(given.get("tags", ()))),
        source=given.get("format", ""),
        columns=tuple(ColumnRecord(c["name"], c["jsonType"]) for c in given.get("columns", ())),
        options={own: options[name] for name, own in _SIGNS.items() if name in options},
    )


def render(record: DecoderRecord) -> dict[str, Any]:
    return present(
        {
            "id": record.id,
            "encoding": record.encoding,
            "enabled": record.enabled,
            "type": record.kind.value,
            "model": record.model,
            "template": record.template,
            "mathEvalEnabled": record.math,
            "tags": list(record.tags),
            "updated": times.render(record.updated),
            **_layout(record),
        }
    )


def _layout(record: DecoderRecord) -> dict[str, Any]:
    if record.kind is DecoderKind.BINARY:
        return {"format": record.source}
    return {
        "columns": [{"name": c.name, "jsonType": c.type} for c in record.columns],
        "options": {name: record.options.get(own, _DEFAULTS[name]) for name, own in _SIGNS.items()},
    }
