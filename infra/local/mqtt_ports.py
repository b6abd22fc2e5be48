"""The ports that clients of the broker come in by."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from infra.local.iot_core import HttpBackend, IotCore, TlsIdentity
from infra.local.taken import or_taken


@dataclass(frozen=True, slots=True)
class MqttPort:
    """`variable` is the setting that names it; 0 is a free one."""

    variable: str
    number: int
    secured: bool = True


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how the broker listens. What is HTTP on a port with TLS goes to `backend`."""

    core: IotCore
    host: str
    identity: TlsIdentity
    backend: HttpBackend | None = None
    bind: str = "HOMEPORT_BIND"

    def on(self, port: MqttPort) -> int:
        """The port. Raises taken.PortTakenError."""
        listen = (
            partial(self.core.listen_tls, self.host, port.number, self.identity, self.backend)
            if port.secured
            else partial(self.core.listen_plain, self.host, port.number)
        )
        return or_taken(port.variable, self.host, port.number, listen, self.bind)

    def on_all(self, variable: str, numbers: Iterable[int], *, secured: bool = True) -> list[int]:
        return [self.on(MqttPort(variable, number, secured)) for number in numbers]
