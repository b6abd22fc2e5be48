"""A tenant that has one of everything, for tests that walk through all operations."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from tests import pki
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.lwm2m import rig
from tests.fakes import START

URN = "urn:lo:nsid:sensor:ofacme"
NODE = "nodeofacme"
QUEUE = "queueofacme"
POLICIES = "/api/v1/event2action/actionPolicies"


def _twin(client: Client, word: str, made: Callable[[str, Any], Any]) -> dict[str, str]:
    """What a device with a model has: it is registered, waits to be asked, is observed, and has reported."""
    interface_ = rig.interface("urn:ofacme", "identity-ofacme")
    made(f"{DEVICES}/{URN}/interfaces", interface_)
    endpoint = rig.Endpoint(client, "identity-ofacme", "urn:ofacme")
    endpoint.connect()
    endpoint.register("</3/0>,</33333/0>")
    value = f'[{{"n": "/3/0/0", "vs": "{word}"}}]'.encode()
    endpoint.send("POST", ["dp"], value, format=110)
    description = DESCRIPTION.replace("WORD", word).encode()
    path = "/api/v1/deviceMgt/twin/model/object-definitions"
    definition = client.call("POST", path, raw=description, headers={"Content-Type": "text/xml"}).body
    rule = made("/api/v1/deviceMgt/twin/data/rules", {"name": word, "type": "PASSTHROUGH", "paths": ["/"]})
    operation = made(f"{DEVICES}/{URN}/twin/operations", {"type": "READ", "paths": ["/3"], "contextToken": word})
    observation = made(f"{DEVICES}/{URN}/twin/observations", {"paths": ["/3"], "name": word})
    return {
        "object_id": "3",
        "instance_id": "0",
        "operation_id": operation["id"],
        "observation_id": observation["id"],
        "definition_id": definition["objectDefinitionId"],
        "rule_id": rule["id"],
        **_bootstrap(word, made),
    }


def _bootstrap(word: str, made: Callable[[str, Any], Any]) -> dict[str, str]:
    definition = {
        "security": {"shortServerId": 1, "lwm2mServerUri": f"coaps://{word}", "securityMode": 0},
        "server": {"shortServerId": 1},
    }
    path, servers = "/api/v1/bootstrap/lwm2m", [{"id": "one", "lwm2mDefinition": definition}]
    config = made(f"{path}/configs", {"name": word, "runServers": servers})["id"]
    info = {"pskInfo": {"identity": "bootstrap-ofacme", "secret": word}}
    entry = {"endpointName": "urn:ofacme", "security": info, "definition": {"bootstrapConfigId": config}}
    return {"config_id": config, "endpoint_name": made(f"{path}/entries", entry)["endpointName"]}


DESCRIPTION = """<LWM2M><Object ObjectType="MODefinition">
<Name>WORD</Name><Description1>WORD</Description1><ObjectID>33333</ObjectID>
<ObjectURN>urn:oma:lwm2m:x:33333</ObjectURN><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Resources><Item ID="0"><Name>Secret</Name><Operations>RW</Operations>
<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory><Type>String</Type>
</Item></Resources></Object></LWM2M>"""


def furnish(client: Client, word: str) -> dict[str, str]:
    """One of everything, with that word wherever there is room for one; what there is, by its path parameter."""

    def made(path: str, body: Any) -> Any:
        reply = client.call("POST", path, body)
        assert reply.status < 300, reply.raw
        return reply.body

    group = made("/api/v1/deviceMgt/groups", {"pathNode": word})["id"]
    interface = {"connector": "mqtt", "definition": {"clientId": NODE}}
    made(DEVICES, {"id": URN, "name": word, "tags": [word], "group": {"id": group}, "interfaces": [interface]})
    made(f"{DEVICES}/{URN}/config", {"parameters": {"p": {"type": "INT32", "value": 1}}})
    command = made(f"{DEVICES}/{URN}/commands", {"request": {"connector": "mqtt", "value": {"req": word}}})
    made("/api/v0/data/streams/mine", {"value": {"secret": word}, "metadata": {"source": URN}})
    made("/api/v0/topics/fifo", {"name": QUEUE, "maxLengthBytes": 524_288})
    routing = {
        "name": word,
        "enabled": True,
        "triggers": {"dataMessage": {"version": 1}},
        "actions": {"fifoPublish": [{"version": 1, "fifoName": QUEUE}]},
    }
    policy = made(POLICIES, routing)["id"]
    made("/api/v0/rm", {"resourceId": "fw", "description": word})
    made("/api/v0/rm/fw/version", {"resourceVersionId": "2.0", "checksum": "kAFQmDzST7DWlj99KOF/cg==", "file": "YWJj"})
    decoder = made("/api/v0/decoders/binary", {"encoding": word, "format": "int x;", "enabled": True})
    user = {"login": "ofacme", "email": "o@acme.example", "roles": ["DEVICE_R"], "tenantId": client.tenant.id}
    ca = pki.authority(now=dt.datetime.fromtimestamp(START / 1000, dt.UTC))
    namespace, asset = URN.split(":")[3:]
    named = _twin(client, word, made)
    return {
        **named,
        "device_id": URN,
        "interface_id": f"mqtt:{NODE}",
        "command_id": command["id"],
        "param_key": "p",
        "stream_id": "mine",
        "key_id": client.master.id,
        "group_id": group,
        "fifo_name": QUEUE,
        "policy_id": policy,
        "action_id": client.get(f"{POLICIES}/{policy}").body["actions"]["fifoPublish"][0]["id"],
        "resource_id": "fw",
        "version_id": "2.0",
        "current_version": "1.0",
        "decoder_id": decoder["id"],
        "user_id": made("/api/v0/users", user)["id"],
        "certificate_id": made("/api/v0/certificates/ca", {"certificate": ca.pem, "comment": word})["id"],
        "connector": "mqtt",
        "node_id": NODE,
        "namespace": namespace,
        "asset_id": asset,
    }
