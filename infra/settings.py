"""What an operator sets for a stage: in `stages/<stage>.toml`, in options of `deploy`, or in both.

The file makes a deployment repeatable: CloudFormation takes what is not said again for not wanted.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chalicelib.aws import coaps, fence, logs
from chalicelib.delivery.webhooks import networks
from chalicelib.dialects import registry
from chalicelib.dialects.cumulocity import polling
from chalicelib.web import brokers, cors
from infra.functions import API
from infra.gateway.settings import MOST_NODES
from infra.stage import Network
from infra.templates.gateway_facts import BALANCED, FORMS, IMAGE_TAG, PORT

FOLDER = Path("stages")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_ORIGIN = re.compile(r"\*|https?://[a-zA-Z0-9.-]+(:\d{1,5})?")
_ID = re.compile(r"(subnet|sg)-[0-9a-f]{8,17}")
_HOSTS = ("mqtt_host", "certificate_host", "wss_host", "api_host")
_FOR_WEBHOOKS = frozenset({"push", API})
_FOR_AN_EDGE = frozenset({API, "deliver", "pump", "disconnect", "uplink", "presence", "lwm2m", "sweep", "later"})
_LONGEST_REST = 86_400
_ARM = re.compile(r"[a-z]+\d+g[a-z]*\.[a-z0-9]+")
_PORTS = 65_536
_MOST_REQUESTS = 10_000
_TEXTS = (*_HOSTS, "certificate_arn", "alarm_email")
API_RATE = 500
"""Requests a second that the API of a stage takes unless somebody says otherwise."""
CLASSES = {"infrequent": "STANDARD_INFREQUENT_ACCESS", "standard": "STANDARD"}
"""DynamoDB's table classes, by what `message_class` calls them."""


class SettingsError(Exception):
    """A setting is unknown or makes no sense; the text names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Empty is what nobody set. `push_allow` are CIDR blocks, `log_sample` is a share from 0 to 1.

    `api_rate` are requests a second that the REST API takes.
    `deadlines` says who keeps those that are near: `states` or `queue`.
    `message_class` is that of the table that keeps messages: of CLASSES.
    `mqtt_address` is where devices are told to come by MQTT, host and port, where that is not `mqtt_host`.
    `dialects` are those that the stage speaks, all where none is named. `download_host` is the name of an edge,
    `fence_seconds` how long a client id rests before it goes to another tenant, `longest_poll_seconds` how long clients
    wait that poll and have heard nothing. `subnets` and `security_groups` are those of a VPC in which the targets of
    `push_allow` and `iot_endpoint` are. `gateway` is the form in which CoAP is served, `gateway_tag` the tag of its
    image, `coaps_host` the host name that LwM2M devices have.
    """

    mqtt_host: str = ""
    mqtt_address: str = ""
    certificate_host: str = ""
    wss_host: str = ""
    api_host: str = ""
    download_host: str = ""
    cors_origins: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    certificate_arn: str = ""
    alarm_email: str = ""
    push_allow: tuple[str, ...] = ()
    log_sample: float | None = None
    fence_seconds: int | None = None
    longest_poll_seconds: int | None = None
    message_class: str = "infrequent"
    deadlines: str = "states"
    api_rate: int = API_RATE
    iot_endpoint: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    gateway: str = ""
    gateway_tag: str = ""
    gateway_nodes: int = 0
    gateway_type: str = ""
    coaps_host: str = ""

    @property
    def has_hosts(self) -> bool:
        return any(getattr(self, name) for name in _HOSTS)

    def broker(self) -> str:
        """Where MQTT over TLS is served, host and port; empty where AWS makes the name."""
        return self.mqtt_address or (f"{self.mqtt_host}:{brokers.PORT}" if self.mqtt_host else "")

    def parameters(self) -> dict[str, str]:
        """Those of the triggers stack."""
        texts = {_camel(name): getattr(self, name) for name in _TEXTS if getattr(self, name)}
        return texts if self.deadlines == "states" else {**texts, "DeadlinesBy": self.deadlines}

    def throttle(self) -> tuple[int, int]:
        """Requests a second that the API takes, and how many of them at once."""
        return self.api_rate, 2 * self.api_rate

    def data_parameters(self) -> dict[str, str]:
        """Those of the data stack."""
        return {"MessageClass": CLASSES[self.message_class]}

    def gateway_parameters(self) -> dict[str, str]:
        """Those of the gateway's stack."""
        given = {
            "Gateway": self.gateway,
            "GatewayTag": self.gateway_tag,
            "GatewayNodes": str(self.gateway_nodes or ""),
            "GatewayType": self.gateway_type,
        }
        return {name: value for name, value in given.items() if value}

    def variables(self) -> dict[str, str]:
        """The environment variables of functions."""
        made = {
            "HOMEPORT_PUSH_ALLOW": ",".join(self.push_allow),
            logs.SETTING: "" if self.log_sample is None else f"{self.log_sample:g}",
            fence.SETTING: "" if self.fence_seconds is None else str(self.fence_seconds),
            polling.SETTING: "" if self.longest_poll_seconds is None else str(self.longest_poll_seconds),
            "HOMEPORT_IOT_ENDPOINT": self.iot_endpoint,
            "HOMEPORT_DEADLINES": "" if self.deadlines == "states" else self.deadlines,
            brokers.SECURED: self.broker(),
            "HOMEPORT_API_HOST": self.api_host,
            "HOMEPORT_DOWNLOAD_HOST": self.download_host,
            cors.SETTING: ",".join(self.cors_origins),
            registry.SETTING: ",".join(self.dialects),
            coaps.URI: f"coaps://{self.coaps_host}:{PORT}" if self.coaps_host else "",
            coaps.NODES: str(self.gateway_nodes or ""),
        }
        return {name: value for name, value in made.items() if value}

    def network(self) -> Network:
        """Where functions run that reach what `push_allow` and `iot_endpoint` name."""
        reaching = (_FOR_WEBHOOKS if self.push_allow else frozenset()) | (
            _FOR_AN_EDGE if self.iot_endpoint else frozenset()
        )
        return Network(self.subnets, self.security_groups, reaching if self.subnets else frozenset())


