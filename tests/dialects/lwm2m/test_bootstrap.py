"""Bootstrap: what is kept of configurations and entries, and what a device is told (manual 7.7)."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.lwm2m.rig import ENDPOINT, IDENTITY, SECRET, URN, Endpoint, provision

pytestmark = pytest.mark.row("F8")
CONFIGS, ENTRIES = "/api/v1/bootstrap/lwm2m/configs", "/api/v1/bootstrap/lwm2m/entries"
BOOTSTRAP_IDENTITY, KEY = "bootstrap-identity", "0123456789ABCDEF0123456789ABCDEF"
SENML = 110
OURS: dict[str, Any] = {
    "id": "LOServer",
    "useLiveObjects": True,
    "renewSecurityOnBootstrap": False,
    "lwm2mDefinition": {
        "security": {"shortServerId": 1},
        "server": {"shortServerId": 1, "lifetime": 300, "binding": "U"},
    },
}
THEIRS: dict[str, Any] = {
    "id": "theirs",
    "useLiveObjects": False,
    "lwm2mDefinition": {
        "security": {"shortServerId": 2, "lwm2mServerUri": "coaps://myserver:5684", "securityMode": 0},
        "server": {"shortServerId": 2, "lifetime": 200, "binding": "U"},
    },
}


def configure(client: Client, *servers: Mapping[str, Any]) -> str:
    reply = client.call("POST", CONFIGS, {"name": "BootstrapConfig", "runServers": list(servers)})
    assert reply.status == 201, reply.raw
    return str(reply.body["id"])


def enter(client: Client, config: str | None, *run: Mapping[str, Any], endpoint: str = ENDPOINT) -> str:
    """The path of the entry."""
    definition = {"bootstrapConfigId": config, "runServers": list(run)} if config else {}
    info = {"identity": BOOTSTRAP_IDENTITY, "secret": KEY}
    body = {"endpointName": endpoint, "security": {"mode": "PSK", "pskInfo": info}, "definition": definition}
    reply = client.call("POST", ENTRIES, body)
    assert reply.status == 201, reply.raw
    return f"{ENTRIES}/{endpoint}"


def run_security(id_: str = "LOServer", **info: str) -> dict[str, Any]:
    return {"id": id_, "security": {"pskInfo": info}}


class Bootstrapping(Endpoint):
    """The device at the bootstrap door: what it has, and what it was told, by path."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, BOOTSTRAP_IDENTITY)
        self.told: list[tuple[str, str]] = []
        self.written: dict[str, Any] = {}
        self.codes: dict[str, str] = {}
        self.discovered: Mapping[str, Any] | None = None

    def event(self, kind: str, **told: Any) -> dict[str, Any]:
        return super().event(kind, **{**told, "door": "bootstrap"})

    def begin(self, endpoint: str = ENDPOINT, pct: int = SENML) -> str:
        return str(self.send("POST", ["bs"], query=[f"ep={endpoint}", f"pct={pct}"])["code"])

    def _answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        path = "/" + "/".join(request["path"])
        self.told.append((request["method"], path))
        code = self.codes.get(f"{request['method']} {path}")
        if code is not None:
            return {"silence": code} if code.isalpha() else {"code": code}
        if request["method"] == "GET" and self.discovered is not None:
            return self.discovered
        if request["method"] == "GET":
            links = b"</0/0>;ssid=9,</0/3>,</1/0>"
            return {"code": "2.05", "format": 40, "payload": base64.b64encode(links).decode()}
        if request["method"] == "PUT":
            pack = json.loads(base64.b64decode(request["payload"]))
            self.written |= {each["n"]: each.get("v", each.get("vs", each.get("vd", each.get("vb")))) for each in pack}
        return {"code": "2.02" if request["method"] == "DELETE" else "2.04"}


def activity(client: Client, entry: str) -> Mapping[str, Any]:
    found = client.call("GET", entry).body["activity"]
    assert isinstance(found, dict)
    return found


