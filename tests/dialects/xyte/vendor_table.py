"""The vendor's own list of endpoints, those of devices and of organizations, each with a body and the status expected.

Tickets and histories are not served.
"""

from typing import Any

NEW = {"mac": "00:00:00:00:00:07", "sn": "SN-7", "firmware_version": "1.0.0"}
TELEMETRY = {"status": "online", "telemetries": {"speed": 5.5}}
DEVICE: tuple[tuple[str, str, Any, int], ...] = (
    ("POST", "", {**NEW, "hardware_key": "{model}"}, 201),
    ("POST", "/bulk_create", [{**NEW, "hardware_key": "{model}"}], 200),
    ("POST", "/{id}/children", {"sn": "c", "model_id": "{model}", "firmware_version": "1.0.1"}, 201),
    ("GET", "/{id}/children", None, 200),
    ("DELETE", "/{id}", None, 200),
    ("POST", "/{id}/telemetry", TELEMETRY, 200),
    ("POST", "/{id}/children/telemetries", {}, 200),
    ("GET", "/{id}/command", None, 200),
    ("GET", "/{id}/command/pending_commands", None, 200),
    ("POST", "/{id}/command", {"id": "{command}", "status": "done", "message": "great success!"}, 200),
    ("GET", "/{id}/config", None, 200),
    ("POST", "/{id}/config", {"input": "htmi"}, 200),
    ("GET", "/{id}", None, 200),
    ("PUT", "/{id}", {"name": "My device's name", "details": {"color": "red"}}, 200),
    ("GET", "/{id}/space", None, 200),
    ("PUT", "/{id}/cloud_settings", {"incidents.suspend_creation": True}, 200),
    ("POST", "/{id}/events", {"name": "power surge", "category": "electric", "int_key_1": 120, "int_key_2": None}, 200),
    ("POST", "/{id}/dumps/text%2Fplain/test.txt", {}, 201),
    ("PUT", "/{id}/dumps/{dump}", {}, 200),
    ("POST", "/{id}/incidents", {"title": "For testing", "issue": "Z01", "priority": 2, "description": "Long"}, 201),
    ("GET", "/{id}/incidents", None, 200),
    ("DELETE", "/{id}/incidents/{incident}", None, 200),
    ("DELETE", "/{id}/incidents", None, 200),
    ("GET", "/{id}/license", None, 200),
    ("GET", "/{id}/licenses", None, 200),
    ("POST", "/{id}/licenses", {"state": "inuse", "id": "{license}"}, 200),
    ("GET", "/{id}/files", None, 200),
    ("GET", "/{id}/files/{file}", None, 200),
)
ORGANIZATION: tuple[tuple[str, str, Any, int], ...] = (
    ("GET", "/devices/{id}/commands", None, 200),
    ("POST", "/devices/{id}/commands", {"name": "reboot", "friendly_name": "Reboot", "extra_params": {}}, 201),
    ("DELETE", "/devices/{id}/commands/{command}", None, 200),
    ("POST", "/devices/claim", {"name": "x", "space_id": None, "mac": None, "sn": None, "cloud_id": "unknown"}, 422),
    ("DELETE", "/devices/{id}", None, 200),
    ("GET", "/devices/{id}", None, 200),
    ("GET", "/devices", None, 200),
    ("GET", "/devices/histories", None, 404),
    ("PATCH", "/devices/{id}", {"configuration": {"a": 1}}, 200),
    ("GET", "/info", None, 200),
    ("GET", "/incidents", None, 200),
    ("POST", "/spaces", {"name": "Space name", "config": {}}, 201),
    ("POST", "/spaces/find_or_create", {"name": "Building/Floor/Room", "parent_id": 1, "config": {}}, 201),
    ("GET", "/spaces", None, 200),
    ("GET", "/spaces/{space}", None, 200),
    ("PUT", "/spaces/{space}", {"name": "Renamed"}, 200),
    ("DELETE", "/spaces/{space}", None, 200),
    ("GET", "/tickets/1", None, 404),
    ("GET", "/tickets", None, 404),
    ("POST", "/tickets/1/resolved", None, 404),
    ("POST", "/tickets/1/message", {"message": "Hello!"}, 404),
    ("PUT", "/tickets/1", {"title": "New title"}, 404),
)
