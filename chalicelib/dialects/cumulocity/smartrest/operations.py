"""Operations as rows: the static templates 510 to 531 (guide "MQTT", "Static templates", "Subscribe templates").

Each row begins with its id and the serial of the device that is meant. An operation with several fragments that have a
template is as many rows; one without any is none.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.dialects.cumulocity.smartrest import rows
from chalicelib.web import json_text

Values = list[str]


def render(said: Mapping[str, Any], serial: str) -> str:
    """Rows of an operation, empty where no static template is for it."""
    found = [
        (template, *values)
        for fragment, value in said.items()
        if fragment in _FRAGMENTS
        for template, values in _FRAGMENTS[fragment](value)
    ]
    return "\n".join(rows.render((template, serial, *values)) for template, *values in found)


def text(value: Any) -> str:
    """A value as it stands in a row."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json_text.render(value)


def _of(value: Any, *names: str) -> Values:
    held = value if isinstance(value, Mapping) else {}
    return [text(held.get(name)) for name in names]


def _listed(value: Any, *names: str) -> Values:
    several = value if isinstance(value, list) else [value]
    return [one for each in several for one in _of(each, *names)]


Rows = Iterator[tuple[str, Values]]


def _plain(template: str, *names: str) -> Callable[[Any], Rows]:
    def written(value: Any) -> Rows:
        yield template, _of(value, *names)

    return written


def _firmware(value: Any) -> Rows:
    if isinstance(value, Mapping) and value.get("isPatch") in (True, "true"):
        yield "525", _of(value, "name", "version", "url", "dependency")
    else:
        yield "515", _of(value, "name", "version", "url")


def _software_list(value: Any) -> Rows:
    yield "516", _listed(value, "name", "version", "url")


def _relays(value: Any) -> Rows:
    yield "519", [text(one) for one in value] if isinstance(value, list) else [text(value)]


def _upload(value: Any) -> Rows:
    (kind,) = _of(value, "type")
    yield ("526", [kind]) if kind else ("520", [])


def _download(value: Any) -> Rows:
    url, kind = _of(value, "url", "type")
    yield ("524", [url, kind]) if kind else ("521", [url])


def _has_types(software: Any) -> bool:
    several = software if isinstance(software, list) else [software]
    return any(isinstance(one, Mapping) and one.get("softwareType") for one in several)


def _update(value: Any) -> Rows:
    if _has_types(value):
        yield "529", _listed(value, "name", "version", "softwareType", "url", "action")
    else:
        yield "528", _listed(value, "name", "version", "url", "action")


def _profile(value: Any) -> Rows:
    held = value if isinstance(value, Mapping) else {}
    yield "527", _profiled(held, "name", "version", "url", "action")
    if _has_types(held.get("software")):
        yield "531", _profiled(held, "name", "version", "softwareType", "url", "action")


def _profiled(held: Mapping[str, Any], *software: str) -> Values:
    """What is not there leaves its mark out."""
    found: Values = []
    if isinstance(held.get("firmware"), Mapping):
        name, version, url, patch, dependency = _of(
            {"isPatch": False, **held["firmware"]}, "name", "version", "url", "isPatch", "dependency"
        )
        found += ["$FW", name, version, url, patch, dependency]
    if held.get("software"):
        found += ["$SW", *_listed(held["software"], *software)]
    if held.get("configuration"):
        found += ["$CONF", *_listed(held["configuration"], "url", "type")]
    return found


_FRAGMENTS: Mapping[str, Callable[[Any], Rows]] = {
    "c8y_Restart": _plain("510"),
    "c8y_Command": _plain("511", "text"),
    "c8y_Configuration": _plain("513", "config"),
    "c8y_Firmware": _firmware,
    "c8y_SoftwareList": _software_list,
    "c8y_MeasurementRequestOperation": _plain("517", "requestName"),
    "c8y_Relay": _plain("518", "relayState"),
    "c8y_RelayArray": _relays,
    "c8y_UploadConfigFile": _upload,
    "c8y_DownloadConfigFile": _download,
    "c8y_LogfileRequest": _plain("522", "logFile", "dateFrom", "dateTo", "searchText", "maximumLines"),
    "c8y_CommunicationMode": _plain("523", "mode"),
    "c8y_DeviceProfile": _profile,
    "c8y_SoftwareUpdate": _update,
    "c8y_RemoteAccessConnect": _plain("530", "hostname", "port", "connectionKey"),
}
