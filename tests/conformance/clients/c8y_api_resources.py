"""PyPI `c8y-api`: tokens, paging loops, data of a device, users and options; the results are printed as JSON."""

# Runs in an environment of its own, where the library is: nothing of the project can be imported here.
# mypy: ignore-errors
import io
import json
import os
from datetime import UTC, datetime, timedelta

import requests
from c8y_api import CumulocityApi, HTTPBearerAuth
from c8y_api._auth import AuthUtil
from c8y_api._jwt import JWT
from c8y_api.model import (
    Alarm,
    AuditRecord,
    Celsius,
    Device,
    DeviceGroup,
    Event,
    ManagedObject,
    Measurement,
    Operation,
    TenantOption,
    User,
)

told = json.loads(os.environ["HOMEPORT_CONFORMANCE"])
url, tenant = told["url"], told["tenant"]
c8y = CumulocityApi(url, tenant, told["user"], told["password"])
results = {}
PASSWORD, ANOTHER = "A Long enough 1st password!", "An0ther long enough one!"
HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


def at(n):
    return HOUR_AGO + timedelta(seconds=n)


def raised(call, arguments=()):
    try:
        call(*arguments)
    except Exception as error:  # noqa: BLE001 - what the library makes of an answer is told
        return type(error).__name__
    return "nothing"


def of_ours(found):
    return [one for one in found if one.startswith("py-")]


# Somebody with a password, and a token in its place: keys are given none.
admin = User(c8y, username="py-admin", email="py@example.com", password=PASSWORD, first_name="Py").create()
c8y.global_roles.assign_users(c8y.global_roles.get("admins").id, "py-admin")
form = {"grant_type": "PASSWORD", "username": "py-admin", "password": PASSWORD}
answer = requests.post(f"{url}/tenant/oauth/token", params={"tenant_id": tenant}, data=form, timeout=60)
token = answer.json()["access_token"]
bearer = CumulocityApi(url, tenant, auth=HTTPBearerAuth(token))
results["token"] = [JWT(token).username, JWT(token).tenant_id == tenant, JWT(token).get_valid_seconds() > 0]
results["bearer"] = [
    bearer.username,
    bearer.users.get_current().username,
    bearer.tenants.get_current().c8y is bearer,
]
auth = AuthUtil.parse_auth_string(f"Bearer {token}")
results["parsed"] = CumulocityApi(url, AuthUtil.get_tenant_id(auth), auth=auth).tenant_id == tenant
results["wrong"] = raised(CumulocityApi(url, tenant, auth=HTTPBearerAuth(token + "x")).users.get_current)
results["cookies"] = raised(CumulocityApi.authenticate, [url, tenant, "py-admin", PASSWORD])

# Objects, devices and groups.
bearer.device_inventory.create(*[Device(name=f"kiln {n}", type="py_Kiln") for n in range(7)])
kilns = list(bearer.device_inventory.select(type="py_Kiln", page_size=2))
results["devices"] = [[one.name for one in kilns], bearer.device_inventory.get_count(type="py_Kiln")]
results["second page"] = [one.name for one in bearer.inventory.select(type="py_Kiln", page_size=3, page_number=2)]
results["tuples"] = bearer.device_inventory.get_all(type="py_Kiln", as_values="name", limit=2)
kilns[0].py_Note = {"text": "old"}
kilns[0].update()
bearer.device_inventory.apply_to({"py_Note": {"text": "new"}}, *[one.id for one in kilns])
results["noted"] = len(bearer.inventory.get_all(fragment="py_Note", page_size=2))
results["one"] = bearer.inventory.get_by(query="name eq 'kiln 3' and type eq 'py_Kiln'").name
hall = DeviceGroup(bearer, root=True, name="hall").create()
bearer.group_inventory.assign_children(hall.id, *[one.id for one in kilns])
results["in hall"] = len(bearer.inventory.get_all(query=f"bygroupid({hall.id})", page_size=2))
rooms = [hall.create_child(f"room {n}") for n in range(7)]
results["rooms"] = [one.name for one in bearer.group_inventory.select(parent=hall.id, page_size=2)]
results["halls"] = [one.name for one in bearer.group_inventory.get_all(name="hall", page_size=2)]
results["groups"] = bearer.group_inventory.get_count(parent=hall.id)
addition = ManagedObject(bearer, name="note", type="py_Added").create()
kilns[0].add_child_addition(addition)
results["addition"] = [one.name for one in bearer.inventory.get(kilns[0].id).child_additions]
kiln, source = kilns[0], kilns[0].id
for n in range(7):
    bearer.identity.create(f"py kiln {n}", f"py_Serial{n}", source)
