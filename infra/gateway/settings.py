"""What an operator, or the template, sets for a gateway: HOMEPORT_GATEWAY_* variables, beside AWS's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from infra.local.settings import SettingsError
from infra.stage import Stage

_HIGHEST_PORT = 65_535
MOST_NODES = 4


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """Ports of UDP, but for `health_port`; 0 takes a free one. `nodes` is how many there may be.

    `forward_port` is where other nodes send what is for this one, at `address`; None for a node that is alone.
    `key_file` has the key of saved associations in place of the stage's parameter. `linger_s`: how long a report waits
    for others.
    """

    stage: Stage
    region: str
    bind: str
    port: int
    bootstrap_port: int
    health_bind: str
    health_port: int
    nodes: int = 1
    address: str = ""
    forward_port: int | None = None
    key_file: Path | None = None
    linger_s: float = 0.4

    def called(self, noun: str) -> str:
        return self.stage.called(noun)


def queue(number: int) -> str:
    """The noun of the queue that a node hears hints by."""
    return "coaps" if number == 0 else f"coaps-{number}"


NODES, ASSOCIATIONS, KEY = "gateway-nodes", "gateway-associations", "gateway-key"
"""The nouns of the gateway's tables and of its key."""


def read_settings(environment: Mapping[str, str]) -> GatewaySettings:
    """Errors: SettingsError."""
    key_file = environment.get("HOMEPORT_GATEWAY_KEY_FILE", "").strip()
    nodes = _number(environment, "HOMEPORT_GATEWAY_NODES", "1", 1, MOST_NODES)
    forward = environment.get("HOMEPORT_GATEWAY_FORWARD_PORT", "").strip()
    if nodes > 1 and not forward:
        raise SettingsError("HOMEPORT_GATEWAY_NODES above 1 needs HOMEPORT_GATEWAY_FORWARD_PORT")
    made = GatewaySettings(
        stage=_stage(environment),
        region=environment.get("AWS_REGION") or _required(environment, "AWS_DEFAULT_REGION"),
        bind=environment.get("HOMEPORT_GATEWAY_BIND") or "0.0.0.0",
        port=_port(environment, "HOMEPORT_GATEWAY_PORT", "5684"),
        bootstrap_port=_port(environment, "HOMEPORT_GATEWAY_BOOTSTRAP_PORT", "5685"),
        health_bind=environment.get("HOMEPORT_GATEWAY_HEALTH_BIND") or "127.0.0.1",
        health_port=_port(environment, "HOMEPORT_GATEWAY_HEALTH_PORT", "5680"),
        nodes=nodes,
        address=_address(environment),
        forward_port=_port(environment, "HOMEPORT_GATEWAY_FORWARD_PORT", forward) if forward else None,
        key_file=Path(key_file) if key_file else None,
        linger_s=_number(environment, "HOMEPORT_GATEWAY_LINGER_MS", "400", 0, 1000) / 1000,
    )
    if made.port and made.port == made.bootstrap_port:
        raise SettingsError("HOMEPORT_GATEWAY_PORT and HOMEPORT_GATEWAY_BOOTSTRAP_PORT are the same: give each its own")
    return made


def _stage(environment: Mapping[str, str]) -> Stage:
    try:
        return Stage(_required(environment, "HOMEPORT_STAGE"), environment.get("HOMEPORT_APP") or "homeport")
    except ValueError as error:
        raise SettingsError(f"HOMEPORT_STAGE: {error}") from error


def _address(environment: Mapping[str, str]) -> str:
    text = environment.get("HOMEPORT_GATEWAY_ADDRESS", "").strip()
    if not text:
        return ""
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise SettingsError(f"HOMEPORT_GATEWAY_ADDRESS={text[:80]} is no address") from error


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _port(environment: Mapping[str, str], name: str, default: str) -> int:
    return _number(environment, name, default, 0, _HIGHEST_PORT)


def _number(environment: Mapping[str, str], name: str, default: str, least: int, most: int) -> int:
    text = environment.get(name, "").strip() or default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsError(f"{name}={text[:80]} is not a number from {least} to {most}")
    return int(text)
