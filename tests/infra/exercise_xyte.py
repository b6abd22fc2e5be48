"""What devices of Xyte let the functions do: they come, are claimed, fall silent, and are heard again."""

from bench.units.live_objects import Bench
from bench.units.xyte import Bench as Organization
from tests.infra.scheduled import SCHEDULED

_SILENT = 5 * 60_000


def _silent(bench: Bench) -> None:
    organization = Organization(bench.cloud)
    organization.device.say()
    bench.cloud.clock.at += 100_000
    organization.device.say()
    for _ in range(2):
        # First it is found that it spoke meanwhile, then that it did not.
        bench.cloud.clock.at += 60_000
        bench.cloud.invoke("sweep", SCHEDULED)
    bench.cloud.clock.at += _SILENT
    bench.cloud.invoke("sweep", SCHEDULED)
    organization.device.say()
    organization.device.ask("DELETE")
    bench.cloud.clock.at += _SILENT
    bench.cloud.invoke("sweep", SCHEDULED)


STEPS = (_silent,)
