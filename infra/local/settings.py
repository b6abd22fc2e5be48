"""What an operator sets from outside: the HOMEPORT_* variables."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.dialects import registry

_HIGHEST_PORT = 65535
_MOST = 10_000
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(Exception):
    """A HOMEPORT_* variable holds something the stack cannot start with; the text names the variable."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Ports are TCP ports, CoAP's UDP ports, 0 meaning "pick a free one".

    `hosts` are further DNS names of the server certificate.
    `quickstart_clients` is how many clients without credentials may be connected at a time.
    `shuffle` is the seed by which functions get what devices do out of order; 0 for the order in which they did it.
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
    realtime_port: int = 0
    coaps_port: int = 0
    coaps_bootstrap_port: int = 0
    quickstart_clients: int = 0
    shuffle: int = 0
    further_mqtts_ports: tuple[int, ...] = ()
    further_mqtt_ports: tuple[int, ...] = ()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the HOMEPORT_* variables; raises SettingsError for one that makes no sense."""
    lenient, guests = _switch(environment, "HOMEPORT_LENIENT"), _count(environment, "HOMEPORT_QUICKSTART_CLIENTS")
    if guests and not lenient:
        raise SettingsError(
            "HOMEPORT_QUICKSTART_CLIENTS needs HOMEPORT_LENIENT=1: IoT Core lets nobody in without credentials"
        )
    _ensure_dialects(environment)
    further = _ports(environment, "HOMEPORT_FURTHER_MQTT_PORTS")
    if further and not lenient:
        raise SettingsError("HOMEPORT_FURTHER_MQTT_PORTS needs HOMEPORT_LENIENT=1: IoT Core has no port without TLS")
    settings = Settings(
        http_port=_port(environment, "HOMEPORT_HTTP_PORT", 8080),
        https_port=_port(environment, "HOMEPORT_HTTPS_PORT", 8443),
        mqtts_port=_port(environment, "HOMEPORT_MQTTS_PORT", 8883),
        mqtt_port=_port(environment, "HOMEPORT_MQTT_PORT", 1883),
        aws_port=_port(environment, "HOMEPORT_AWS_PORT", 4566),
        realtime_port=_port(environment, "HOMEPORT_REALTIME_PORT", 8111),
        coaps_port=_port(environment, "HOMEPORT_COAPS_PORT", 5684),
        coaps_bootstrap_port=_port(environment, "HOMEPORT_COAPS_BOOTSTRAP_PORT", 5685),
        data=Path(environment.get("HOMEPORT_DATA") or ".homeport").absolute(),
        hosts=tuple(environment.get("HOMEPORT_HOSTS", "").replace(",", " ").split()),
        bind=environment.get("HOMEPORT_BIND") or "127.0.0.1",
        lenient=lenient,
        quickstart_clients=guests,
        shuffle=_count(environment, "HOMEPORT_SHUFFLE"),
        further_mqtts_ports=_ports(environment, "HOMEPORT_FURTHER_MQTTS_PORTS"),
        further_mqtt_ports=further,
    )
    _check_distinct(settings)
    if settings.coaps_port and settings.coaps_port == settings.coaps_bootstrap_port:
        raise SettingsError("HOMEPORT_COAPS_PORT and HOMEPORT_COAPS_BOOTSTRAP_PORT are the same: give each its own")
    return settings


def log_level(environment: Mapping[str, str], default: str) -> int:
    """HOMEPORT_LOG as a number of `logging`; raises SettingsError for a level that there is not."""
    text = environment.get("HOMEPORT_LOG", "").strip()
    if text and text.upper() not in _LEVELS:
        raise SettingsError(f"HOMEPORT_LOG={text} is none of {', '.join(_LEVELS)}")
    return int(getattr(logging, text.upper() or default))


def _check_distinct(settings: Settings) -> None:
    """Raises SettingsError where two would listen on one port: the later one fails only once it listens."""
    ports = [
        ("HOMEPORT_HTTP_PORT", (settings.http_port,)),
        ("HOMEPORT_HTTPS_PORT", (settings.https_port,)),
        ("HOMEPORT_MQTTS_PORT", (settings.mqtts_port,)),
        ("HOMEPORT_MQTT_PORT", (settings.mqtt_port,) if settings.lenient else ()),
        ("HOMEPORT_AWS_PORT", (settings.aws_port,)),
        ("HOMEPORT_REALTIME_PORT", (settings.realtime_port,)),
        ("HOMEPORT_FURTHER_MQTTS_PORTS", settings.further_mqtts_ports),
        ("HOMEPORT_FURTHER_MQTT_PORTS", settings.further_mqtt_ports),
    ]
    users: dict[int, str] = {}
    for name, numbers in ports:
        for port, times in Counter(number for number in numbers if number).items():
            if times > 1:
                raise SettingsError(f"{name} has {port} twice")
            if port in users:
                raise SettingsError(f"{users[port]} and {name} are both {port}: give each a port of its own")
            users[port] = name


def _ensure_dialects(environment: Mapping[str, str]) -> None:
    text = environment.get(registry.SETTING, "")
    try:
        registry.chosen(text)
    except ValueError as error:
        raise SettingsError(f"{registry.SETTING}={text}: {error}") from error


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
