"""How an API key is changed when others may write it too."""

from collections.abc import Callable

from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.errors import KeyNotFound
from chalicelib.fleet.ports import Ports


def change_key(ports: Ports, tenant: str, key_id: str, change: Callable[[ApiKey], ApiKey]) -> tuple[ApiKey, ApiKey]:
    """The key before and after `change`. Errors: KeyNotFound, and what `change` raises."""
    old: list[ApiKey] = []

    def read() -> ApiKey:
        key = ports.keys.current(tenant, key_id)
        if key is None:
            raise KeyNotFound("no such API key")
        return key

    def tell(before: ApiKey, _after: ApiKey) -> None:
        old.append(before)

    after, _ = change_record(ports, "this API key", read, ports.keys.replace, change, tell=tell)
    return (old[0] if old else after), after
