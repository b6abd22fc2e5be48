"""A tenant that has one of everything, for tests that walk through all operations."""

from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.forms import HEADERS, form

OBJECTS = "/inventory/managedObjects"


def furnish(client: Client, word: str) -> dict[str, str]:
    """One of everything, with that word wherever there is room for one; what there is, by its path parameter."""
    device = client.made(OBJECTS, {"name": word, "type": "pump", "c8y_IsDevice": {}, "told": {"word": word}})["id"]
    client.call("PUT", f"{OBJECTS}/{device}", {"c8y_RequiredAvailability": {"responseInterval": 60}})
    child = client.made(f"{OBJECTS}/{device}/childDevices", {"name": word})["id"]
    for kind in ("childAssets", "childAdditions"):
        client.made(f"{OBJECTS}/{device}/{kind}", {"managedObject": {"id": child}})
    client.made(f"/identity/globalIds/{device}/externalIds", {"type": "c8y_Serial", "externalId": word})
    data = {
        "source": {"id": device},
        "type": word,
        "text": word,
        "time": "2026-01-02T03:04:05Z",
        "told": {"word": word},
    }
    alarm = client.made("/alarm/alarms", {**data, "severity": "MAJOR"})["id"]
    event = client.made("/event/events", data)["id"]
    measurement = client.made("/measurement/measurements", {**data, "text": word, word: {"t": {"value": 1}}})["id"]
    client.call("POST", "/tenant/options", {"category": word, "key": word, "value": word})
    told = {"name": word, "mine": word}
    client.call("POST", "/inventory/binaries", raw=form(word.encode(), told), headers=HEADERS)
    client.call("POST", f"/event/events/{event}/binaries", raw=word.encode(), headers={"Content-Type": "text/plain"})
    operation = client.made("/devicecontrol/operations", {"deviceId": device, "c8y_Command": {"text": word}})["id"]
    client.made("/devicecontrol/newDeviceRequests", {"id": word, "type": word})
    record = {**{name: data[name] for name in ("source", "text", "time", "type")}, "activity": word, "told": word}
    audit = client.made("/audit/auditRecords", record)["id"]
    person = {"userName": f"{word}-user", "email": f"{word}@example.com", "firstName": word, "password": "A pass-w0rd"}
    client.made(f"/user/{client.tenant.id}/users", person)
    group = client.made(OBJECTS, {"name": f"{word} group", "c8y_IsDeviceGroup": {}})["id"]
    bulk = {"groupId": group, "startDate": "2099-01-01T00:00:00Z", "creationRamp": 1}
    prototype = {"told": {"word": word}}
    bulk_id = client.made("/devicecontrol/bulkoperations", {**bulk, "operationPrototype": prototype})["id"]
    return {
        "bulkId": bulk_id,
        "tenantId": client.tenant.id,
        "userId": f"{word}-user",
        "username": f"{word}-user",
        "groupId": "2",
        "groupName": "business",
        "name": "ROLE_INVENTORY_READ",
        "roleId": "ROLE_INVENTORY_READ",
        "requestId": word,
        "auditId": audit,
        "category": word,
        "key": word,
        "operationId": operation,
        "alarmId": alarm,
        "eventId": event,
        "measurementId": measurement,
        "id": device,
        "childId": child,
        "type": "c8y_Serial",
        "externalId": word,
    }
