"""What an operator sets from outside: the HOMEPORT_* variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_HIGHEST_PORT = 65535
_MOST = 10_000


class SettingsError(Exception):
    """A HOMEPORT_* variable holds something the stack cannot start with; the text names the variable."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Ports are TCP ports, 0 meaning "pick a free one"; hosts are further DNS names of the server certificate.

    `quickstart_clients` is how many clients without credentials may be connected at a time.
    """

    http_port: int
    https_port: int
    mqtts_port: int
    mqtt_port: int
    aws_port: int
    data: Path
    hosts: tuple[str, ...]
    bind: str
    lenient: bool
    quickstart_clients: int = 0
    further_mqtts_ports: tuple[int, ...] = ()
    further_mqtt_ports: tuple[int, ...] = ()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the HOMEPORT_* variables; raises SettingsError for one that makes no sense."""
    lenient, guests = _switch(environment, "HOMEPORT_LENIENT"), _count(environment, "HOMEPORT_QUICKSTART_CLIENTS")
    if guests and not lenient:
        raise SettingsError(
            "HOMEPORT_QUICKSTART_CLIENTS needs HOMEPORT_LENIENT=1: IoT Core lets nobody in without credentials"
        )
    further = _ports(environment, "HOMEPORT_FURTHER_MQTT_PORTS")
    if further and not lenient:
        raise SettingsError("HOMEPORT_FURTHER_MQTT_PORTS needs HOMEPORT_LENIENT=1: IoT Core has no port without TLS")
    return Settings(
        http_port=_port(environment, "HOMEPORT_HTTP_PORT", 8080),
        https_port=_port(environment, "HOMEPORT_HTTPS_PORT", 8443),
        mqtts_port=_port(environment, "HOMEPORT_MQTTS_PORT", 8883),
        mqtt_port=_port(environment, "HOMEPORT_MQTT_PORT", 1883),
        aws_port=_port(environment, "HOMEPORT_AWS_PORT", 4566),
        data=Path(environment.get("HOMEPORT_DATA") or ".homeport").absolute(),
        hosts=tuple(environment.get("HOMEPORT_HOSTS", "").replace(",", " ").split()),
        bind=environment.get("HOMEPORT_BIND") or "127.0.0.1",
        lenient=lenient,
        quickstart_clients=guests,
        further_mqtts_ports=_ports(environment, "HOMEPORT_FURTHER_MQTTS_PORTS"),
        further_mqtt_ports=further,
    )


def _count(environment: Mapping[str, str], name: str) -> int:
    """A number from 0, which is also what a variable that is not set stands for; raises SettingsError."""
    text = environment.get(name, "").strip()
    if text and (not text.isascii() or not text.isdigit() or int(text) > _MOST):
        raise SettingsError(f"{name}={text} is not a number from 0 to {_MOST}")
    return int(text or 0)


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) > _HIGHEST_PORT:
        raise SettingsError(f"{name}={text} is not a port: give a number from 0 (pick a free one) to {_HIGHEST_PORT}")
    return int(text)


def _ports(environment: Mapping[str, str], name: str) -> tuple[int, ...]:
    """A list, with commas or blanks between them; raises SettingsError."""
    return tuple(_port({name: text}, name, 0) for text in environment.get(name, "").replace(",", " ").split())


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").strip().lower()
    if text in {"", "0", "false", "no", "off"}:
        return False
    if text in {"1", "true", "yes", "on"}:
        return True
    raise SettingsError(f"{name}={text} is neither 1 nor 0")
