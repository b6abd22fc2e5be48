"""What an operator sets for a stage, from a file and from options."""

import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from chalicelib.aws import fence
from infra.cli.deploying import wanted_settings
from infra.functions import FUNCTIONS
from infra.permissions import grants
from infra.settings import FOLDER, Settings, SettingsError, settings
from infra.stage import Stage
from tests.infra.conftest import Template, of_type

STAGE = Stage("prod")
ARN = "arn:aws:acm:eu-west-1:111122223333:certificate/x"
FILE = f"""
mqtt_host = "mqtt.example.com"
certificate_arn = "{ARN}"
push_allow = ["10.20.0.0/16", "192.168.7.0/24"]
log_sample = 0.5
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prod.toml"
    path.write_text(FILE)
    return path


def test_a_file_sets_what_functions_and_stacks_are_told(file: Path) -> None:
    wanted = wanted_settings(STAGE, file, {})
    assert wanted.parameters() == {"MqttHost": "mqtt.example.com", "CertificateArn": ARN}
    assert wanted.variables() == {
        "HOMEPORT_PUSH_ALLOW": "10.20.0.0/16,192.168.7.0/24",
        "HOMEPORT_LOG_SAMPLE": "0.5",
        "HOMEPORT_MQTTS_ADDRESS": "mqtt.example.com:8883",
    }


def test_devices_are_told_an_edge_where_that_is_where_they_come_by_mqtt() -> None:
    edge = {"mqtt_address": "Edge.example.com:443", "mqtt_host": "mqtt.example.com", "certificate_arn": ARN}
    assert settings(edge).variables()["HOMEPORT_MQTTS_ADDRESS"] == "edge.example.com:443"
    assert settings(edge).parameters()["MqttHost"] == "mqtt.example.com"
    assert settings({"mqtt_address": ""}).variables() == {}


def test_devices_fetch_files_from_the_api_or_from_an_edge() -> None:
    hosts = {"api_host": "api.example.com", "certificate_arn": ARN}
    assert settings(hosts).variables() == {"HOMEPORT_API_HOST": "api.example.com"}
    both = settings({**hosts, "download_host": "Files.example.com"}).variables()
    assert both["HOMEPORT_DOWNLOAD_HOST"] == "files.example.com"
    # An edge has a certificate of its own.
    assert settings({"download_host": "files.example.com"}).parameters() == {}


def test_a_stage_speaks_the_dialects_that_it_names() -> None:
    assert settings({}).variables() == settings({"dialects": []}).variables() == {}
    chosen = {"HOMEPORT_DIALECTS": "live_objects"}
    assert settings({"dialects": ["live_objects"]}).variables() == chosen
    assert settings({"dialects": " live_objects,"}).variables() == chosen
    with pytest.raises(SettingsError, match="there is no dialect klingon"):
        settings({"dialects": ["klingon"]})
    with pytest.raises(SettingsError, match="list of dialects"):
        settings({"dialects": [1]})


def test_an_option_goes_before_the_file(file: Path) -> None:
    options = {
        "log_sample": 0.0,
        "push_allow": ("10.0.0.0/8",),
        "mqtt_host": None,
        "iot_endpoint": "http://10.0.0.7:8081",
    }
    wanted = wanted_settings(STAGE, file, options)
    assert (wanted.log_sample, wanted.push_allow, wanted.mqtt_host) == (0.0, ("10.0.0.0/8",), "mqtt.example.com")
    assert wanted.variables()["HOMEPORT_IOT_ENDPOINT"] == "http://10.0.0.7:8081"
    assert wanted.variables()["HOMEPORT_LOG_SAMPLE"] == "0"


def test_how_long_client_ids_rest_is_set_by_the_file_or_an_option(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("fence_seconds = 90")
    for options, rest in (({"fence_seconds": None}, 90_000), ({"fence_seconds": 4}, 4_000)):
        set_to = wanted_settings(STAGE, file, options).variables()
        assert set_to.keys() == {fence.SETTING}
        monkeypatch.setenv(fence.SETTING, set_to[fence.SETTING])
        assert fence.rest() == rest


def test_the_file_of_the_stage_is_read_by_itself(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert wanted_settings(STAGE, None, {}) == Settings()
    Path("stages").mkdir()
    file.rename("stages/prod.toml")
    assert wanted_settings(STAGE, None, {}).log_sample == 0.5
    assert wanted_settings(Stage("dev"), None, {}) == Settings()


@pytest.mark.parametrize(
    "values",
    [
        {"push_alow": []},
        {"push_allow": ["10.20.0.0/33"]},
        {"push_allow": [10]},
        {"push_allow": True},
        {"log_sample": 2},
        {"log_sample": "some"},
        {"longest_poll_seconds": 4},
        {"longest_poll_seconds": "60"},
        {"fence_seconds": 3},
        {"fence_seconds": 90.5},
        {"fence_seconds": True},
        {"fence_seconds": "300"},
        {"fence_seconds": 100_000},
        {"iot_endpoint": "edge:8081"},
        {"iot_endpoint": "ftp://edge"},
        {"mqtt_host": "https://mqtt.example.com", "certificate_arn": ARN},
        {"mqtt_host": "mqtt.example.com"},
        {"download_host": "http://files.example.com"},
        {"mqtt_address": "mqtts://mqtt.example.com:8883"},
        {"mqtt_address": "mqtt.example.com"},
        {"mqtt_address": "mqtt.example.com:65536"},
        {"mqtt_address": "mqtt.example.com:²"},
        {"alarm_email": ["a@example.com"]},
        {"subnets": ["subnet-0123456789abcdef0"], "push_allow": ["10.0.0.0/8"]},
        {"subnets": ["here"], "security_groups": ["there"], "push_allow": ["10.0.0.0/8"]},
        {"subnets": ["subnet-0123456789abcdef0"], "security_groups": ["sg-01234567"]},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_before_anything_is_deployed(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values)).partition("_")[0]):
        settings(values)


def test_only_functions_that_reach_inside_run_in_the_vpc() -> None:
    inside = {"subnets": ["subnet-0123456789abcdef0"], "security_groups": ["sg-01234567"]}
    webhooks = settings({**inside, "push_allow": ["10.0.0.0/8"]}).network()
    assert webhooks.functions == {"push", "api_handler"}
    assert webhooks.of("push") == {"SubnetIds": inside["subnets"], "SecurityGroupIds": inside["security_groups"]}
    assert webhooks.of("authorizer") == {"SubnetIds": [], "SecurityGroupIds": []}
    edge = settings({**inside, "iot_endpoint": "http://10.0.0.7:8081"}).network()
    assert "deliver" in edge.functions
    assert "push" not in edge.functions


def test_every_function_that_speaks_to_the_broker_reaches_an_edge() -> None:
    inside = {"subnets": ["subnet-0123456789abcdef0"], "security_groups": ["sg-01234567"]}
    reaching = settings({**inside, "iot_endpoint": "http://10.0.0.7:8081"}).network().functions
    spoken = ("iot:SendDirectMessage", "iot:DeleteConnection")
    speaking = {f.name for f in FUNCTIONS if any(a in g.actions for g in grants(f.name, STAGE) for a in spoken)}
    assert speaking <= reaching


@pytest.mark.parametrize("text", ["push_allow = [", "unknown = 1"])
def test_a_file_that_makes_no_sense_is_told_so(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(click.UsageError):
        wanted_settings(STAGE, file, {})


def test_a_gateway_is_told_by_its_stack_and_functions_by_their_variables() -> None:
    wanted = settings(
        {"gateway": "balanced", "gateway_tag": "1.2.0", "gateway_nodes": 3, "coaps_host": "COAP.example.com"}
    )
    assert wanted.gateway_parameters() == {"Gateway": "balanced", "GatewayTag": "1.2.0", "GatewayNodes": "3"}
    variables = wanted.variables()
    assert variables["HOMEPORT_COAPS_URI"] == "coaps://coap.example.com:5684"
    assert variables["HOMEPORT_COAPS_NODES"] == "3"
    alone = settings({"gateway": "instance", "gateway_tag": "v1", "gateway_type": "c7gn.medium"})
    assert alone.gateway_parameters() == {"Gateway": "instance", "GatewayTag": "v1", "GatewayType": "c7gn.medium"}
    assert "HOMEPORT_COAPS_NODES" not in alone.variables()
    assert settings({}).gateway_parameters() == {}


@pytest.mark.parametrize(
    "values",
    [
        {"gateway": "cluster", "gateway_tag": "1"},
        {"gateway": "instance"},
        {"gateway_tag": "1"},
        {"gateway": "instance", "gateway_tag": "1", "gateway_nodes": 2},
        {"gateway": "balanced", "gateway_tag": "1", "gateway_nodes": 5},
        {"gateway": "balanced", "gateway_tag": "1", "gateway_nodes": True},
        {"gateway": "instance", "gateway_tag": "a/b"},
        {"gateway": "instance", "gateway_tag": "1", "gateway_type": "t3.nano"},
        {"coaps_host": "coaps://x"},
    ],
)
def test_a_gateway_that_makes_no_sense_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        settings(values)


def test_the_package_takes_the_same_settings_as_parameters(whole: Template) -> None:
    for function in of_type(whole, "AWS::Serverless::Function").values():
        variables = function["Environment"]["Variables"]
        assert variables["HOMEPORT_PUSH_ALLOW"] == {"Ref": "PushAllow"}
        assert variables["HOMEPORT_API_HOST"] == {"Ref": "ApiHost"}
        assert variables["HOMEPORT_DOWNLOAD_HOST"] == {"Ref": "DownloadHost"}
        assert variables["HOMEPORT_FENCE_SECONDS"] == {"Ref": "FenceSeconds"}
        assert variables["HOMEPORT_LOG_SAMPLE"] == {"Ref": "LogSample"}


def test_the_sample_of_a_stage_sets_nothing_and_its_examples_are_good_ones() -> None:
    sample = (FOLDER / "dev.toml").read_text(encoding="utf-8")
    assert settings(tomllib.loads(sample)) == Settings()
    examples = re.sub(r"^# (?=\w+ = )", "", sample, flags=re.MULTILINE)
    made = settings(tomllib.loads(examples))
    assert (made.has_hosts, made.gateway_tag, made.log_sample) == (True, "1.0", 1.0)
