"""A device built with the vendor's Python SDK, told only where the platform is.

It reports two parameters, offers one command, sends one message, and runs until its standard input ends.
"""

# Runs in an environment of its own, where the SDK is: nothing of the project can be imported here.
# mypy: ignore-errors
import sys
import time

import LiveObjects

port, api_key, certificate = int(sys.argv[1]), sys.argv[2], sys.argv[3]
connection = LiveObjects.Connection()

# The SDK has host, port, key and trust store hard-wired; these lines are all that is changed.
connection._Connection__server = "localhost"
connection._Connection__port = port
connection._Connection__apiKey = api_key
connection._Connection__board.get_store_cert_filename = lambda: certificate
connection._Connection__board.get_security_level = lambda: LiveObjects.SSL
tls_set = connection._Connection__mqtt.tls_set
connection._Connection__mqtt.tls_set = lambda *_: tls_set(certificate)
LiveObjects.Connection.SSL = port
sys.modules["LiveObjects.Connection"].SSL = port


def parameter_changed(name, value):
    print(f"PARAMETER {name}={value}", flush=True)


def blink(arg):
    print(f"COMMAND blink {arg}", flush=True)
    return {"blinked": arg.get("times", 1)}


connection.add_parameter("message_rate", 10, LiveObjects.INT, parameter_changed)
connection.add_parameter("verbose", True, LiveObjects.BINARY, parameter_changed)
connection.add_command("blink", blink)
connection.connect()
time.sleep(1)
connection.add_to_payload("temperature", 21.5)
connection.add_tag("conformance")
connection.send_data()
sys.stdin.read()
connection.disconnect()
