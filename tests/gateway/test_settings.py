"""What a gateway is told by its environment."""

from pathlib import Path

import pytest

from infra.gateway.settings import queue, read_settings
from infra.local.settings import SettingsError

LEAST = {"HOMEPORT_STAGE": "trial", "AWS_REGION": "ap-south-1"}


def test_what_is_not_said_has_a_default() -> None:
    read = read_settings(LEAST)
    assert (read.port, read.bootstrap_port, read.health_port, read.nodes) == (5684, 5685, 5680, 1)
    assert (read.bind, read.health_bind, read.forward_port, read.key_file) == ("0.0.0.0", "127.0.0.1", None, None)
    assert read.called("lwm2m") == "homeport-trial-lwm2m"
    assert [queue(number) for number in range(3)] == ["coaps", "coaps-1", "coaps-2"]


def test_everything_can_be_said() -> None:
    read = read_settings(
        {
            **LEAST,
            "HOMEPORT_APP": "fleet",
            "HOMEPORT_GATEWAY_BIND": "::",
            "HOMEPORT_GATEWAY_PORT": "0",
            "HOMEPORT_GATEWAY_BOOTSTRAP_PORT": "0",
            "HOMEPORT_GATEWAY_NODES": "3",
            "HOMEPORT_GATEWAY_FORWARD_PORT": "5690",
            "HOMEPORT_GATEWAY_ADDRESS": "10.0.0.9",
            "HOMEPORT_GATEWAY_KEY_FILE": "/run/key",
            "HOMEPORT_GATEWAY_LINGER_MS": "250",
        }
    )
    assert (read.called("coaps"), read.nodes, read.forward_port) == ("fleet-trial-coaps", 3, 5690)
    assert (read.address, read.key_file, read.linger_s) == ("10.0.0.9", Path("/run/key"), 0.25)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("HOMEPORT_STAGE", value) for value in ("", "My-Stage")),
        ("AWS_REGION", ""),
        *(("HOMEPORT_GATEWAY_PORT", value) for value in ("65536", "x", "-1", "5685")),
        *(("HOMEPORT_GATEWAY_NODES", value) for value in ("0", "5", "2")),
        ("HOMEPORT_GATEWAY_ADDRESS", "gateway.example.com"),
        ("HOMEPORT_GATEWAY_LINGER_MS", "2000"),
    ],
)
def test_what_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=r"HOMEPORT_|AWS_"):
        read_settings({**LEAST, name: value})
