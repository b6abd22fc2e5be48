"""Who keeps what falls due of this API's own documents."""

from collections.abc import Mapping

from chalicelib.fleet.due import Keeper
from chalicelib.fleet.due import Matter as _Matter
from chalicelib.fleet.ports import Ports


def _bulk(ports: Ports, matter: _Matter, until: int) -> None:
    # What it takes is imported when there is something to do: the sweep runs every minute.
    from chalicelib.dialects.cumulocity import bulk_operations

    bulk_operations.on_due(ports, matter, until)


KEEPERS: Mapping[str, Keeper] = {"cumulocity.bulk": Keeper(work=_bulk)}
