"""An organization that has one of everything, for tests that walk through all operations."""

from tests.dialects.ibm.client import V2
from tests.dialects.ibm.site import Site

TYPE, DEVICE = "pump", "p1"


def furnish(site: Site, word: str) -> dict[str, str]:
    """One of everything, with that word wherever there is room for one; what there is, by its path parameter."""
    client, path = site.client, f"{V2}/device/types/{TYPE}/devices/{DEVICE}"
    device = site.device(TYPE, DEVICE)
    site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"word": word}})
    site.publish(device, "iotdevice-1/mgmt/manage", {"d": {"supports": {"deviceActions": True}}, "reqId": "r"})
    client.call("PUT", f"{V2}/device/types/{TYPE}", {"description": word})
    client.call("PUT", path, {"metadata": {"word": word}})
    client.call("PUT", f"{path}/location", {"latitude": 12.3456, "longitude": 2})
    client.call("POST", f"{path}/diag/logs", {"message": word, "severity": 1})
    one = [{"typeId": TYPE, "deviceId": DEVICE}]
    client.call("POST", f"{V2}/mgmt/requests", {"action": "device/reboot", "devices": one})
    bundle = {"bundleId": "plugins", "description": word, "actions": {"install": {}}}
    client.call("POST", f"{V2}/mgmt/custom/bundle", bundle)
    site.application(word)
    return {
        "organization": site.org,
        "device_type": TYPE,
        "type_id": TYPE,
        "device_id": DEVICE,
        "more": DEVICE,
        "event_id": "status",
        "command_id": "reboot",
        "log_id": client.get(f"{path}/diag/logs").body[0]["id"],
        "request_id": client.get(f"{V2}/mgmt/requests").body["results"][0]["id"],
        "client_id": f"a:{site.org}:{word}",
        "api_key": client.credentials[0],
        "bundle_id": "plugins",
    }
