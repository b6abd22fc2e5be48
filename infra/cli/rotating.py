"""`key rotate`: a second key with the same rights, then an end to the first."""

import click

from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.ports import Ports
from infra.cli.output import as_json, show
from infra.cli.target import complaints, on_target


@click.command("rotate")
@click.argument("key")
@click.option("--tenant", required=True, help="The tenant's six-character id.")
@click.option("--finish", is_flag=True, help="Delete KEY: everybody has the new one.")
@as_json
@on_target
@complaints
def rotate(key: str, tenant: str, *, finish: bool, json: bool) -> None:
    """Make a key with the rights of KEY (an id) and print it; both are valid until --finish deletes the old one.

    The master key is one of a kind: it gets a new secret, and the old one ends at once.
    """
    from chalicelib import wiring
    from chalicelib.fleet.access import callers, keys

    ports = wiring.ports()
    old = keys.get(ports, tenant, key)
    operator = callers.of_operator(tenant)
    if finish:
        keys.delete(ports, operator, old.id)
        show({"tenant": tenant, "keyId": old.id, "deleted": True}, json=json)
        return
    if old.master:
        made, secret = keys.update(ports, operator, old.id, KeyRequest(), renew=True)
    else:
        asked = KeyRequest(
            roles=old.roles,
            label=old.label,
            description=old.description,
            valid_to=old.valid_to,
            queues=old.queues or None,
            ca_certificates=old.ca_certificates or None,
            client_certificate_required=old.client_certificate_required,
        )
        made, secret = keys.create_child(ports, operator, old.parent or _master(ports, tenant), asked)
    show({"tenant": tenant, "keyId": made.id, "label": made.label, "replaces": old.id, "apiKey": secret}, json=json)


def _master(ports: Ports, tenant: str) -> str:
    return next(key.id for key in ports.keys.all(tenant) if key.master)
