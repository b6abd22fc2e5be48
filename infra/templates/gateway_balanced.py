"""The CoAP gateway as several tasks of Fargate behind a network balancer."""

from typing import Any

from infra import permissions
from infra.stage import Stage
from infra.templates.document import Resources, resource, tags
from infra.templates.gateway_facts import (
    BOOTSTRAP_PORT,
    FORWARD_PORT,
    HEALTH_PORT,
    PORT,
    STOPS_WITHIN_S,
    environment,
    image,
    log_group,
    role,
)

_ON = "GatewayBalanced"
_SUBNETS = ("GatewaySubnet0", "GatewaySubnet1")
_DOORS = {"Run": PORT, "Boot": BOOTSTRAP_PORT}
_TASKS = "ecs-tasks.amazonaws.com"


def resources(stage: Stage) -> Resources:
    named = tags(stage.name, stage.app)
    pulling = [*permissions.gateway_image(stage), *permissions.gateway_log(stage)]
    made: Resources = {
        "GatewayTaskRole": role(stage, "gateway-task", _TASKS, permissions.gateway(stage), _ON),
        "GatewayStartRole": role(stage, "gateway-start", _TASKS, pulling, _ON),
        "GatewayCluster": _made("AWS::ECS::Cluster", {"ClusterName": stage.called("gateway"), "Tags": named}),
        "GatewayTask": _task(stage),
        "GatewayBalancer": _balancer(stage),
        "GatewayService": _service(stage),
    }
    for subnet in _SUBNETS:
        made[f"{subnet}Address"] = _made(
            "AWS::EC2::EIP", {"Domain": "vpc", "Tags": named}, DependsOn="GatewayAttachment"
        )
    for door, port in _DOORS.items():
        made[f"GatewayTargets{door}"] = _targets(stage, door, port)
        made[f"GatewayListener{door}"] = _made(
            "AWS::ElasticLoadBalancingV2::Listener",
            {
                "LoadBalancerArn": {"Ref": "GatewayBalancer"},
                "Port": port,
                "Protocol": "UDP",
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": f"GatewayTargets{door}"}}],
            },
        )
    return made


def _made(kind: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return resource(kind, properties, Condition=_ON, **more)


def _task(stage: Stage) -> dict[str, Any]:
    given = environment(stage) | {
        "HOMEPORT_GATEWAY_NODES": {"Ref": "GatewayNodes"},
        "HOMEPORT_GATEWAY_FORWARD_PORT": str(FORWARD_PORT),
        # The balancer looks from outside the task.
        "HOMEPORT_GATEWAY_HEALTH_BIND": "0.0.0.0",
    }
    ports = [(PORT, "udp"), (BOOTSTRAP_PORT, "udp"), (FORWARD_PORT, "udp"), (HEALTH_PORT, "tcp")]
    container = {
        "Name": "gateway",
        "Image": image(stage),
        "Essential": True,
        "ReadonlyRootFilesystem": True,
        "LinuxParameters": {"Capabilities": {"Drop": ["ALL"]}},
        "StopTimeout": STOPS_WITHIN_S,
        "PortMappings": [{"ContainerPort": port, "Protocol": protocol} for port, protocol in ports],
        "Environment": [{"Name": name, "Value": value} for name, value in given.items()],
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": log_group(stage),
                "awslogs-region": {"Ref": "AWS::Region"},
                "awslogs-stream-prefix": "node",
            },
        },
    }
    return _made(
        "AWS::ECS::TaskDefinition",
        {
            "Family": stage.called("gateway"),
            "RequiresCompatibilities": ["FARGATE"],
            "NetworkMode": "awsvpc",
            "Cpu": "256",
            "Memory": "512",
            "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
            "TaskRoleArn": {"Fn::GetAtt": ["GatewayTaskRole", "Arn"]},
            "ExecutionRoleArn": {"Fn::GetAtt": ["GatewayStartRole", "Arn"]},
            "ContainerDefinitions": [container],
            "Tags": tags(stage.name, stage.app),
        },
    )


def _balancer(stage: Stage) -> dict[str, Any]:
    """With addresses of ours: firmware may have them built in. Security groups are the targets'."""
    mappings = [
        {"SubnetId": {"Ref": each}, "AllocationId": {"Fn::GetAtt": [f"{each}Address", "AllocationId"]}}
        for each in _SUBNETS
    ]
    return _made(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {
            "Name": stage.called("coap"),
            "Type": "network",
            "Scheme": "internet-facing",
            "IpAddressType": "ipv4",
            "SubnetMappings": mappings,
            "LoadBalancerAttributes": [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}],
            "Tags": tags(stage.name, stage.app),
        },
        DependsOn="GatewayRoute",
    )


def _targets(stage: Stage, door: str, port: int) -> dict[str, Any]:
    """A flow leaves a node that goes within seconds: the usual five minutes would make its devices deaf for as long."""
    attributes = {
        "deregistration_delay.timeout_seconds": "5",
        "deregistration_delay.connection_termination.enabled": "true",
        "preserve_client_ip.enabled": "true",
    }
    return _made(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        {
            # 32 characters at most, and the balancer's as well
            "Name": stage.called(f"gw{door.lower()}"),
            "Protocol": "UDP",
            "Port": port,
            "TargetType": "ip",
            "VpcId": {"Ref": "GatewayNetwork"},
            "HealthCheckProtocol": "TCP",
            "HealthCheckPort": str(HEALTH_PORT),
            "HealthCheckIntervalSeconds": 5,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            "TargetGroupAttributes": [{"Key": key, "Value": value} for key, value in attributes.items()],
            "Tags": tags(stage.name, stage.app),
        },
    )


def _service(stage: Stage) -> dict[str, Any]:
    return _made(
        "AWS::ECS::Service",
        {
            "ServiceName": stage.called("gateway"),
            "Cluster": {"Ref": "GatewayCluster"},
            "TaskDefinition": {"Ref": "GatewayTask"},
            "LaunchType": "FARGATE",
            "DesiredCount": {"Ref": "GatewayNodes"},
            # A number belongs to one task: the old one lets go of it before the new one starts.
            "DeploymentConfiguration": {
                "MaximumPercent": 100,
                "MinimumHealthyPercent": {"Fn::If": ["GatewayAlone", 0, 50]},
            },
            "AvailabilityZoneRebalancing": "DISABLED",
            "HealthCheckGracePeriodSeconds": 120,
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "Subnets": [{"Ref": each} for each in _SUBNETS],
                    "SecurityGroups": [{"Fn::GetAtt": ["GatewayGroup", "GroupId"]}],
                    # What it reaches of AWS it reaches over the internet: endpoints would cost more.
                    "AssignPublicIp": "ENABLED",
                }
            },
            "LoadBalancers": [
                {"ContainerName": "gateway", "ContainerPort": port, "TargetGroupArn": {"Ref": f"GatewayTargets{door}"}}
                for door, port in _DOORS.items()
            ],
            "Tags": tags(stage.name, stage.app),
        },
        DependsOn=[*(f"GatewayListener{door}" for door in _DOORS), "GatewayRoute", "GatewayLogGroup"],
    )
