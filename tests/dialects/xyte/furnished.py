"""A tenant that has one of everything, for tests that walk through all operations."""

import hashlib

from chalicelib.fleet.resources import catalog
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from tests.dialects.xyte.client import Client, Device

ORGANIZATION = "/core/v1/organization/devices"


def furnish(organization: Client, device: Device, word: str) -> dict[str, str]:
    """One of everything, with that word wherever there is room for one; what there is, by its path parameter."""
    model = organization.model(name=word, model_id=word, claim="automatic")
    of_device = f"{ORGANIZATION}/{device.id}"
    command = organization.made(f"{of_device}/commands", {"name": word, "extra_params": {word: word}})["id"]
    organization.made(f"{of_device}/licenses", {"data": {word: word}, "signature": word})
    assert device.call("POST", "/config", {word: word}).status == 200
    dump = device.call("POST", f"/dumps/text%2Fplain/{word}", raw=word.encode()).body["id"]
    incident = device.call("POST", "/incidents", {"title": word, "issue": word}).body["id"]
    assert device.call("POST", "/events", {"name": word}).status == 200
    _file(organization, device, word)
    space = organization.made("/core/v1/organization/spaces", {"name": word, "description": word})["id"]
    return {
        "space_id": str(space),
        "model_id": model,
        "device_id": device.id,
        "command_id": command,
        "dump_id": dump,
        "mime_type": "text%2Fplain",
        "filename": word,
        "incident_id": incident,
        "file_id": device.call("GET", "/files").body[0]["id"],
    }


def _file(organization: Client, device: Device, word: str) -> None:
    ports, tenant = organization.ports, organization.tenant.id
    now, md5 = ports.clock.now(), hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()
    catalog.create(ports, Resource(tenant, word, now, now, label=word, metadata={"devices": device.id}))
    catalog.add_version(ports, ResourceVersion(tenant, word, word, now, now, md5, 0, word), word.encode())
