"""Every call that our code makes of AWS, against botocore's models; no account and no stand-in is needed."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.aws.call_sites import Call, calls, complaints

ROOT = Path(__file__).parents[2]
FOLDERS = ("chalicelib", "infra")
FOREIGN = ("infra/local/", "infra/demo/")
"""What is AWS to the product on one machine, and what plays devices."""


@cache
def found() -> tuple[Call, ...]:
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    ours = [path for path in paths if not str(path.relative_to(ROOT)).startswith(FOREIGN)]
    return tuple(call for path in ours for call in calls(path, ROOT) if not _is_pynamodbs(call))


def _is_pynamodbs(call: Call) -> bool:
    """What the stores ask of their models; tests/store and tests/infra/exercise.py check what becomes of it."""
    return call.file.startswith("chalicelib/store/") and call.method in ("scan", "query")


@pytest.mark.parametrize("call", [c for c in found() if c.method], ids=lambda c: f"{c.file}:{c.line} {c.method}")
def test_a_call_is_what_the_model_of_its_service_says(call: Call) -> None:
    assert complaints(call) == []


def test_operations_that_are_chosen_at_run_time_are_known_and_run_against_moto() -> None:
    """By tests/store/test_objects.py, tests/infra/test_deployment.py and tests/infra/test_restoring.py."""
    assert {call.file for call in found() if not call.method} == {
        "chalicelib/store/objects.py",
        "infra/deploying/stacks.py",
        "infra/restoring.py",
    }


def test_parameters_that_come_from_mappings_are_known_and_run_against_moto() -> None:
    """By tests/store/test_objects.py, tests/infra/test_deployment.py, …/test_restoring.py and …/test_probe.py.

    A direct message may name where to answer, and subscriptions so many at a time:
    tests/local/iot_core/test_iot_data.py asks both of the broker.
    """
    assert {(call.file, call.method) for call in found() if call.more and call.method} == {
        ("chalicelib/delivery/iot_core.py", "list_subscriptions"),
        ("chalicelib/delivery/iot_core.py", "send_direct_message"),
        ("chalicelib/store/objects.py", "get_object"),
        ("infra/deploying/deployment.py", "put_function_recursion_config"),
        ("infra/deploying/deployment.py", "put_gateway_response"),
        ("infra/deploying/stacks.py", "create_stack"),
        ("infra/deploying/stacks.py", "update_stack"),
        ("infra/restoring.py", "restore_table_to_point_in_time"),
    }


@pytest.mark.parametrize(
    "method",
    [
        "invoke",
        "send_direct_message",
        "get_connection",
        "delete_connection",
        "start_execution",
        "stop_execution",
        "send_message_batch",
        "register_ca_certificate",
        "update_certificate",
        "put_object",
        "get_object",
        "create_stack",
        "describe_stacks",
        "list_object_versions",
        "put_gateway_response",
        "restore_table_to_point_in_time",
        "put_function_concurrency",
        "receive_message",
        "get_account_settings",
    ],
)
def test_the_calls_that_are_known_to_be_there_are_found(method: str) -> None:
    assert method in {call.method for call in found()}


@pytest.mark.parametrize(
    "source",
    [
        "client.invoke(FunctionName='f', InvocationType='Even')",
        "client.invoke(Function='f')",
        "client.start_execution(name=n)",
        "client.tag_resource(resourceArn=arn, tags=[{'Kee': k, 'Value': 'v'}])",
        "client.update_ca_certificate(certificateId=i, newStatus='GONE')",
        "client.get_waiter('table_exists').wait(Table=name)",
        "client.get_paginator('list_object_versions').paginate(bucket=b)",
        "client.generate_presigned_url('get_object', Params={'Bucket': b})",
    ],
)
def test_a_mistake_would_be_found(tmp_path: Path, source: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(ast.unparse(ast.parse(source)))
    (call,) = calls(path, tmp_path)
    assert complaints(call)
