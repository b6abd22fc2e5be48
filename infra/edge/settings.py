"""What an operator sets for an edge: HOMEPORT_EDGE_* variables, beside AWS's own for credentials and region."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.settings import SettingsError

_HIGHEST_PORT = 65_535
_MOST_GUESTS = 10_000


@dataclass(frozen=True, kw_only=True)
class EdgeSettings:
    """`functions` is what the deployed functions' names begin with, such as `homeport-prod-`.

    `quickstart_clients` is how many clients without credentials may be connected at a time.
    `api` is the base URL of the stage's API, which `https_port` and `http_port` stand before.
    `reread_s` is after how many seconds a change of the certificate files is noticed at the latest.
    """

    functions: str
    region: str
    data: Path
    bind: str
    mqtts_port: int
    mqtt_port: int | None
    control_bind: str
    control_port: int
    certificate: Path
    key: Path
    client_ca: Path | None
    reread_s: float
    quickstart_clients: int = 0
    api: str = ""
    https_port: int | None = None
    http_port: int | None = None
    further_mqtts_ports: tuple[int, ...] = ()
    further_mqtt_ports: tuple[int, ...] = ()


def read_settings(environment: Mapping[str, str]) -> EdgeSettings:
    """Errors: SettingsError."""
    api = environment.get("HOMEPORT_EDGE_API", "").strip()
    web = {name: environment.get(name, "").strip() for name in ("HOMEPORT_EDGE_HTTPS_PORT", "HOMEPORT_EDGE_HTTP_PORT")}
    if any(web.values()) and not api.startswith(("https://", "http://")):
        raise SettingsError(
            f"{' and '.join(n for n, v in web.items() if v)} need HOMEPORT_EDGE_API, the stage's base URL"
        )
    plain = environment.get("HOMEPORT_EDGE_MQTT_PORT", "")
    client_ca = environment.get("HOMEPORT_EDGE_CLIENT_CA", "")
    guests = _count(environment, "HOMEPORT_EDGE_QUICKSTART_CLIENTS")
    return EdgeSettings(
        functions=_required(environment, "HOMEPORT_EDGE_FUNCTIONS"),
        region=environment.get("AWS_REGION") or _required(environment, "AWS_DEFAULT_REGION"),
        data=Path(environment.get("HOMEPORT_EDGE_DATA") or "/data"),
        bind=environment.get("HOMEPORT_EDGE_BIND") or "0.0.0.0",
        mqtts_port=_port(environment, "HOMEPORT_EDGE_MQTTS_PORT", "8883"),
        mqtt_port=_port(environment, "HOMEPORT_EDGE_MQTT_PORT", plain) if plain else None,
        control_bind=environment.get("HOMEPORT_EDGE_CONTROL_BIND") or "127.0.0.1",
        control_port=_port(environment, "HOMEPORT_EDGE_CONTROL_PORT", "8081"),
        certificate=Path(_required(environment, "HOMEPORT_EDGE_CERTIFICATE")),
        key=Path(_required(environment, "HOMEPORT_EDGE_KEY")),
        client_ca=Path(client_ca) if client_ca else None,
        quickstart_clients=guests,
        api=api,
        https_port=_optional_port(environment, "HOMEPORT_EDGE_HTTPS_PORT"),
        http_port=_optional_port(environment, "HOMEPORT_EDGE_HTTP_PORT"),
        further_mqtts_ports=_ports(environment, "HOMEPORT_EDGE_FURTHER_MQTTS_PORTS"),
        further_mqtt_ports=_ports(environment, "HOMEPORT_EDGE_FURTHER_MQTT_PORTS"),
        reread_s=_seconds(environment, "HOMEPORT_EDGE_REREAD_SECONDS", "30"),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _port(environment: Mapping[str, str], name: str, default: str) -> int:
    text = environment.get(name) or default
    if not text.isascii() or not text.isdigit() or int(text) > _HIGHEST_PORT:
        raise SettingsError(f"{name}={text} is not a port")
    return int(text)


def _optional_port(environment: Mapping[str, str], name: str) -> int | None:
    return _port(environment, name, "") if environment.get(name, "").strip() else None


def _ports(environment: Mapping[str, str], name: str) -> tuple[int, ...]:
    """A list, with commas or blanks between them."""
    return tuple(_port({name: text}, name, text) for text in environment.get(name, "").replace(",", " ").split())


def _count(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "").strip()
    if text and (not text.isascii() or not text.isdigit() or int(text) > _MOST_GUESTS):
        raise SettingsError(f"{name}={text} is not a number from 0 to {_MOST_GUESTS}")
    return int(text or 0)


def _seconds(environment: Mapping[str, str], name: str, default: str) -> float:
    text = environment.get(name) or default
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{name}={text} is not a number of seconds above 0")
    return float(text)
