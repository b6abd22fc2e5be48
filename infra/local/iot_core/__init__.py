"""A stand-in for AWS IoT Core on one machine: MQTT 3.1.1 and MQTT 5 for devices, `iot-data` for the back end.

Strict mode behaves as IoT Core does; lenient mode lifts what only IoT Core forbids, for firmware that it cannot carry.
What is told about IoT Core's behaviour comes from its Developer Guide; where that is silent, a comment says so.
"""

from .data_plane import (
    DataPlaneError,
    ForbiddenException,
    GatewayTimeoutException,
    InternalFailureException,
    InvalidRequestException,
    RequestEntityTooLargeException,
    ResourceNotFoundException,
    ThrottlingException,
)
from .doorman import HttpBackend
from .guests import Guests, Relayed
from .lifecycle import Reason
from .limits import Limits
from .rules import Rule
from .server import IotCore
from .sql import SqlError
from .tls import TlsIdentity

__all__ = [
    "DataPlaneError",
    "ForbiddenException",
    "GatewayTimeoutException",
    "Guests",
    "HttpBackend",
    "InternalFailureException",
    "InvalidRequestException",
    "IotCore",
    "Limits",
    "Reason",
    "Relayed",
    "RequestEntityTooLargeException",
    "ResourceNotFoundException",
    "Rule",
    "SqlError",
    "ThrottlingException",
    "TlsIdentity",
]
