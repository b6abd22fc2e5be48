"""A device of Xyte with Eclipse Paho in MQTT 5. `xyte_device.py HTTP_URL CA HARDWARE_KEY CLOUD_ID`.

It registers over HTTP, comes back whenever it is thrown out, and answers where it is asked to. A line of standard input
is a volume to tell, "leave" or "come".
"""

# Runs in an environment of its own, where the client is: nothing of the project can be imported here.
# mypy: ignore-errors
import json
import ssl
import sys
import urllib.parse
import urllib.request

import paho.mqtt.client as paho

http, ca, hardware_key, cloud_id = sys.argv[1:]
sent = {"hardware_key": hardware_key, "cloud_id": cloud_id, "firmware_version": "1.0.0", "name": "Hall"}
request = urllib.request.Request(  # noqa: S310 - the stack under test
    f"{http}/v1/devices", json.dumps(sent).encode(), {"Content-Type": "application/json"}
)
with urllib.request.urlopen(request, timeout=60) as answered:  # noqa: S310 - the same
    made = json.load(answered)
device, key = made["id"], made["access_key"]
print("REGISTERED", device, key, made["mqtt_hub_url"], flush=True)
OWN = f"v1/device/{device}/"
HEARD = ("command", "config", "license", "incidents")


def connected(client, _data, _flags, reason, _properties):
    if reason.is_failure:
        print("ERROR", reason, flush=True)
        return
    client.subscribe([(OWN + name, paho.SubscribeOptions(qos=1)) for name in HEARD])


def answers(name, body):
    if name == "command":
        return [{"id": body["id"], "status": status} for status in ("in_progress", "done")]
    if name == "config":
        return [body]
    return [{"id": licence["id"], "state": "inuse"} for licence in body] if name == "license" else []


def arrived(client, _data, message):
    name, body = message.topic.removeprefix(OWN), json.loads(message.payload)
    asked = getattr(message.properties, "ResponseTopic", None)
    print("MESSAGE", json.dumps({"name": name, "body": body, "asked": asked}), flush=True)
    for answer in answers(name, body):
        client.publish(asked, json.dumps(answer), qos=1)


client = paho.Client(paho.CallbackAPIVersion.VERSION2, device, protocol=paho.MQTTv5)
client.username_pw_set(device, key)
client.tls_set(ca, tls_version=ssl.PROTOCOL_TLS_CLIENT)
client.connect_timeout = 60
client.reconnect_delay_set(1, 1)
client.on_connect = connected
client.on_subscribe = lambda *_: print("LISTENING", flush=True)
client.on_disconnect = lambda *_: print("CLOSED", flush=True)
client.on_publish = lambda *_: print("SENT", flush=True)
client.on_message = arrived
hub = urllib.parse.urlsplit(made["mqtt_hub_url"])
client.connect(hub.hostname, hub.port, keepalive=30)
client.loop_start()
for line in map(str.strip, sys.stdin):
    if line == "leave":
        client.disconnect()
        client.loop_stop()
    elif line == "come":
        client.reconnect()
        client.loop_start()
    else:
        client.publish(OWN + "telemetry", json.dumps({"status": "online", "telemetries": {"volume": int(line)}}), qos=1)
client.disconnect()
client.loop_stop()
