"""The HOMEPORT_* variables."""

from pathlib import Path

import pytest

from infra.local.settings import SettingsError, read_settings


def test_without_variables_the_documented_defaults_hold() -> None:
    settings = read_settings({})

    ports = (settings.http_port, settings.https_port, settings.mqtts_port, settings.mqtt_port, settings.aws_port)
    assert ports == (8080, 8443, 8883, 1883, 4566)
    assert (settings.data, settings.bind, settings.hosts, settings.lenient) == (
        Path(".homeport").absolute(),
        "127.0.0.1",
        (),
        False,
    )


def test_hosts_are_separated_by_commas_or_blanks() -> None:
    assert read_settings({"HOMEPORT_HOSTS": "a.local, b.local  10.0.0.1,"}).hosts == ("a.local", "b.local", "10.0.0.1")


def test_nobody_comes_without_credentials_unless_told_so() -> None:
    assert read_settings({"HOMEPORT_LENIENT": "1"}).quickstart_clients == 0
    assert read_settings({"HOMEPORT_LENIENT": "1", "HOMEPORT_QUICKSTART_CLIENTS": "50"}).quickstart_clients == 50
    with pytest.raises(SettingsError, match="QUICKSTART"):
        read_settings({"HOMEPORT_QUICKSTART_CLIENTS": "50"})


def test_further_ports_are_a_list_and_without_tls_only_in_lenient_mode() -> None:
    settings = read_settings({"HOMEPORT_FURTHER_MQTTS_PORTS": "443, 8884"})
    assert (settings.further_mqtts_ports, settings.further_mqtt_ports) == ((443, 8884), ())
    plain = {"HOMEPORT_FURTHER_MQTT_PORTS": "80 1884"}
    assert read_settings(plain | {"HOMEPORT_LENIENT": "1"}).further_mqtt_ports == (80, 1884)
    with pytest.raises(SettingsError, match="HOMEPORT_FURTHER_MQTT_PORTS needs"):
        read_settings(plain)


@pytest.mark.parametrize(("text", "lenient"), [("1", True), ("true", True), ("0", False), ("", False), ("no", False)])
def test_the_switch_is_read_as_people_write_it(text: str, lenient: bool) -> None:  # noqa: FBT001  a table of cases
    assert read_settings({"HOMEPORT_LENIENT": text}).lenient is lenient


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HOMEPORT_HTTP_PORT", "http"),
        ("HOMEPORT_AWS_PORT", "65536"),
        ("HOMEPORT_MQTTS_PORT", "-1"),
        ("HOMEPORT_FURTHER_MQTTS_PORTS", "x"),
        ("HOMEPORT_HTTPS_PORT", "٣"),
        ("HOMEPORT_LENIENT", "maybe"),
        ("HOMEPORT_QUICKSTART_CLIENTS", "many"),
        ("HOMEPORT_QUICKSTART_CLIENTS", "10001"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}={text}"):
        read_settings({name: text})
