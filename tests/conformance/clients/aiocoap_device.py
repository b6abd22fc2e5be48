"""A device that is asked: serves `/3/0/9` observably and `/5/0/0` in blocks. Prints its port."""

import asyncio
import socket
from typing import Any

import aiocoap
from aiocoap import resource


class Battery(resource.ObservableResource):  # type: ignore[misc] # aiocoap tells no types
    level = 100

    def update_observation_count(self, count: int) -> None:
        if count:
            asyncio.get_running_loop().call_later(0.2, self.drain)

    def drain(self) -> None:
        self.level -= 1
        self.updated_state()
        if self.level > 95:
            asyncio.get_running_loop().call_later(0.2, self.drain)

    async def render_get(self, _: Any) -> Any:
        return aiocoap.Message(payload=str(self.level).encode(), content_format=0)


class Package(resource.Resource):  # type: ignore[misc] # same
    content = b""

    async def render_put(self, request: Any) -> Any:
        self.content = request.payload
        return aiocoap.Message(code=aiocoap.CHANGED)

    async def render_get(self, _: Any) -> Any:
        return aiocoap.Message(payload=self.content, content_format=42)


async def main() -> None:
    site = resource.Site()
    site.add_resource(["3", "0", "9"], Battery())
    site.add_resource(["5", "0", "0"], Package())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", port), transports=["simplesocketserver"])
    print(port, flush=True)
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
