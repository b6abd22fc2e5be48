"""The HOMEPORT_* variables."""

import logging
from pathlib import Path

import pytest

from infra.local.settings import SettingsError, log_level, read_settings
from tests.local.running import ANY_PORTS


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


def test_nothing_is_shuffled_unless_told_so() -> None:
    assert [read_settings(each).shuffle for each in ({}, {"HOMEPORT_SHUFFLE": "7"})] == [0, 7]


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
        ("HOMEPORT_DIALECTS", "ibm,klingon"),
        ("HOMEPORT_QUICKSTART_CLIENTS", "10001"),
        ("HOMEPORT_SHUFFLE", "often"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}={text}"):
        read_settings({name: text})


@pytest.mark.parametrize(
    ("one", "other", "more"),
    [
        ("HOMEPORT_HTTP_PORT", "HOMEPORT_HTTPS_PORT", {}),
        ("HOMEPORT_MQTTS_PORT", "HOMEPORT_AWS_PORT", {}),
        ("HOMEPORT_HTTPS_PORT", "HOMEPORT_FURTHER_MQTTS_PORTS", {}),
        ("HOMEPORT_MQTT_PORT", "HOMEPORT_FURTHER_MQTT_PORTS", {"HOMEPORT_LENIENT": "1"}),
    ],
)
def test_two_ports_that_are_one_are_both_named(one: str, other: str, more: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=f"{one} and {other} are both 7443"):
        read_settings({one: "7443", other: "7443", **more})


def test_a_further_port_that_is_named_twice_is_refused() -> None:
    with pytest.raises(SettingsError, match="HOMEPORT_FURTHER_MQTTS_PORTS has 443 twice"):
        read_settings({"HOMEPORT_FURTHER_MQTTS_PORTS": "443, 8884, 443"})


def test_a_default_that_is_in_the_way_is_named_too() -> None:
    with pytest.raises(SettingsError, match="HOMEPORT_HTTP_PORT and HOMEPORT_HTTPS_PORT are both 8443"):
        read_settings({"HOMEPORT_HTTP_PORT": "8443"})


def test_any_number_of_ports_may_be_free_ones_and_a_port_that_is_not_opened_is_in_nobodys_way() -> None:
    assert read_settings({**ANY_PORTS, "HOMEPORT_FURTHER_MQTTS_PORTS": "0 0"}).further_mqtts_ports == (0, 0)
    assert read_settings({"HOMEPORT_HTTP_PORT": "1883"}).http_port == 1883


def test_the_level_of_the_log_is_one_that_there_is() -> None:
    assert [log_level({"HOMEPORT_LOG": text}, "WARNING") for text in ("debug", " INFO ", "")] == [
        logging.DEBUG,
        logging.INFO,
        logging.WARNING,
    ]
    with pytest.raises(SettingsError, match="HOMEPORT_LOG=loud"):
        log_level({"HOMEPORT_LOG": "loud"}, "WARNING")
