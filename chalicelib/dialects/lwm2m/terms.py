"""What devices with a model grant commands: what of them they can do is asked as operations, of which fifty wait."""

from chalicelib.fleet.commands.records import Terms
from chalicelib.fleet.twin.records import MOST_ACTIVE

TERMS = {"": Terms(queue=MOST_ACTIVE, ack_timeout=None, expiration=None)}
