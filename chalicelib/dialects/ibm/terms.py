"""What this dialect's routes grant every command (manual 5.2.4): a hundred wait and ten are out.

Nothing on its topics answers a command: it is done with the device's PUBACK.
"""

from chalicelib.fleet.commands.records import AckMode, Terms

TERMS = {"": Terms(queue=100, window=10, ack_mode=AckMode.NETWORK, ack_timeout=None, expiration=86_400)}
