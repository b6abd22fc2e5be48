"""The AWS IoT Device SDK for Python v2, MQTT 5: subscribe, publish, repeat a direct message, leave.

Run by its own interpreter: `aws_iot_sdk_mqtt5.py PORT CA CLIENT_ID`.
"""

# Runs in an environment of its own, where the SDK is: nothing of the project can be imported here.
# mypy: ignore-errors
import queue
import sys
from concurrent.futures import Future

from awscrt import io, mqtt5

WAIT_S = 20

port, ca, client_id = int(sys.argv[1]), sys.argv[2], sys.argv[3]
arrived: queue.Queue[mqtt5.PublishPacket] = queue.Queue()
connected, stopped = Future(), Future()

tls = io.TlsContextOptions()
tls.override_default_trust_store_from_path(ca_filepath=ca)
# awsiot's builders insist on certificates or on port 443.
client = mqtt5.Client(
    mqtt5.ClientOptions(
        host_name="localhost",
        port=port,
        tls_ctx=io.ClientTlsContext(tls),
        connect_options=mqtt5.ConnectPacket(
            client_id=client_id,
            username="json+device",
            password="secret",
            keep_alive_interval_sec=30,
            session_expiry_interval_sec=7200,
            receive_maximum=10,
        ),
        on_publish_callback_fn=lambda received: arrived.put(received.publish_packet),
        on_lifecycle_event_connection_success_fn=connected.set_result,
        on_lifecycle_event_connection_failure_fn=lambda failed: connected.set_exception(failed.exception),
        on_lifecycle_event_stopped_fn=stopped.set_result,
    )
)
client.start()
agreed = connected.result(WAIT_S).negotiated_settings
print("session expiry", agreed.session_expiry_interval_sec, "quality", int(agreed.maximum_qos), flush=True)
subscribed = client.subscribe(
    mqtt5.SubscribePacket([mqtt5.Subscription("dev/cfg", mqtt5.QoS.AT_LEAST_ONCE)]),
)
print("granted", int(subscribed.result(WAIT_S).reason_codes[0]), flush=True)


def publish(topic: str, payload: bytes, **told: object) -> int:
    packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, **told)
    return int(client.publish(packet).result(WAIT_S).puback.reason_code)


unit = mqtt5.UserProperty(name="unit", value="K")
print("data", publish("dev/data", b"from the SDK", content_type="text/plain", user_properties=[unit]), flush=True)
print("denied", publish("dev/cmd", b"denied"), flush=True)
message = arrived.get(timeout=WAIT_S)
asked = [(told.name, told.value) for told in message.user_properties]
print("asked for", message.response_topic, asked, flush=True)
publish(message.response_topic, message.payload, correlation_data=message.correlation_data)
client.stop(mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.NORMAL_DISCONNECTION))
stopped.result(WAIT_S)