@pytest.fixture
def device_at_the_door(client: Client) -> Bootstrapping:
    return Bootstrapping(client)


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_device_is_told_of_its_servers(client: Client, device_at_the_door: Bootstrapping) -> None:
    provision(client)
    run = [run_security(identity=IDENTITY, secret=SECRET), run_security("theirs", secret="their_secret")]
    entry = enter(client, configure(client, OURS, THEIRS), *run)
    door = device_at_the_door
    assert door.connect()
    assert door.begin() == "2.04"
    assert activity(client, entry)["status"] == "IN_PROGRESS"
    door.work(awaited=True)
    assert door.told == [
        ("GET", "/0"),
        ("DELETE", "/0"),
        ("DELETE", "/1"),
        ("DELETE", "/21"),
        ("PUT", "/0/0"),
        ("PUT", "/1/0"),
        ("PUT", "/0/1"),
        ("PUT", "/1/1"),
        ("POST", "/bs"),
    ]
    assert door.written["/0/0/0"] == client.ports.coaps.uri
    assert decoded(door.written["/0/0/3"]) == IDENTITY.encode()
    assert decoded(door.written["/0/0/5"]) == bytes.fromhex(SECRET)
    assert (door.written["/0/0/1"], door.written["/0/0/2"], door.written["/0/0/10"]) == (False, 0, 1)
    assert decoded(door.written["/0/1/3"]) == BOOTSTRAP_IDENTITY.encode()
    assert decoded(door.written["/0/1/5"]) == b"their_secret"
    assert (door.written["/1/0/0"], door.written["/1/0/1"], door.written["/1/1/1"]) == (1, 300, 200)
    found = activity(client, entry)
    assert (found["status"], found["bootstrapRequestCount"], found["bootstrapFinishCount"]) == ("FINISHED", 1, 1)
    sent = found["endpointBootstrapConfig"]["runServers"][0]["security"]
    assert (sent["publicKeyOrIdentity"], sent["secretKey"]) == (IDENTITY, "***")


@pytest.mark.parametrize(
    ("own", "taken"),
    [("</0/0>,</0/1>;ssid=1", ["/0/1", "/0/2"]), ("</0/2>", ["/0/0", "/0/1"]), ("", ["/0/1", "/0/2"])],
)
def test_the_bootstrap_servers_own_instance_is_avoided(
    client: Client, device_at_the_door: Bootstrapping, own: str, taken: list[str]
) -> None:
    other = {**THEIRS, "id": "other"}
    definition = other["lwm2mDefinition"]
    other["lwm2mDefinition"] = {part: {**definition[part], "shortServerId": 7} for part in definition}
    run = [run_security("theirs", secret="a"), run_security("other", secret="b")]
    enter(client, configure(client, THEIRS, other), *run)
    door = device_at_the_door
    door.connect()
    door.codes["GET /0"] = "4.00"
    if own:
        del door.codes["GET /0"]
        answered = {"code": "2.05", "format": 40, "payload": base64.b64encode(own.encode()).decode()}
        door.discovered = answered
    door.begin()
    door.work(awaited=True)
    assert [path for method, path in door.told if method == "PUT" and path.startswith("/0/")] == taken


@pytest.mark.parametrize(
    ("step", "code", "status"),
    [
        ("DELETE /0", "4.04", "FINISHED"),
        ("DELETE /21", "4.05", "FINISHED"),
        ("DELETE /1", "4.05", "FAILED"),
        ("DELETE /0", "5.00", "FAILED"),
        ("GET /0", "4.05", "FINISHED"),
        ("GET /0", "UNACKNOWLEDGED", "FAILED"),
        ("PUT /0/0", "4.00", "FAILED"),
        ("POST /bs", "4.06", "FAILED"),
        ("POST /bs", "UNANSWERED", "FAILED"),
    ],
)
def test_how_a_bootstrap_ends(
    client: Client, device_at_the_door: Bootstrapping, step: str, code: str, status: str
) -> None:
    entry = enter(client, configure(client, THEIRS), run_security("theirs", secret="their_secret"))
    door = device_at_the_door
    door.connect()
    door.codes[step] = code
    door.begin()
    door.work(awaited=True)
    assert activity(client, entry)["status"] == status
    assert activity(client, entry)["bootstrapFinishCount"] == (status == "FINISHED")


def managed(client: Client) -> str:
    definition = {"endpointName": ENDPOINT, "bootstrap": {"managed": "true"}}
    body = {"id": URN, "interfaces": [{"connector": "lwm2m", "definition": definition}]}
    assert client.call("POST", DEVICES, body).status == 200
    return f"{DEVICES}/{URN}"


def test_credentials_are_new_at_each_bootstrap_and_the_last_ones_go_on_until_they_are_used(
    client: Client, device_at_the_door: Bootstrapping
) -> None:
    device = managed(client)
    enter(client, configure(client, {**OURS, "renewSecurityOnBootstrap": True}))
    door = device_at_the_door
    door.connect()
    proven = []
    for _ in range(2):
        assert door.begin() == "2.04"
        door.work(awaited=True)
        identity = decoded(door.written["/0/0/3"]).decode()
        endpoint = Endpoint(client, identity)
        assert endpoint.connect()
        assert endpoint.key == decoded(door.written["/0/0/5"])
        assert len(endpoint.key) == 16
        proven.append(endpoint)
    first, second = proven
    assert (first.identity, first.key) != (second.identity, second.key)
    (shown,) = client.call("GET", f"{device}/interfaces").body
    assert shown["definition"]["security"]["pskInfo"] == {"identity": second.identity}
    assert shown["activity"].keys() == {"lastBootstrapProvisioningDate"}
    assert first.register() == "2.01"
    assert second.register() == "2.01"
    assert not Endpoint(client, first.identity).connect()
    assert first.principal in client.ports.coaps.forgotten


