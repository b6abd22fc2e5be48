"""The ports of the fleet in memory: a clock that is set, ids and chance from a seed, a broker that follows a script."""

from random import Random

from chalicelib.dialects.formats import DialectListeners
from chalicelib.dialects.worded import DialectWordings
from chalicelib.fleet import delivering, ids
from chalicelib.fleet.access.passwords import Cost
from chalicelib.fleet.access.proven import Proven
from chalicelib.fleet.access.windows import Windows
from chalicelib.fleet.presence import fencing, relaying
from tests.fakes.access import (
    CountingHasher,
    ListedTrust,
    MemoryAuthorities,
    MemoryClaims,
    MemoryKeys,
    MemoryTenants,
    MemoryUsers,
    SetStageKey,
)
from tests.fakes.alarms import MemoryAlarms
from tests.fakes.clock import (
    START,
    SetClock,
)
from tests.fakes.commands import (
    MemoryCommands,
)
from tests.fakes.data import (
    MemoryAudit,
    MemoryDecoders,
    MemoryMessages,
    MemoryRecords,
)
from tests.fakes.directory import MemoryDirectory
from tests.fakes.gateways import (
    MemoryGateways,
)
from tests.fakes.inventory import (
    MemoryConfigurations,
    MemoryDevices,
    MemoryGroups,
    MemoryMailboxes,
)
from tests.fakes.objects import MemoryObjects
from tests.fakes.queues import (
    ListedPushes,
    MemoryConsumers,
    MemoryPolicies,
    MemoryQueued,
    MemoryQueues,
    PlainFormats,
    ScriptedWebhooks,
)
from tests.fakes.resources import (
    MemoryCatalog,
    MemoryFiles,
    MemoryLinks,
    MemoryResources,
)
from tests.fakes.running import (
    ListedCoapGateways,
    ListedDeadlines,
    ListedPostponed,
    QueuedBackground,
    ScriptedDelivery,
    SetTerms,
)
from tests.fakes.usages import MemoryUsages

__all__ = [
    "START",
    "CountingHasher",
    "ListedCoapGateways",
    "ListedDeadlines",
    "ListedPushes",
    "ListedTrust",
    "MemoryAlarms",
    "MemoryAudit",
    "MemoryAuthorities",
    "MemoryCatalog",
    "MemoryClaims",
    "MemoryCommands",
    "MemoryConfigurations",
    "MemoryConsumers",
    "MemoryDecoders",
    "MemoryDevices",
    "MemoryDirectory",
    "MemoryFiles",
    "MemoryGateways",
    "MemoryGroups",
    "MemoryKeys",
    "MemoryLinks",
    "MemoryMailboxes",
    "MemoryMessages",
    "MemoryObjects",
    "MemoryPolicies",
    "MemoryPorts",
    "MemoryQueued",
    "MemoryQueues",
    "MemoryRecords",
    "MemoryResources",
    "MemoryTenants",
    "MemoryUsages",
    "MemoryUsers",
    "PlainFormats",
    "QueuedBackground",
    "ScriptedDelivery",
    "ScriptedWebhooks",
    "SetClock",
    "SetStageKey",
    "SetTerms",
]


FENCE_REST = 300_000


class MemoryPorts:
    """All ports; `seed` decides ids and chance. `run_background` does what a handler asked to be done after it."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.pauses: list[int] = []
        self.clock = SetClock()
        self.tenants = MemoryTenants()
        self.usages = MemoryUsages()
        self.keys = MemoryKeys(usages=self.usages)
        self.stage_key = SetStageKey()
        self.users = MemoryUsers(usages=self.usages)
        self.hasher = CountingHasher(Cost(n=2, r=1, p=1), bytes(32))
        self.proven = Proven(bytes(32))
        self.windows = Windows()
        self.authorities = MemoryAuthorities()
        self.trust = ListedTrust()
        self.directory = MemoryDirectory()
        self.claims = MemoryClaims(usages=self.usages)
        self.fence_rest = FENCE_REST
        self.mailboxes = MemoryMailboxes()
        self.configurations = MemoryConfigurations()
        self.resources = MemoryResources()
        self.groups = MemoryGroups()
        self.objects = MemoryObjects()
        self.devices = MemoryDevices(
            self.mailboxes,
            self.configurations,
            self.resources,
            self.groups,
            self.usages,
            self.claims,
            objects=self.objects,
        )
        self.gateways = MemoryGateways()
        self.catalog = MemoryCatalog(usages=self.usages)
        self.files = MemoryFiles()
        self.links = MemoryLinks()
        self.commands = MemoryCommands()
        self.decoders = MemoryDecoders()
        self.messages = MemoryMessages(files=self.files)
        self.alarms = MemoryAlarms()
        self.queues = MemoryQueues(usages=self.usages)
        self.queued = MemoryQueued()
        self.consumers = MemoryConsumers()
        self.policies = MemoryPolicies(usages=self.usages)
        self.formats = PlainFormats()
        self.listeners = DialectListeners(self)
        self.pushes = ListedPushes()
        self.webhooks = ScriptedWebhooks()
        self.records = MemoryRecords()
        self.audit = MemoryAudit()
        self.terms = SetTerms()
        self.wordings = DialectWordings(self)
        self.delivery = ScriptedDelivery(self.clock)
        self.deadlines = ListedDeadlines()
        self.background = QueuedBackground()
        self.postponed = ListedPostponed()
        self.coaps = ListedCoapGateways()

    def new_id(self, at: int) -> str:
        return ids.timed_id(at, self.chance(7))

    def chance(self, count: int) -> bytes:
        return self.random.randbytes(count)

    def pause(self, ms: int) -> None:
        self.pauses.append(ms)

    def run_background(self) -> None:
        while self.background.deliveries or self.background.wakes or self.background.fences:
            if self.background.fences:
                fencing.close(self, *self.background.fences.popleft(), self.clock.now() + 20_000)
                continue
            if self.background.wakes:
                relaying.wake(self, *self.background.wakes.popleft(), self.clock.now() + 60_000)
                continue
            tenant, device = self.background.deliveries.popleft()
            delivering.deliver(self, tenant, device, self.clock.now() + 60_000)
