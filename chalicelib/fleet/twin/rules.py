"""Data rules: which values that devices report by themselves become messages."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.fleet.errors import LimitReached, RuleNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.twin import paths
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.records import DataRule
from chalicelib.fleet.typed_records import TypedRecords

RULE = Kind(DataRule)
RULES = TypedRecords("twin/rule", RULE)
_MOST = 10


def create(ports: Ports, tenant: str, name: str, kind: str, covered: tuple[str, ...]) -> DataRule:
    """A tenant has one of each kind. Errors: LimitReached."""
    now = ports.clock.now()
    made = DataRule(ports.new_id(now), name, kind, covered, now)
    # Under the kind's own name, so that of two that are made at once there is one.
    if not RULES.create(ports, tenant, kind, made):
        raise LimitReached(f"there is a rule of the type {kind} already")
    return made


def listing(ports: Ports, tenant: str) -> list[DataRule]:
    return RULES.first(ports, tenant, _MOST)


def get(ports: Ports, tenant: str, rule: str) -> DataRule:
    """Errors: RuleNotFound."""
    found = next((each for each in listing(ports, tenant) if each.id == rule), None)
    if found is None:
        raise RuleNotFound(f"data rule {rule[:64]} not found")
    return found


def update(ports: Ports, tenant: str, rule: str, name: str, covered: tuple[str, ...]) -> DataRule:
    """Errors: RuleNotFound."""
    known = get(ports, tenant, rule)
    changed = RULES.change(
        ports,
        tenant,
        known.type,
        lambda present: replace(present, name=name, paths=covered) if present.id == rule else present,
    )
    if changed is None or changed.id != rule:
        raise RuleNotFound(f"data rule {rule[:64]} not found")
    return changed


def delete(ports: Ports, tenant: str, rule: str) -> None:
    """Errors: RuleNotFound."""
    RULES.delete(ports, tenant, get(ports, tenant, rule).type)


def bases(ports: Ports, tenant: str) -> list[Path]:
    """The paths that the tenant's rules name, perhaps as they were a moment ago."""
    return [paths.parse(path) for rule in listing(ports, tenant) for path in rule.paths]


def covers(named: Sequence[Path], path: Path) -> bool:
    """A path covers itself and what is below, by segments."""
    return any(paths.is_below(path, base) for base in named)
