"""The console on this machine: what a browser loads, when it first shows something, how soon a big fleet is listed."""

import gzip
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from bench.quantiles import median, quantile
from chalicelib.console import files
from tests.clients import Rest, until
from tests.conformance.browser import Browser
from tests.local.running import RunningStack

DEVICES = 10_000
AT_ONCE = 4
RUNS = 10
_LIST = "/api/v1/deviceMgt/devices"
_PAGE = {"fields": "id,name,group,tags,interfaces", "limit": 51, "sort": "id"}
"""What the page of devices asks for."""
_ASKED: dict[str, dict[str, Any]] = {
    "first_page": {},
    "by_tag": {"tags": "t7"},
    "by_name": {"name": "*4242*"},
    "by_status": {"interfaces.status": "OFFLINE,REGISTERED"},
    "later_page": {"bookmarkId": "urn:lo:nsid:bench:05000"},
}
_PAINT = "performance.getEntriesByName('first-contentful-paint').map((one) => Math.round(one.startTime))[0] ?? 0"
_RENDERED = """(async () => {
  const begun = performance.now();
  location.hash = "#/devices?tag=t7";
  while (document.querySelectorAll("tbody tr").length !== 50) await new Promise(requestAnimationFrame);
  return Math.round(performance.now() - begun);
})()"""


def run() -> dict[str, float]:
    """Times in milliseconds, sizes in bytes."""
    every = files.files().values()
    figures: dict[str, float] = {
        "files": len(every),
        "bytes": sum(map(len, every)),
        "bytes_compressed": sum(len(gzip.compress(content)) for content in every),
    }
    with RunningStack() as stack:
        rest = Rest(stack)
        _fill(stack)
        for name, query in _ASKED.items():
            page, total = partial(rest.get, _LIST, **_PAGE, **query), partial(rest.total, _LIST, limit=1, **query)
            for kind, ask in (("list", page), ("count", total)):
                times = [_timed(ask) for _ in range(RUNS)]
                answered = [spent for spent in times if spent is not None]
                figures[f"{kind}_{name}_refused"] = len(times) - len(answered)
                if answered:
                    figures[f"{kind}_{name}_ms"] = median(answered)
                    figures[f"{kind}_{name}_p95_ms"] = quantile(answered, 0.95)
        rest.close()
        if shutil.which("chromium"):
            figures |= _seen(stack)
    return figures


def _fill(stack: RunningStack) -> None:
    def some(first: int) -> None:
        rest = Rest(stack)
        for number in range(first, DEVICES, AT_ONCE):
            urn = f"urn:lo:nsid:bench:{number:05}"
            interface = {"connector": "mqtt", "enabled": True, "definition": {"clientId": urn}}
            body = {"id": urn, "name": f"Device {number}", "tags": [f"t{number % 10}"], "interfaces": [interface]}
            rest.post(_LIST, body)
        rest.close()

    with ThreadPoolExecutor(AT_ONCE) as workers:
        list(workers.map(some, range(AT_ONCE)))


def _timed(ask: Callable[[], object]) -> float | None:
    """None where it was refused, as a search is that takes too long."""
    begun = time.perf_counter()
    try:
        ask()
    except AssertionError:
        return None
    return round((time.perf_counter() - begun) * 1000, 1)


def _seen(stack: RunningStack) -> dict[str, float]:
    with Browser(stack.url.replace("127.0.0.1", "localhost")) as browser:
        paints, lists = [], []
        for _ in range(5):
            browser.open()
            browser.do("there", selector="form")
            paints.append(float(until(lambda: browser.do("run", code=_PAINT))))
        for _ in range(5):
            browser.sign_in(stack.api_key)
            lists.append(float(browser.do("run", code=_RENDERED)))
        return {"first_paint_ms": median(paints), "list_on_screen_ms": median(lists)}
