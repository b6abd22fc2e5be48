"""The CoAP gateway: one small instance with a fixed address, or several tasks of Fargate behind a balancer, or none.

Every resource has a condition: a stage without a gateway has none of it and pays for nothing.
"""

from typing import Any

from chalicelib.triggers.metrics import NAMESPACE
from infra.gateway.settings import ASSOCIATIONS, MOST_NODES, NODES, queue
from infra.stage import Stage, arn, sub
from infra.templates import alarms, gateway_balanced, gateway_instance, gateway_tables
from infra.templates.document import Document, Resources, logical, resource, tags
from infra.templates.gateway_facts import (
    BALANCED,
    BOOTSTRAP_PORT,
    FORMS,
    FORWARD_PORT,
    HEALTH_PORT,
    IMAGE_TAG,
    INSTANCE,
    PORT,
    log_group,
)

_CIDR = "10.68.0.0/24"
_SUBNETS = ("10.68.0.0/26", "10.68.0.64/26")
_LOG_DAYS = 30

PARAMETERS: dict[str, Any] = {
    "Gateway": {
        "Type": "String",
        "Default": "",
        "AllowedValues": ["", *FORMS],
        "Description": "How CoAP over DTLS is served: by an instance, by tasks behind a balancer; empty for not at all",
    },
    "GatewayTag": {
        "Type": "String",
        "Default": "none",
        "AllowedPattern": IMAGE_TAG,
        "Description": "Tag of the gateway's image in the stage's repository",
    },
    "GatewayNodes": {
        "Type": "String",
        "Default": "1",
        "AllowedValues": [str(number) for number in range(1, MOST_NODES + 1)],
        "Description": "How many nodes a gateway behind a balancer has; an instance is one",
    },
    "GatewayType": {
        "Type": "String",
        "Default": "t4g.nano",
        "Description": "Type of the gateway's instance, an arm one",
    },
}
CONDITIONS: dict[str, Any] = {
    "HasGateway": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Gateway"}, ""]}]},
    "GatewayOnInstance": {"Fn::Equals": [{"Ref": "Gateway"}, INSTANCE]},
    "GatewayBalanced": {"Fn::Equals": [{"Ref": "Gateway"}, BALANCED]},
    "GatewayAlone": {"Fn::Equals": [{"Ref": "GatewayNodes"}, "1"]},
}


def document(stage: Stage) -> Document:
    made = gateway_tables.resources(stage) | _log(stage) | _network(stage) | _watched(stage)
    made = {name: {**each, "Condition": "HasGateway"} for name, each in made.items()}
    made |= gateway_instance.resources(stage) | gateway_balanced.resources(stage)
    return Document(
        f"Homeport {stage.name}: CoAP over DTLS",
        made,
        parameters=PARAMETERS,
        conditions=CONDITIONS,
        outputs={
            "GatewayAddress": {
                "Description": "What the gateway's DNS record points to",
                "Value": {"Ref": "GatewayAddress"},
                "Condition": "GatewayOnInstance",
            },
            "GatewayTarget": {
                "Description": "What the gateway's DNS record points to",
                "Value": {"Fn::GetAtt": ["GatewayBalancer", "DNSName"]},
                "Condition": "GatewayBalanced",
            },
        },
    )


def _log(stage: Stage) -> Resources:
    group = {"LogGroupName": log_group(stage), "RetentionInDays": _LOG_DAYS, "Tags": tags(stage.name, stage.app)}
    return {"GatewayLogGroup": resource("AWS::Logs::LogGroup", group)}