results["names"] = sorted(one.external_id for one in bearer.identity.get_all(source))
results["by name"] = bearer.identity.get_object("py kiln 3", "py_Serial3").name
results["not of objects"] = [
    raised(bearer.inventory.get_latest_availability, [source]),
    raised(bearer.inventory.get_supported_measurements, [source]),
    raised(bearer.inventory.get_supported_series, [source]),
]

# Data.
heat = [Measurement(type="py_Heat", source=source, time=at(n), py_Heat={"T": Celsius(n)}) for n in range(7)]
bearer.measurements.create(*heat)
found = list(bearer.measurements.select(source=source, type="py_Heat", page_size=2))
results["measurements"] = [[one.py_Heat.T.value for one in found], bearer.measurements.get_count(source=source)]
results["last"] = bearer.measurements.get_last(source=source, type="py_Heat").py_Heat.T.value
results["measurement"] = bearer.measurements.get(found[0].id).get_series()
series = bearer.measurements.get_series(source=source, series="py_Heat.T", after=at(-1), before=at(60))
results["series"] = [series.truncated, [one.series for one in series.specs], series.collect("py_Heat.T", "max")]
bearer.measurements.delete(found[0].id)
results["deleted"] = raised(bearer.measurements.get, [found[0].id])

bearer.events.create(*[Event(type="py_Told", time=at(n), source=source, text=f"told {n}") for n in range(7)])
events = list(bearer.events.select(source=source, type="py_Told", page_size=2))
results["events"] = [[one.text for one in events], bearer.events.get_count(source=source)]
results["last event"] = bearer.events.get_last(source=source).text
bearer.events.apply_to({"text": "all"}, *[one.id for one in events])
bearer.events.create_attachment(events[0].id, io.BytesIO(b"one"), "text/plain")
results["event"] = [bearer.events.get(events[0].id).text, bearer.events.download_attachment(events[0].id).decode()]
bearer.events.delete_by(source=source, type="py_Told")
results["no events"] = len(bearer.events.get_all(source=source))

for n in range(7):
    Alarm(bearer, type=f"py_{n}", time=at(n), source=source, text="hot", status="ACTIVE", severity="MAJOR").create()
alarms = list(bearer.alarms.select(source=source, page_size=2))
alarms[0].status = "ACKNOWLEDGED"
results["alarms"] = [len(alarms), alarms[0].update().status, bearer.alarms.count(source=source, status="ACTIVE")]
bearer.alarms.apply_by(Alarm(status="CLEARED"), source=source, status="ACTIVE")
results["cleared"] = bearer.alarms.count(source=source, status="CLEARED")
results["alarm"] = bearer.alarms.get(alarms[0].id).severity
bearer.alarms.delete_by(source=source, status="CLEARED")
results["alarms left"] = len(bearer.alarms.get_all(source=source))

for n in range(7):
    Operation(bearer, device_id=source, description=f"do {n}", py_Do={"n": n}).create()
operations = list(bearer.operations.select(device_id=source, page_size=2))
operations[0].status = Operation.Status.EXECUTING
results["operations"] = [[one.py_Do.n for one in operations], operations[0].update().status]
results["pending"] = bearer.operations.get_count(device_id=source, status="PENDING")
results["last operation"] = bearer.operations.get_last(device_id=source).py_Do.n
results["operation"] = bearer.operations.get(operations[0].id).description
bearer.operations.delete_by(device_id=source, status="PENDING")
results["operations left"] = len(bearer.operations.get_all(device_id=source))

