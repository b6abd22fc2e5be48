"""A Live Objects device in a few lines: sends one message, then answers commands until Ctrl-C.

Reads where the local stack is from .homeport/credentials.json (or HOMEPORT_DATA).
"""

import json
import os
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

data = Path(os.environ.get("HOMEPORT_DATA", ".homeport"))
stack = json.loads((data / "credentials.json").read_text(encoding="utf-8"))

device = mqtt.Client(CallbackAPIVersion.VERSION2, "urn:lo:nsid:demo:one", protocol=MQTTProtocolVersion.MQTTv311)
device.username_pw_set("json+device", stack["apiKey"])
device.tls_set(str(data / "ca.pem"))


def connected(client: mqtt.Client, *_: Any) -> None:
    client.subscribe("dev/cmd", 1)
    client.publish("dev/data", json.dumps({"model": "room_v1", "value": {"temperature": 21.5}}), 1)
    print("sent a message; waiting for commands, Ctrl-C ends")


def commanded(client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
    command = json.loads(message.payload)
    print("command:", command)
    client.publish("dev/cmd/res", json.dumps({"res": {"done": True}, "cid": command["cid"]}), 1)


device.on_connect = connected
device.on_message = commanded
device.connect("localhost", stack["mqtts"])
try:
    device.loop_forever()
except KeyboardInterrupt:
    device.disconnect()
