"""What the doctor says of a host name, with the local stack as the host."""

import socket
import threading
from datetime import date

import pytest
from botocore.exceptions import NoCredentialsError
from click.testing import CliRunner
from moto import mock_aws

from infra import coaps_check, downloads
from infra.__main__ import main
from infra.cli.doctoring import account
from infra.host_check import Finding, check, movable
from infra.settings import settings
from infra.stage import Stage
from tests.local.running import RunningStack


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


def test_a_host_with_a_trusted_certificate_can_be_moved_to(running_stack: RunningStack) -> None:
    ca = str(running_stack.ca)
    findings = check("localhost", running_stack.mqtts, trusted=ca, pinned=ca)
    assert all(finding.good is not False for finding in findings), findings
    assert "can come" in movable(findings)


def test_firmware_that_trusts_another_ca_has_to_be_updated(running_stack: RunningStack) -> None:
    import certifi

    findings = check("localhost", running_stack.mqtts, trusted=str(running_stack.ca), pinned=certifi.where())
    assert by_name(findings)["trusted by the firmware's own CA"].good is False
    assert "has to be updated" in movable(findings)


def test_a_certificate_for_another_name_is_told(running_stack: RunningStack) -> None:
    findings = check("127.0.0.2", running_stack.mqtts, trusted=str(running_stack.ca), pinned=None)
    assert movable(findings) != "This firmware can come: point its host name here."


def test_a_host_that_is_not_there_ends_with_an_error() -> None:
    found = CliRunner().invoke(main, ["doctor", "--offline", "--host", "127.0.0.1", "--port", "1"])
    assert found.exit_code == 1
    assert "BAD  reachable" in found.output


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, {"downloads": "signed URLs"}),
        (
            {"api_host": "a" * 29 + ".example.com", "certificate_arn": "arn"},
            {"downloads": "4.5 MB", "length of download URLs": "79 characters"},
        ),
        (
            {"api_host": "a" * 30 + ".example.com", "certificate_arn": "arn"},
            {"length of download URLs": "80 characters: too long by 1"},
        ),
        (
            {"download_host": "files.example.com", "api_host": "a.example.com", "certificate_arn": "arn"},
            {"downloads": "http and https://files.example.com/dl/", "length of download URLs": "54 characters"},
        ),
    ],
)
def test_the_doctor_says_which_firmware_can_download(values: dict[str, str], said: dict[str, str]) -> None:
    findings = by_name(downloads.findings(settings(values)))
    for what, text in said.items():
        assert text in findings[what].found


def test_an_account_is_looked_at_before_anything_is_deployed() -> None:
    from botocore.session import get_session

    credentials = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}
    with mock_aws():
        findings = by_name(account(Stage("dev"), lambda service: get_session().create_client(service, **credentials)))
    assert findings["account"].found == "123456789012 in eu-west-1"
    assert findings["stack homeport-dev-data"].good is None
    assert findings["functions' Python"].found == "not deployed yet"


@pytest.mark.parametrize(
    ("today", "good"), [(date(2026, 12, 1), True), (date(2029, 6, 29), True), (date(2029, 6, 30), False)], ids=str
)
def test_the_python_of_deployed_functions_is_named_with_its_end(today: date, *, good: bool) -> None:
    class Functions:
        def get_account_settings(self) -> dict[str, dict[str, int]]:
            return {"AccountLimit": {"ConcurrentExecutions": 1_000}}

        def get_function_configuration(self, *, FunctionName: str) -> dict[str, str]:  # noqa: N803 - AWS's name
            return {"Runtime": {"homeport-prod": "python3.13"}[FunctionName]}

    def clients(service: str) -> Functions:
        if service != "lambda":
            raise NoCredentialsError
        return Functions()

    found = by_name(account(Stage("prod"), clients, today))["functions' Python"]
    assert found.good is good
    assert "python3.13 on arm64" in found.found
    assert "2029-06-30" in found.found


@pytest.mark.parametrize(
    "command", ["deploy", "destroy", "doctor", "package", "probe", "redrive", "restore", "pause", "resume"]
)
def test_every_command_explains_itself(command: str) -> None:
    found = CliRunner().invoke(main, [command, "--help"])
    assert found.exit_code == 0
    assert "--stage" in found.output


def test_a_gateway_that_answers_a_hello_can_be_registered_at(running_stack: RunningStack) -> None:
    (found,) = coaps_check.check("localhost", running_stack.coaps)
    assert found.good, found
    assert len(coaps_check.check("localhost", running_stack.coaps, "127.0.0.1")) == 1
    _, elsewhere = coaps_check.check("localhost", running_stack.coaps, "127.0.0.2")
    assert (elsewhere.good, elsewhere.found) == (False, "localhost is 127.0.0.1, the gateway is 127.0.0.2")


def test_what_is_no_gateway_is_told() -> None:
    assert coaps_check.check("nowhere.invalid", 5684)[0].found.startswith("no address")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        thread = threading.Thread(target=lambda: other.sendto(b"hello", other.recvfrom(2048)[1]))
        thread.start()
        assert coaps_check.check("127.0.0.1", port)[0].found == "what answers is no DTLS server"
        thread.join()
    found = CliRunner().invoke(main, ["doctor", "--offline", "--coaps", f"127.0.0.1:{port}"])
    assert found.exit_code == 1
    assert "BAD  CoAP over DTLS at 127.0.0.1: nobody is there" in found.output