record = {"type": "User", "activity": "py", "source": source, "severity": "INFORMATION"}
bearer.audit_records.create(*[AuditRecord(**record, time=at(n), text=f"seen {n}") for n in range(7)])
audits = list(bearer.audit_records.select(source=source, page_size=2))
results["audits"] = [len(audits), bearer.audit_records.get(audits[0].id).activity]

files = [bearer.binaries.upload(io.BytesIO(b"x"), f"py-{n}.bin", "application/x-py") for n in range(7)]
results["files"] = [len([*bearer.binaries.select(type="application/x-py", page_size=2)]), files[0].content_type]
results["counted"] = bearer.binaries.get_count(type="application/x-py")
bearer.inventory.delete(*[one.id for one in files])
bearer.group_inventory.delete_trees(hall.id)
results["kilns left"] = len(bearer.device_inventory.get_all(type="py_Kiln"))

# People, options, and devices that wait.
bearer.users.create(*[User(username=f"py-{n}", password=PASSWORD) for n in range(7)])
results["users"] = of_ours(one.username for one in bearer.users.select(page_size=2))
bob = bearer.users.get("py-0")
bob.first_name = "Bob"
results["user"] = bob.update().first_name
business = bearer.global_roles.get("business")
bob.assign_global_role(business.id)
results["roles"] = [one.name for one in bob.retrieve_global_roles()]
results["granted"] = "ROLE_INVENTORY_ADMIN" in business.permission_ids
results["in role"] = [one.username for one in bearer.users.select(groups=business.id, username="py-")]
own = CumulocityApi(url, tenant, "py-0", PASSWORD)
current = own.users.get_current()
current.last_name = "Lee"
results["current"] = [current.update().last_name, "ROLE_INVENTORY_READ" in current.effective_permission_ids]
own.users.set_current_password(PASSWORD, ANOTHER)
results["again"] = own.users.get_current().username
bob.unassign_global_role(business.id)
results["no roles"] = [one.name for one in bearer.users.get("py-0").retrieve_global_roles()]
results["all roles"] = sorted(one.name for one in bearer.global_roles.select(page_size=2))
for n in range(7):
    bearer.users.delete(f"py-{n}")
results["no user"] = raised(bearer.users.get, ["py-0"])

bearer.tenant_options.create(*[TenantOption(category="py", key=f"key{n}", value=str(n)) for n in range(7)])
option = bearer.tenant_options.get("py", "key0")
option.value = "a"
bearer.tenant_options.update(option)
bearer.tenant_options.set_value("py", "key1", "b")
bearer.tenant_options.update_by("py", {"key2": "c"})
results["options"] = bearer.tenant_options.get_all_mapped("py")
results["option"] = bearer.tenant_options.get_value("py", "key0")
results["paged options"] = len([one for one in bearer.tenant_options.select(page_size=2) if one.category == "py"])
for n in range(7):
    bearer.tenant_options.delete_by("py", f"key{n}")
results["no option"] = raised(bearer.tenant_options.get, ["py", "key0"])
bearer.device_inventory.request("py-wait")
results["accepted early"] = raised(bearer.device_inventory.accept, ["py-wait"])
bearer.delete("/devicecontrol/newDeviceRequests/py-wait")

results["not served"] = {
    "applications": raised(bearer.applications.get_all),
    "application": raised(bearer.applications.get_current),
    "inventory roles": raised(bearer.inventory_roles.get_all),
    "subscriptions": raised(bearer.notification2_subscriptions.get_all),
    "tenants": raised(bearer.tenants.get_all),
    "two factors": raised(bearer.users.get_tfa_settings, ["py-admin"]),
}
c8y.users.delete("py-admin")
print(json.dumps(results))
