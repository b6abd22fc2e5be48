"""Asks a CoAP server everything that matters: `aiocoap_client.py PORT`. Prints a line for each answer."""

import asyncio
import sys
from typing import Any

import aiocoap


async def main(port: int) -> None:
    context = await aiocoap.Context.create_client_context()
    base = f"coap://127.0.0.1:{port}"

    async def ask(code: Any, path: str, payload: bytes = b"", content_format: int | None = None) -> None:
        message = aiocoap.Message(code=code, uri=f"{base}{path}", payload=payload, content_format=content_format)
        answer = await asyncio.wait_for(context.request(message).response, 60)
        print(path, answer.code.dotted, len(answer.payload), flush=True)

    await ask(aiocoap.POST, "/rd?ep=device&lt=300", b"</3/0>", content_format=40)
    await ask(aiocoap.PUT, "/echo", bytes(range(250)) * 40)
    await ask(aiocoap.GET, "/large")
    await ask(aiocoap.FETCH, "/echo", b"[]", content_format=110)
    await ask(aiocoap.iPATCH, "/echo", b"[]", content_format=110)
    await ask(aiocoap.GET, "/slow")
    await ask(aiocoap.GET, "/nothing")
    await context.shutdown()


asyncio.run(main(int(sys.argv[1])))
