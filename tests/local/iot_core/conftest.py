import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.local.iot_core import IotCore, TlsIdentity
from tests.clients import PATIENCE_S

from . import certificates
from .cloud import EVERYTHING, RULES, Cloud
from .device import Device, tls_client


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    certificates.write(folder)
    return folder


@dataclass
class Site:
    """A running broker, the cloud behind it and the devices of one test."""

    core: IotCore
    cloud: Cloud
    port: int
    tls: ssl.SSLContext
    pki: Path
    devices: list[Device] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    def device(self, context: ssl.SSLContext | None = None, host: str = "localhost") -> Device:
        """A network connection over TLS, before CONNECT."""
        device = Device(self.port, context or self.tls, host=host)
        self.devices.append(device)
        return device

    def raw(self) -> socket.socket:
        """A TCP connection that has not said anything."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        self.sockets.append(raw)
        return raw

    def connected(self, client_id: str = "urn:lo:nsid:dev:1", **options: Any) -> Device:
        device = self.device()
        assert device.connect(client_id, **options)[1] == 0
        return device


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(pki: Path) -> Iterator[MakeSite]:
    """Start a broker with options of `IotCore`; everything ends with the test."""
    sites: list[Site] = []

    def make(**options: Any) -> Site:
        cloud = Cloud()
        defaults: dict[str, Any] = {"rules": RULES, "clock": cloud.clock, "monotonic": cloud.monotonic}
        core = IotCore(authorize=cloud.authorize, invoke=cloud.invoke, **(defaults | options))
        core.start()
        identity = TlsIdentity(pki / "server.pem", pki / "server.key", pki / "ca.pem")
        port = core.listen_tls("127.0.0.1", 0, identity)
        sites.append(Site(core, cloud, port, tls_client(pki / "ca.pem"), pki))
        return sites[-1]

    yield make
    for site in sites:
        for device in site.devices:
            device.shut()
        for raw in site.sockets:
            raw.close()
        site.core.stop()


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A broker in strict mode."""
    return make_site()


@pytest.fixture
def lenient(make_site: MakeSite) -> Site:
    return make_site(lenient=True)


@pytest.fixture
def open_site(make_site: MakeSite) -> Site:
    """A broker in strict mode that allows everything, as interoperability suites expect."""
    site = make_site()
    site.cloud.policy = EVERYTHING
    return site
