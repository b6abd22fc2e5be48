"""Why a connection is not read at the moment: back-pressure, one reason at a time."""

from enum import Flag, auto


class Pause(Flag):
    NONE = 0
    AUTHORIZING = auto()  # bytes may be pipelined behind CONNECT [MQTT-3.1.4-5]
    RULES = auto()  # its messages come faster than rules accept them
    RECIPIENT = auto()  # a recipient of its messages does not keep up
    BYTES = auto()  # more bytes a second than the quota
    WRITING = auto()  # it does not read what we answer
