"""AWS's default quotas a second, for big regions (us-east-1) and for those where IoT Core has a tenth."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quotas:
    """Rates are a second; `concurrency` counts functions that run at once."""

    connects: float = 3_000
    publishes: float = 20_000
    rules: float = 20_000
    direct_messages: float = 20_000
    connections: float = 500_000
    concurrency: float = 1_000
    reserved_for_delivery: float = 850
    reserved_for_authorizer: float = 150
    executions: float = 300
    table_writes: float = 40_000
    table_reads: float = 40_000
    key_writes: float = 1_000
    api_requests: float = 10_000


BIG = Quotas()
SMALL = Quotas(connects=100, publishes=2_000, rules=2_000, direct_messages=2_000, connections=100_000, executions=150)