def test_who_is_not_managed_has_to_agree(client: Client, device_at_the_door: Bootstrapping) -> None:
    provision(client)
    entry = enter(client, configure(client, OURS), run_security(identity=IDENTITY, secret="another"))
    door = device_at_the_door
    door.connect()
    assert door.begin() == "4.00"
    assert activity(client, entry)["status"] == "FAILED"
    assert door.work(awaited=True) == {}
    assert door.told == []
    endpoint = Endpoint(client)
    assert endpoint.connect()
    assert endpoint.key == bytes.fromhex(SECRET)


@pytest.mark.parametrize("case", ["no device", "another tenant's", "no configuration", "another endpoint", "no secret"])
def test_what_cannot_be_told_is_refused(client: Client, device_at_the_door: Bootstrapping, case: str) -> None:
    if case == "another tenant's":
        managed(Client(client.ports, "other"))
    elif case != "no device":
        managed(client)
    run = [] if case == "no secret" else [run_security(secret="secret")]
    enter(client, None if case == "no configuration" else configure(client, OURS), *run)
    door = device_at_the_door
    door.connect()
    assert door.begin("another" if case == "another endpoint" else ENDPOINT) == "4.00"
    assert door.work(awaited=True) == {}
    assert any(entry.tenant == client.tenant.id for entry in client.ports.audit.rows.values())


def test_a_second_request_begins_anew_and_a_late_word_of_the_first_changes_nothing(
    client: Client, device_at_the_door: Bootstrapping
) -> None:
    entry = enter(client, configure(client, THEIRS), run_security("theirs", secret="their_secret"))
    door = device_at_the_door
    door.connect()
    door.begin()
    event = {"principal": door.principal, "holder": "run-1", "awaited": True}
    old = door.event("next", **event)["work"]
    door.begin()
    late = door.event("next", done={"work": old, "silence": "UNACKNOWLEDGED"}, **event)
    assert late["work"] != old
    assert activity(client, entry)["status"] == "IN_PROGRESS"
    # whoever comes after a gateway that died goes on where it was
    door.holder = "run-2"
    door.work(awaited=True)
    assert activity(client, entry)["status"] == "FINISHED"


def test_the_doors_know_nothing_of_each_other(client: Client) -> None:
    provision(client)
    enter(client, configure(client, THEIRS), run_security("theirs", secret="their_secret"))
    assert not Endpoint(client, BOOTSTRAP_IDENTITY).connect()
    door = Bootstrapping(client)
    door.identity = IDENTITY
    assert not door.connect()
    run = Endpoint(client)
    run.connect()
    assert run.send("POST", ["bs"], query=[f"ep={ENDPOINT}"])["code"] == "4.04"


def test_secrets_are_shown_to_whom_they_may_be(client: Client) -> None:
    entry = enter(client, configure(client, OURS), run_security(identity="run", secret=KEY))
    assert KEY not in client.call("GET", entry).raw.decode()
    assert KEY not in client.call("GET", ENTRIES).raw.decode()
    shown = client.call("GET", entry, showSecuritySecrets="true").body
    assert shown["definition"]["runServers"][0]["security"]["pskInfo"]["secret"] == KEY
    assert shown["security"] == {"mode": "PSK", "pskInfo": {"identity": BOOTSTRAP_IDENTITY}}
    reading = client.key(Role.DEVICE_R)
    assert client.call("GET", entry, showSecuritySecrets="true", key=reading).status == 403
    assert [e.reason for e in client.ports.audit.rows.values()] == ["the secrets of a bootstrap entry were shown"]
    assert not any(KEY in str(record.body) for record in client.ports.records.rows.values())


