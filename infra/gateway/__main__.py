"""`python -m infra.gateway`: CoAP over DTLS for the devices of a deployed stage, until SIGTERM.

Exit codes: 0 stopped when asked to, with everything exported; 2 a setting is missing or makes no sense, or what it
needs is not there; 4 a part without which it is of no use has died, or its loop is stuck; 5 it could not export all.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from infra.gateway.dtls.contexts import probe
from infra.gateway.function import CONNECTIONS, READ_TIMEOUT_S
from infra.gateway.node import Node
from infra.gateway.settings import KEY, GatewaySettings, read_settings
from infra.local import log_lines
from infra.local.settings import SettingsError, log_level
from infra.local.vital import Vital

_CANNOT_START, _DIED, _NOT_EXPORTED = 2, 4, 5
_KEY_BYTES = 32
log = logging.getLogger(__name__)


def main() -> int:
    try:
        log_lines.start(log_level(os.environ, "INFO"), "%(levelname)s %(message)s")
        settings = read_settings(os.environ)
    except SettingsError as error:
        return _complain(error, _CANNOT_START)
    if (missing := probe()) is not None:
        return _complain(missing, _CANNOT_START)
    return asyncio.run(_run(settings))


async def _run(settings: GatewaySettings) -> int:
    clients = _clients(settings.region)
    try:
        keys = association_keys(settings, clients)
    except Exception as error:  # noqa: BLE001 - whatever it is, an operator is told
        return _complain(f"its key cannot be read: {error}", _CANNOT_START)
    vital = Vital()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, vital.end)
    node = Node(settings, clients, keys, vital, say=_say, machine=machine(settings.port))
    starting = asyncio.create_task(node.start())
    waiting = asyncio.create_task(asyncio.to_thread(vital.wait))
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    elif (trouble := starting.exception()) is not None:
        vital.end()
        return await _ended(node, _complain(trouble, _CANNOT_START))
    else:
        ports = " and ".join(str(coaps.port) for _, coaps in node.served.values())
        restored = starting.result()
        print(f"gateway ready: node {node.number}, CoAP over DTLS on {ports}, restored {restored}", flush=True)
    failure = await waiting
    return await _ended(node, 0 if failure is None else _complain(failure, _DIED))


async def _ended(node: Node, code: int) -> int:
    try:
        await node.stop()
    except Exception as error:
        log.exception("not everything was exported")
        return _complain(f"what was not exported is restored as it was saved last: {error!r}", code or _NOT_EXPORTED)
    return code


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(error: object, code: int) -> int:
    print(f"homeport gateway: {error}", file=sys.stderr)
    return code


def association_keys(settings: GatewaySettings, clients: Callable[[str], Any]) -> list[bytes]:
    """What associations are sealed with: keys of 32 bytes in hexadecimal, one a line, the newest first."""
    if settings.key_file is not None:
        text = settings.key_file.read_text(encoding="ascii")
    else:
        name = settings.called(KEY)
        text = str(clients("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    keys = [bytes.fromhex(line) for line in text.split()]
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise ValueError(f"a key is {_KEY_BYTES} bytes in hexadecimal")
    return keys


def machine(port: int) -> str:
    """What no two processes that run at once have in common: the port is one's own in its network."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not port or not boot.exists():
        return os.urandom(16).hex()
    return f"{boot.read_text().strip()}/{Path('/proc/self/ns/net').stat().st_ino}/{port}"


def _clients(region: str) -> Callable[[str], Any]:
    @cache
    def client(service: str) -> Any:
        import botocore.session
        from botocore.config import Config

        # Of an invocation the tries are the devices' to repeat; the rest is asked again by whoever asked.
        attempts = 1 if service == "lambda" else 4
        config = Config(
            connect_timeout=3,
            read_timeout=READ_TIMEOUT_S,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=CONNECTIONS,
        )
        return botocore.session.get_session().create_client(service, region_name=region, config=config)

    return client


if __name__ == "__main__":
    sys.exit(main())
