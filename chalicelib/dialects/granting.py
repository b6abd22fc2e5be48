"""What the routes of each dialect grant a command."""

from functools import cache

from chalicelib.dialects import registry
from chalicelib.fleet.commands.records import Terms


class DialectTerms:
    def of(self, dialect: str, connector: str) -> Terms:
        return _of(dialect, connector)


@cache
def _of(dialect: str, connector: str) -> Terms:
    granted = registry.terms(dialect).TERMS
    return granted.get(connector) or granted[""]
