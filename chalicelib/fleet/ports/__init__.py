"""What the fleet needs from the world, as Protocols. `wiring` says who serves them; tests bring fakes.

Every `replace(old, new)` is a compare-and-set on `revision`: it stores `new` with the next revision only if the stored
revision is still that of `old`, and says whether it did.
"""

from typing import Protocol

from chalicelib.fleet.access.passwords import Hasher
from chalicelib.fleet.access.proven import Proven
from chalicelib.fleet.access.windows import Windows
from chalicelib.fleet.ports.access import Authorities, Claims, Keys, StageKeys, Tenants, Trust, Usages, Users
from chalicelib.fleet.ports.answers import Outcome, Page
from chalicelib.fleet.ports.data import AuditLog, Decoders, Messages, Records
from chalicelib.fleet.ports.inventory import (
    Catalog,
    Commands,
    Configurations,
    Devices,
    Files,
    Gateways,
    Groups,
    Links,
    Mailboxes,
    Resources,
)
from chalicelib.fleet.ports.objects import Objects
from chalicelib.fleet.ports.routing import (
    Consumers,
    Formats,
    Listeners,
    Policies,
    Pushes,
    QueuedMessages,
    Queues,
    Webhooks,
)
from chalicelib.fleet.ports.running import Background, Carrier, Clock, Deadlines, Delivery, Dispatch, RouteTerms

__all__ = [
    "AuditLog",
    "Authorities",
    "Background",
    "Carrier",
    "Catalog",
    "Claims",
    "Clock",
    "Commands",
    "Configurations",
    "Consumers",
    "Deadlines",
    "Decoders",
    "Delivery",
    "Devices",
    "Dispatch",
    "Files",
    "Formats",
    "Gateways",
    "Groups",
    "Keys",
    "Links",
    "Listeners",
    "Mailboxes",
    "Messages",
    "Objects",
    "Outcome",
    "Page",
    "Policies",
    "Ports",
    "Pushes",
    "QueuedMessages",
    "Queues",
    "Records",
    "Resources",
    "RouteTerms",
    "StageKeys",
    "Tenants",
    "Trust",
    "Usages",
    "Users",
    "Webhooks",
]


class Ports(Protocol):
    @property
    def clock(self) -> Clock: ...
    @property
    def tenants(self) -> Tenants: ...
    @property
    def usages(self) -> Usages: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def stage_key(self) -> StageKeys: ...
    @property
    def users(self) -> Users: ...
    @property
    def hasher(self) -> Hasher: ...
    @property
    def proven(self) -> Proven: ...
    @property
    def windows(self) -> Windows: ...
    @property
    def authorities(self) -> Authorities: ...
    @property
    def trust(self) -> Trust: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def fence_rest(self) -> int:
        """How long (ms) a client id rests on its way to another tenant, once nobody is connected with it.

        Four times as long as a claim may be remembered without being read again.
        """

    @property
    def devices(self) -> Devices: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def objects(self) -> Objects: ...
    @property
    def mailboxes(self) -> Mailboxes: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def configurations(self) -> Configurations: ...
    @property
    def gateways(self) -> Gateways: ...
    @property
    def catalog(self) -> Catalog: ...
    @property
    def resources(self) -> Resources: ...
    @property
    def files(self) -> Files: ...
    @property
    def links(self) -> Links: ...
    @property
    def decoders(self) -> Decoders: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def queues(self) -> Queues: ...
    @property
    def queued(self) -> QueuedMessages: ...
    @property
    def consumers(self) -> Consumers: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def formats(self) -> Formats: ...
    @property
    def listeners(self) -> Listeners: ...
    @property
    def pushes(self) -> Pushes: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def records(self) -> Records: ...
    @property
    def audit(self) -> AuditLog: ...
    @property
    def terms(self) -> RouteTerms: ...
    @property
    def delivery(self) -> Delivery: ...
    @property
    def deadlines(self) -> Deadlines: ...
    @property
    def background(self) -> Background: ...
    def new_id(self, at: int) -> str: ...
    def chance(self, count: int) -> bytes: ...
    def pause(self, ms: int) -> None:
        """Do nothing for so long."""
