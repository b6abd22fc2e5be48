"""What the fleet needs from the world, as Protocols. `wiring` says who serves them; tests bring fakes.

Every `replace(old, new)` is a compare-and-set on `revision`: it stores `new` with the next revision only if the stored
revision is still that of `old`, and says whether it did.
"""

from typing import Protocol

from chalicelib.fleet.ports.access import AccessPorts, Authorities, Keys, StageKeys, Trust, Users
from chalicelib.fleet.ports.alarms import Alarms
from chalicelib.fleet.ports.answers import Outcome, Page
from chalicelib.fleet.ports.commands import CommandPorts, Commands, Deadlines, RouteTerms, Wordings
from chalicelib.fleet.ports.configuration import ConfigurationPorts, Configurations
from chalicelib.fleet.ports.data import DataPorts, Decoders, Messages, Records
from chalicelib.fleet.ports.directory import Directory, DirectoryPorts
from chalicelib.fleet.ports.events import EventPorts, Formats, Listeners, Policies, Pushes, Webhooks
from chalicelib.fleet.ports.inventory import Devices, Groups, InventoryPorts
from chalicelib.fleet.ports.objects import Objects
from chalicelib.fleet.ports.presence import Claims, Gateways, Mailboxes, PresencePorts
from chalicelib.fleet.ports.queues import Consumers, QueuedMessages, QueuePorts, Queues
from chalicelib.fleet.ports.resources import Catalog, Files, Links, ResourcePorts, Resources
from chalicelib.fleet.ports.running import Background, Carrier, Clock, Delivery, Dispatch, Postponed, RunningPorts
from chalicelib.fleet.ports.tenancy import AuditLog, TenancyPorts, Tenants, Usages
from chalicelib.fleet.ports.twin import CoapGateways, TwinPorts

__all__ = [
    "Alarms",
    "AuditLog",
    "Authorities",
    "Background",
    "Carrier",
    "Catalog",
    "Claims",
    "Clock",
    "CoapGateways",
    "Commands",
    "Configurations",
    "Consumers",
    "Deadlines",
    "Decoders",
    "Delivery",
    "Devices",
    "Directory",
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
    "Postponed",
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
    "Wordings",
]


class Ports(
    TenancyPorts,
    AccessPorts,
    DirectoryPorts,
    PresencePorts,
    InventoryPorts,
    CommandPorts,
    ConfigurationPorts,
    ResourcePorts,
    DataPorts,
    EventPorts,
    QueuePorts,
    TwinPorts,
    RunningPorts,
    Protocol,
):
    """All of them: what use cases are given."""
