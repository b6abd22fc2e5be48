"""A tenant that has one of everything, for tests that walk through all operations."""

from tests.dialects.cumulocity.client import Client

OBJECTS = "/inventory/managedObjects"


def furnish(client: Client, word: str) -> dict[str, str]:
    """One of everything, with that word wherever there is room for one; what there is, by its path parameter."""
    device = client.made(OBJECTS, {"name": word, "type": "pump", "c8y_IsDevice": {}, "told": {"word": word}})["id"]
    child = client.made(f"{OBJECTS}/{device}/childDevices", {"name": word})["id"]
    for kind in ("childAssets", "childAdditions"):
        client.made(f"{OBJECTS}/{device}/{kind}", {"managedObject": {"id": child}})
    client.made(f"/identity/globalIds/{device}/externalIds", {"type": "c8y_Serial", "externalId": word})
    return {"id": device, "childId": child, "type": "c8y_Serial", "externalId": word}
