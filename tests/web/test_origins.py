"""Addresses in answers lead back to where they were asked, in whatever account, region and partition that is."""

import pytest

from chalicelib.web import events, origins
from infra.stage import Account


@pytest.mark.parametrize(
    ("host", "before"),
    [
        ("a1b2c3.execute-api.cn-northwest-1.amazonaws.com.cn", "/live"),
        ("a1b2c3.execute-api.us-gov-west-1.amazonaws.com", "/live"),
        ("a1b2c3-vpce-0d1e2f.execute-api.eu-south-2.amazonaws.com", "/live"),
        ("fleet.example.cn", ""),
        ("execute-api.example.com", ""),
        ("a1b2c3.execute-api.eu-west-3.amazonaws.com.example.org", ""),
    ],
)
def test_the_stage_stands_before_paths_at_api_gateways_own_host(host: str, before: str) -> None:
    event = {
        "httpMethod": "GET",
        "headers": {"Host": host, "X-Forwarded-Proto": "https"},
        "requestContext": {"domainName": host, "stage": "live", "path": f"{before}/inventory"},
    }
    assert origins.origin(events.request_of(event)) == f"https://{host}{before}"


@pytest.mark.parametrize(
    ("partition", "suffix"),
    [("aws", "amazonaws.com"), ("aws-us-gov", "amazonaws.com"), ("aws-cn", "amazonaws.com.cn")],
)
def test_names_of_hosts_end_as_the_partition_has_it(partition: str, suffix: str) -> None:
    assert Account("210987654321", "cn-northwest-1", partition).suffix == suffix