def load(stage: str, file: Path | None = None) -> dict[str, Any]:
    """What stands in the file; without one, in the stage's own if there is one. Errors: SettingsError."""
    path = file or FOLDER / f"{stage}.toml"
    if file is None and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error


def settings(values: Mapping[str, Any]) -> Settings:
    """Errors: SettingsError."""
    known = {field.name for field in fields(Settings)}
    for name in values.keys() - known:
        raise SettingsError(f"{name} is no setting; there are {', '.join(sorted(known))}")
    checked: dict[str, Any] = {}
    for name, value in values.items():
        check: Callable[[str, Any], Any] = _CHECKS.get(name, _text)
        checked[name] = check(name, value)
    made = Settings(**checked)
    if made.has_hosts and not made.certificate_arn:
        named = ", ".join(name for name in _HOSTS if getattr(made, name))
        raise SettingsError(f"{named}: own host names need certificate_arn")
    if bool(made.subnets) != bool(made.security_groups):
        raise SettingsError("subnets and security_groups go together")
    if made.subnets and not (made.push_allow or made.iot_endpoint):
        raise SettingsError("subnets are for what push_allow or iot_endpoint names, and neither is set")
    _ensure_gateway(made)
    return made


def _ensure_gateway(made: Settings) -> None:
    if made.gateway and not made.gateway_tag:
        raise SettingsError("gateway needs gateway_tag, the tag of its image")
    if not made.gateway and (made.gateway_tag or made.gateway_nodes or made.gateway_type):
        raise SettingsError("gateway_tag, gateway_nodes and gateway_type are for a gateway, and none is set")
    if made.gateway_nodes > 1 and made.gateway != BALANCED:
        raise SettingsError(f'gateway_nodes above 1 needs gateway = "{BALANCED}"')


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{name} is a text")
    return value.strip()


def _host(name: str, value: Any) -> str:
    text = _text(name, value).lower()
    if text and not _HOST.fullmatch(text):
        raise SettingsError(f"{name}: {text[:80]!r} is no host name")
    return text