def test_entries_are_changed_listed_and_deleted(client: Client, device_at_the_door: Bootstrapping) -> None:
    config, other = configure(client, THEIRS), configure(client, THEIRS)
    entry = enter(client, config, run_security("theirs", secret="their_secret"))
    assert (
        client.call("PUT", f"{entry}/definition/bootstrapConfigId", other).body["definition"]["bootstrapConfigId"]
        == other
    )
    assert client.call("PUT", f"{entry}/definition/bootstrapConfigId", "none").status == 404
    assert client.call("DELETE", f"{CONFIGS}/{other}").status == 409
    assert client.call("DELETE", f"{CONFIGS}/{config}").status == 204
    body = {"endpointName": ENDPOINT, "security": {"pskInfo": {"identity": "renamed"}}}
    assert client.call("PUT", entry, body).body["security"]["pskInfo"] == {"identity": "renamed"}
    door = device_at_the_door
    assert not door.connect()
    door.identity = "renamed"
    assert door.connect()
    assert door.key == bytes.fromhex(KEY)
    same = {"endpointName": ENDPOINT, "security": {"pskInfo": {"identity": "x", "secret": "y"}}}
    assert client.call("POST", ENTRIES, same).code == "BOOTSTRAP_ENTRY_DUPLICATE"
    third = Client(client.ports, "other")
    taken = {"endpointName": "theirs", "security": {"pskInfo": {"identity": "renamed", "secret": "y"}}}
    assert third.call("POST", ENTRIES, taken).code == "BOOTSTRAP_ENTRY_DUPLICATE"
    assert third.call("GET", entry).status == 404
    for name in ("b", "a", "c"):
        again = {"endpointName": name, "security": {"pskInfo": {"identity": name, "secret": "y"}}}
        assert client.call("POST", ENTRIES, again).status == 201
    listed = client.call("GET", ENTRIES, limit=2, bookmarkEndpointName="a").body
    assert [each["endpointName"] for each in listed] == ["b", "c"]
    assert client.call("DELETE", entry).status == 204
    assert client.call("GET", entry).code == "BOOTSTRAP_ENTRY_NOT_FOUND"
    assert door.send("POST", ["bs"], query=[f"ep={ENDPOINT}"])["forget"] is True


def with_(server: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {**server, **changes}


def defined(security: Mapping[str, Any], server: Mapping[str, Any] | None = None) -> dict[str, Any]:
    known = THEIRS["lwm2mDefinition"]
    return {"security": {**known["security"], **security}, "server": {**known["server"], **(server or {})}}


@pytest.mark.parametrize(
    "servers",
    [
        [],
        [{**THEIRS, "id": ""}],
        [THEIRS, THEIRS],
        [THEIRS, {**THEIRS, "id": "same short id"}],
        [with_(THEIRS, lwm2mDefinition=defined({}, {"shortServerId": 3}))],
        [with_(THEIRS, lwm2mDefinition=defined({"shortServerId": 65535}, {"shortServerId": 65535}))],
        [with_(THEIRS, lwm2mDefinition=defined({"lwm2mServerUri": None}))],
        [with_(THEIRS, lwm2mDefinition=defined({"securityMode": None}))],
        [with_(THEIRS, lwm2mDefinition=defined({"securityMode": 5}))],
        [with_(THEIRS, lwm2mDefinition=defined({"smsSecurityMode": 256}))],
        [with_(THEIRS, lwm2mDefinition=defined({"matchingType": 4}))],
        [with_(THEIRS, lwm2mDefinition=defined({"clientHoldOffTime": -1}))],
        [with_(THEIRS, lwm2mDefinition=defined({}, {"binding": "UQSQ"}))],
        [with_(THEIRS, lwm2mDefinition=defined({}, {"binding": "USQ"}))],
        [with_(THEIRS, lwm2mDefinition=defined({"secretKey": KEY}))],
        [with_(OURS, lwm2mDefinition={**OURS["lwm2mDefinition"], "security": {"shortServerId": 1, "secretKey": KEY}})],
        [with_(THEIRS, renewSecurityOnBootstrap=True)],
        [with_(OURS, lwm2mDefinition=defined({"lwm2mServerUri": "coaps://x"}))],
        [with_(OURS, lwm2mDefinition=defined({"lwm2mServerUri": None}))],
        [
            with_(THEIRS, lwm2mDefinition=defined({"settings": {"objectInstanceId": 1}})),
            with_(
                THEIRS,
                id="second",
                lwm2mDefinition=defined(
                    {"shortServerId": 9, "settings": {"objectInstanceId": 1}}, {"shortServerId": 9}
                ),
            ),
        ],
    ],
)
def test_what_a_configuration_has_to_say(client: Client, servers: list[dict[str, Any]]) -> None:
    reply = client.call("POST", CONFIGS, {"name": "n", "runServers": servers})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert client.call("POST", CONFIGS, {"name": "", "runServers": [THEIRS]}).status == 400


@pytest.mark.parametrize("binding", ["U", "S", "UQ", "SQ", "UQS", "UTS"])
def test_bindings_that_may_be(client: Client, binding: str) -> None:
    config = configure(client, with_(THEIRS, lwm2mDefinition=defined({}, {"binding": binding})))
    shown = client.call("GET", f"{CONFIGS}/{config}").body
    assert shown["runServers"][0]["lwm2mDefinition"]["server"]["binding"] == binding
