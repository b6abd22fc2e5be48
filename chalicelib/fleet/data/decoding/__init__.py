"""Payloads into JSON as tenants describe it: binary layouts, separated values, templates.

A decoder is input like any other: what it may cost is counted (`Budget`), and whatever it does wrong is a
DecodingError. Import this package where a payload is to be decoded, not at the top of a Lambda function.
"""

from chalicelib.fleet.data.decoding.binary import BinaryFormat
from chalicelib.fleet.data.decoding.budget import Budget, BudgetExceededError
from chalicelib.fleet.data.decoding.decoder import Decoder, Trial
from chalicelib.fleet.data.decoding.delimited import Column, ColumnType, CsvFormat, CsvOptions
from chalicelib.fleet.data.decoding.errors import DecodingError, DescriptionError, PayloadError, Position, TemplateError
from chalicelib.fleet.data.decoding.values import JsonValue

__all__ = [
    "BinaryFormat",
    "Budget",
    "BudgetExceededError",
    "Column",
    "ColumnType",
    "CsvFormat",
    "CsvOptions",
    "Decoder",
    "DecodingError",
    "DescriptionError",
    "JsonValue",
    "PayloadError",
    "Position",
    "TemplateError",
    "Trial",
]
