"""What this dialect's routes grant every command (manual 8.3): ten wait, one is out, and an answer has two minutes.

A device of LoRa answers when it speaks next: its acknowledgement has a day.
"""

from chalicelib.fleet.commands.records import Terms

DAY = 86_400

TERMS = {"": Terms(), "lora": Terms(ack_timeout=DAY)}
