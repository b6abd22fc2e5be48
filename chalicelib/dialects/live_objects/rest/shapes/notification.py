"""`notifyTo`: where changes of a command or a configuration are to be told."""

NOTIFY_TO = {
    "type": ["string", "null"],
    "maxLength": 255,
    "pattern": r"^(fifo|pubsub|router)/[^\s]+$",
    "description": "is fifo/…, pubsub/… or router/…",
}