def _network(stage: Stage) -> Resources:
    """A network of its own, which costs nothing: no default one is needed, and nothing else is in it."""
    named = [*tags(stage.name, stage.app), {"Key": "Name", "Value": stage.called("gateway")}]
    made: Resources = {
        "GatewayNetwork": resource(
            "AWS::EC2::VPC", {"CidrBlock": _CIDR, "EnableDnsSupport": True, "EnableDnsHostnames": True, "Tags": named}
        ),
        "GatewayInternet": resource("AWS::EC2::InternetGateway", {"Tags": named}),
        "GatewayAttachment": resource(
            "AWS::EC2::VPCGatewayAttachment",
            {"VpcId": {"Ref": "GatewayNetwork"}, "InternetGatewayId": {"Ref": "GatewayInternet"}},
        ),
        "GatewayRoutes": resource("AWS::EC2::RouteTable", {"VpcId": {"Ref": "GatewayNetwork"}, "Tags": named}),
        "GatewayRoute": resource(
            "AWS::EC2::Route",
            {
                "RouteTableId": {"Ref": "GatewayRoutes"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": {"Ref": "GatewayInternet"},
            },
            DependsOn="GatewayAttachment",
        ),
        "GatewayGroup": _group(stage, named),
        "GatewayForwarding": resource(
            "AWS::EC2::SecurityGroupIngress",
            {
                "GroupId": {"Fn::GetAtt": ["GatewayGroup", "GroupId"]},
                "IpProtocol": "udp",
                "FromPort": FORWARD_PORT,
                "ToPort": FORWARD_PORT,
                "SourceSecurityGroupId": {"Fn::GetAtt": ["GatewayGroup", "GroupId"]},
                "Description": "between nodes",
            },
        ),
    }
    for number, block in enumerate(_SUBNETS):
        subnet = f"GatewaySubnet{number}"
        made[subnet] = resource(
            "AWS::EC2::Subnet",
            {
                "VpcId": {"Ref": "GatewayNetwork"},
                "CidrBlock": block,
                "AvailabilityZone": {"Fn::Select": [number, {"Fn::GetAZs": ""}]},
                "Tags": named,
            },
        )
        made[f"GatewayRouted{number}"] = resource(
            "AWS::EC2::SubnetRouteTableAssociation",
            {"SubnetId": {"Ref": subnet}, "RouteTableId": {"Ref": "GatewayRoutes"}},
        )
    return made


def _group(stage: Stage, named: list[dict[str, str]]) -> dict[str, Any]:
    devices = [
        {"IpProtocol": "udp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0", "Description": what}
        for port, what in ((PORT, "devices"), (BOOTSTRAP_PORT, "devices that bootstrap"))
    ]
    health = {
        "IpProtocol": "tcp",
        "FromPort": HEALTH_PORT,
        "ToPort": HEALTH_PORT,
        "CidrIp": _CIDR,
        "Description": "the balancer's looks",
    }
    return resource(
        "AWS::EC2::SecurityGroup",
        {
            "GroupName": stage.called("gateway"),
            "GroupDescription": "CoAP over DTLS",
            "VpcId": {"Ref": "GatewayNetwork"},
            "SecurityGroupIngress": [*devices, health],
            # To AWS's own endpoints, and to devices wherever they are.
            "SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}],
            "Tags": named,
        },
    )


def watched(stage: Stage) -> list[alarms.Alarm]:
    """What is wrong with a gateway."""
    of_stage = {"Stage": stage.name}
    found = [
        alarms.Alarm(
            "gateway-unwell",
            "gateway",
            "The CoAP gateway is not there, is stuck, or does not reach the platform",
            NAMESPACE,
            "GatewayUnwell",
            of_stage,
            statistic="Maximum",
            minutes=5,
            silence_is_bad=True,
        ),
        alarms.Alarm(
            "gateway-invocations",
            "gateway",
            "Invocations of the CoAP gateway fail",
            NAMESPACE,
            "GatewayFailedInvocations",
            of_stage,
            above=10,
            minutes=3,
        ),
        alarms.Alarm(
            "gateway-hints",
            "gateway",
            "Nobody reads what the CoAP gateway is to look for",
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            {"QueueName": stage.called(queue(0))},
            statistic="Maximum",
            above=120,
            minutes=5,
        ),
    ]
    found += [
        alarms.Alarm(
            f"throttled-writes-{noun}",
            "throttled-tables",
            f"Table {noun} refuses writes",
            "AWS/DynamoDB",
            "WriteThrottleEvents",
            {"TableName": stage.called(noun)},
            minutes=3,
        )
        for noun in (NODES, ASSOCIATIONS)
    ]
    return found


def _watched(stage: Stage) -> Resources:
    topic = arn("sns", stage.called("alarms"))
    made = {logical(each.name, "alarm"): alarms.made(stage, each, topic) for each in watched(stage)}
    dashboard = {"DashboardName": stage.called("gateway"), "DashboardBody": _dashboard(stage)}
    return {**made, "GatewayDashboard": resource("AWS::CloudWatch::Dashboard", dashboard)}


def _dashboard(stage: Stage) -> dict[str, str]:
    """One row: is it well, who is there, what comes, what fails."""
    names = ("GatewayUnwell", "GatewayAssociations", "GatewayReports", "GatewayFailedInvocations")
    widgets = ",".join(
        f'{{"type":"metric","x":{6 * place},"y":0,"width":6,"height":6,"properties":{{"title":"{name}",'
        f'"metrics":[["{NAMESPACE}","{name}","Stage","{stage.name}"]],"stat":"Sum","period":60,'
        f'"region":"${{AWS::Region}}"}}}}'
        for place, name in enumerate(names)
    )
    return sub(f'{{"widgets":[{widgets}]}}')
