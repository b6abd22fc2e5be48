"""Eclipse Paho for Python, MQTT 5: what IoT Core supports of it, step by step. `paho_mqtt5.py PORT CA CLIENT_ID`.

Subscribe, publish with properties and a topic alias, repeat a direct message to where it asks for it, leave.
"""

# Runs in an environment of its own, where the client is: nothing of the project can be imported here.
# mypy: ignore-errors
import queue
import ssl
import sys

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

WAIT_S = 20

port, ca, client_id = int(sys.argv[1]), sys.argv[2], sys.argv[3]
seen: queue.Queue[tuple[str, object]] = queue.Queue()
arrived: queue.Queue[paho.MQTTMessage] = queue.Queue()


def told(packet_type: int, **values: object) -> Properties:
    properties = Properties(packet_type)
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def expect(kind: str) -> object:
    found, value = seen.get(timeout=WAIT_S)
    assert found == kind, (found, value)
    return value


client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
client.username_pw_set("json+device", "secret")
client.tls_set(ca, tls_version=ssl.PROTOCOL_TLS_CLIENT)
client.on_connect = lambda _client, _data, _flags, reason, properties: seen.put(("connected", (reason, properties)))
client.on_subscribe = lambda _client, _data, _mid, reasons, _properties: seen.put(("subscribed", reasons))
client.on_publish = lambda _client, _data, _mid, reason, _properties: seen.put(("published", reason))
client.on_message = lambda _client, _data, message: arrived.put(message)
client.connect(
    "localhost",
    port,
    keepalive=30,
    clean_start=True,
    properties=told(PacketTypes.CONNECT, SessionExpiryInterval=7200, ReceiveMaximum=10),
)
client.loop_start()

reason, offered = expect("connected")
assert reason.value == 0, reason
print("session expiry", offered.SessionExpiryInterval, "topic aliases", offered.TopicAliasMaximum, flush=True)
client.subscribe("dev/cfg", options=paho.SubscribeOptions(qos=1, noLocal=True))
print("granted", expect("subscribed")[0].value, flush=True)
given = told(PacketTypes.PUBLISH, ContentType="text/plain", TopicAlias=3, UserProperty=[("unit", "K"), ("unit", "C")])
client.publish("dev/data", "from paho", qos=1, properties=given)
print("data", expect("published"), flush=True)
client.publish("", "by its alias", qos=1, properties=told(PacketTypes.PUBLISH, TopicAlias=3))
print("alias", expect("published"), flush=True)
client.publish("dev/cmd", "denied", qos=1)
print("denied", expect("published"), flush=True)
message = arrived.get(timeout=WAIT_S)
print("asked for", message.properties.ResponseTopic, message.properties.UserProperty, flush=True)
answer = told(PacketTypes.PUBLISH, CorrelationData=message.properties.CorrelationData)
client.publish(message.properties.ResponseTopic, message.payload, qos=1, properties=answer)
expect("published")
client.disconnect(properties=told(PacketTypes.DISCONNECT, SessionExpiryInterval=0))
client.loop_stop()