def _networks(name: str, value: Any) -> tuple[str, ...]:
    wanted = value.split(",") if isinstance(value, str) else value
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(part, str) for part in wanted):
        raise SettingsError(f"{name} is a list of networks such as 10.20.0.0/16")
    try:
        return tuple(str(network) for network in networks(",".join(wanted)))
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from error


def _origins(name: str, value: Any) -> tuple[str, ...]:
    wanted = value.split(",") if isinstance(value, str) else value
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(v, str) and _ORIGIN.fullmatch(v) for v in wanted):
        raise SettingsError(f"{name} is a list of origins such as https://console.example.com, or of *")
    return tuple(wanted)


def _dialects(name: str, value: Any) -> tuple[str, ...]:
    wanted = value.split(",") if isinstance(value, str) else value
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(part, str) for part in wanted):
        raise SettingsError(f"{name} is a list of dialects such as {registry.NAMES[0]}")
    try:
        return registry.chosen(",".join(wanted)) if wanted else ()
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from error


def _ids(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) and _ID.fullmatch(v) for v in value):
        raise SettingsError(f"{name} is a list like subnet-0abc or sg-0abc")
    return tuple(value)


def _form(name: str, value: Any) -> str:
    if value not in ("", *FORMS):
        raise SettingsError(f"{name} is one of {', '.join(FORMS)}")
    return str(value)


def _tag(name: str, value: Any) -> str:
    text = _text(name, value)
    if text and not re.fullmatch(IMAGE_TAG, text):
        raise SettingsError(f"{name}: {text[:80]!r} is no tag of an image")
    return text


def _nodes(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_NODES:
        raise SettingsError(f"{name} is a whole number from 1 to {MOST_NODES}")
    return value


def _type(name: str, value: Any) -> str:
    text = _text(name, value)
    if text and not _ARM.fullmatch(text):
        raise SettingsError(f"{name}: {text[:80]!r} is no arm instance, such as t4g.nano")
    return text


def _share(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise SettingsError(f"{name} is a share from 0 to 1")
    return float(value)


def _rest(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not fence.SHORTEST <= value <= _LONGEST_REST:
        raise SettingsError(f"{name} is a whole number of seconds from {fence.SHORTEST} to {_LONGEST_REST}")
    return value


def _interval(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not polling.SHORTEST <= value <= polling.LONGEST:
        raise SettingsError(f"{name} is a whole number of seconds from {polling.SHORTEST} to {polling.LONGEST}")
    return value


def _rate(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_REQUESTS:
        raise SettingsError(f"{name} is a whole number of requests a second from 1 to {_MOST_REQUESTS}")
    return value


def _one_of(*known: str) -> Callable[[str, Any], str]:
    def checked(name: str, value: Any) -> str:
        if value not in known:
            raise SettingsError(f"{name} is one of {', '.join(known)}")
        return str(value)

    return checked


def _address(name: str, value: Any) -> str:
    text = _text(name, value).lower()
    host, _, port = text.partition(":")
    if text and not (_HOST.fullmatch(host) and port.isascii() and port.isdigit() and 0 < int(port) < _PORTS):
        raise SettingsError(f"{name} is like mqtt.example.com:8883")
    return text


def _url(name: str, value: Any) -> str:
    text = _text(name, value)
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query):
        raise SettingsError(f"{name} is like http://10.0.0.7:8081")
    return text.rstrip("/")


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys((*_HOSTS, "download_host", "coaps_host"), _host),
    "mqtt_address": _address,
    "gateway": _form,
    "gateway_tag": _tag,
    "gateway_nodes": _nodes,
    "gateway_type": _type,
    "push_allow": _networks,
    "log_sample": _share,
    "fence_seconds": _rest,
    "longest_poll_seconds": _interval,
    "cors_origins": _origins,
    "dialects": _dialects,
    "message_class": _one_of(*CLASSES),
    "api_rate": _rate,
    "deadlines": _one_of("states", "queue"),
    "iot_endpoint": _url,
    "subnets": _ids,
    "security_groups": _ids,
}


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
