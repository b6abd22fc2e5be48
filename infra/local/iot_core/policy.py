"""AWS IoT policies: who may connect, publish, subscribe and receive ("AWS IoT Core policies", Developer Guide).

Wildcards are `*` (which crosses `/`) and `?`; MQTT's `+` and `#` are plain text. Statements with elements that are not
modelled here (Condition, NotAction, NotResource) are refused rather than ignored, since ignoring one would widen it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

VERSION = "2012-10-17"
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPES = {"*", "?", "$"}  # ${*}, ${?} and ${$} stand for the character itself
_KNOWN = {"Sid", "Effect", "Action", "Resource"}
_DECISIONS_KEPT = 1024
_ARN_FIELDS = 5  # what stands before the resource: arn, partition, service, region, account


class InvalidPolicy(Exception):
    """A policy document that cannot be evaluated; the text says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]


def read_documents(documents: Sequence[Any]) -> tuple[Statement, ...]:
    """The statements of policy documents, each an object or a JSON text; raise `InvalidPolicy`."""
    return tuple(statement for document in documents for statement in _statements(_document(document)))


def _document(document: Any) -> dict[str, Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise InvalidPolicy(f"not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("Version") != VERSION:
        raise InvalidPolicy(f"a policy document is an object with Version {VERSION}")
    return document


def _statements(document: dict[str, Any]) -> list[Statement]:
    listed = document.get("Statement")
    found = listed if isinstance(listed, list) else [listed]
    return [_statement(statement) for statement in found]


def _statement(statement: Any) -> Statement:
    if not isinstance(statement, dict):
        raise InvalidPolicy("a statement is an object")
    if unknown := set(statement) - _KNOWN:
        raise InvalidPolicy(f"{', '.join(sorted(unknown))} is not supported in a statement")
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise InvalidPolicy(f"Effect is Allow or Deny, not {effect!r}")
    return Statement(effect == "Allow", _strings(statement, "Action"), _strings(statement, "Resource"))


def _strings(statement: dict[str, Any], key: str) -> tuple[str, ...]:
    value = statement.get(key)
    found = value if isinstance(value, list) else [value]
    if not found or not all(isinstance(item, str) for item in found):
        raise InvalidPolicy(f"{key} is a text or a list of texts")
    return tuple(found)


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in pattern), re.DOTALL)


@lru_cache(maxsize=4096)
def _resource(template: str, variables: tuple[tuple[str, str], ...]) -> re.Pattern[str] | None:
    """The pattern of a resource with its variables filled in literally; None when one has no value."""
    values = dict(variables)
    pieces, end = [], 0
    for variable in _VARIABLE.finditer(template):
        name = variable[1]
        value = name if name in _ESCAPES else values.get(name)
        if value is None:
            return None
        # The value counts as text: a client that calls itself `*` gains nothing by it.
        pieces += [_pattern(template[end : variable.start()]).pattern, re.escape(value)]
        end = variable.end()
    pieces.append(_pattern(template[end:]).pattern)
    return re.compile("".join(pieces), re.DOTALL)


@lru_cache(maxsize=4096)
def _of_any_account(template: str) -> str:
    """What a resource's ARN says behind partition, service, region and account; `*` where it leaves these open."""
    fields = template.split(":", _ARN_FIELDS)
    if fields[0] != "arn":
        return template
    return fields[-1] if len(fields) > _ARN_FIELDS or not template.endswith("*") else "*"


class Policy:
    """What one connection may do; decisions are remembered, since a device repeats its few topics."""

    __slots__ = ("_arn", "_decisions", "_statements", "_variables")

    def __init__(self, statements: tuple[Statement, ...], variables: Mapping[str, str], arn: str) -> None:
        """`arn`: what stands before `client/…`, `topic/…`, `topicfilter/…`, with its colon.

        Without one the broker belongs to no account, and what resources say of partition, region and account is not
        compared.
        """
        self._statements = statements
        self._variables = tuple(sorted(variables.items()))
        self._arn = arn
        self._decisions: dict[tuple[str, str], bool] = {}

    def allows(self, action: str, resource: str) -> bool:
        """Whether `action` (`iot:Publish`) on `resource` (`topic/a/b`) is allowed and not denied."""
        key = (action, resource)
        decision = self._decisions.get(key)
        if decision is None:
            if len(self._decisions) >= _DECISIONS_KEPT:
                self._decisions.clear()
            decision = self._decisions[key] = self._decide(action, self._arn + resource)
        return decision

    def _decide(self, action: str, arn: str) -> bool:
        effects = {
            statement.allow
            for statement in self._statements
            if any(_pattern(wanted).fullmatch(action) for wanted in statement.actions)
            and any(self._covers(template, arn) for template in statement.resources)
        }
        return effects == {True}

    def _covers(self, template: str, arn: str) -> bool:
        if not self._arn:
            template = _of_any_account(template)
        pattern = _resource(template, self._variables if "${" in template else ())
        return pattern is not None and pattern.fullmatch(arn) is not None
