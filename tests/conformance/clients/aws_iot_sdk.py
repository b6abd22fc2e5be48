"""The AWS IoT Device SDK for Python v2, MQTT 3.1.1: subscribe, publish, repeat a direct message, leave.

Run by its own interpreter: `aws_iot_sdk.py PORT CA CLIENT_ID`.
"""

# Runs in an environment of its own, where the SDK is: nothing of the project can be imported here.
# mypy: ignore-errors
import queue
import sys

from awscrt import mqtt
from awsiot import mqtt_connection_builder

WAIT_S = 20

port, ca, client_id = int(sys.argv[1]), sys.argv[2], sys.argv[3]
arrived: queue.Queue[bytes] = queue.Queue()

# The builder for custom authorizers insists on port 443.
connection = mqtt_connection_builder.new_default_builder(
    endpoint="localhost",
    port=port,
    ca_filepath=ca,
    client_id=client_id,
    username="json+device",
    password="secret",
    clean_session=True,
    keep_alive_secs=30,
)
# Before connecting, or the SDK drops what arrives on topics that it did not subscribe to.
connection.on_message(lambda payload, **_message: arrived.put(payload))
connection.connect().result(WAIT_S)
subscribed, _packet_id = connection.subscribe("dev/cfg", mqtt.QoS.AT_LEAST_ONCE)
print("granted", int(subscribed.result(WAIT_S)["qos"]), flush=True)
published, _packet_id = connection.publish("dev/data", b"from the SDK", mqtt.QoS.AT_LEAST_ONCE)
published.result(WAIT_S)
repeated, _packet_id = connection.publish("dev/echo", arrived.get(timeout=WAIT_S), mqtt.QoS.AT_LEAST_ONCE)
repeated.result(WAIT_S)
connection.disconnect().result(WAIT_S)
