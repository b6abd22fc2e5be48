"""The CoAP gateway on one small arm instance with a fixed address, in a group of one that replaces it."""

from typing import Any

from infra import permissions
from infra.permissions import Grant
from infra.stage import Stage, arn, sub
from infra.templates.document import Resources, resource, tags
from infra.templates.gateway_facts import STOPS_WITHIN_S, environment, image, log_group, role

_ON = "GatewayOnInstance"
_IMAGE = "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}"

_START = """#!/bin/bash
set -euo pipefail
# half a gigabyte of memory is enough for the gateway, and not for installing anything
dd if=/dev/zero of=/swap bs=1M count=512 && chmod 600 /swap && mkswap /swap && swapon /swap
token=$(curl -sX PUT http://169.254.169.254/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 300')
id=$(curl -s http://169.254.169.254/latest/meta-data/instance-id -H "X-aws-ec2-metadata-token: $token")
aws ec2 associate-address --region ${AWS::Region} --allocation-id ${GatewayAddress.AllocationId} \\
  --instance-id "$id" --allow-reassociation
dnf install -y docker
systemctl enable --now docker
cat >/usr/local/bin/pull-gateway <<'END'
#!/bin/bash
set -euo pipefail
aws ecr get-login-password --region ${AWS::Region} | docker login --username AWS --password-stdin ${REGISTRY}
docker pull ${IMAGE}
END
chmod 755 /usr/local/bin/pull-gateway
cat >/etc/systemd/system/gateway.service <<'END'
[Unit]
After=docker.service network-online.target
Requires=docker.service
[Service]
ExecStartPre=-/usr/bin/docker rm -f gateway
ExecStartPre=-/usr/local/bin/pull-gateway
ExecStart=/usr/bin/docker run --rm --name gateway --network host --read-only --cap-drop ALL \\
  --security-opt no-new-privileges --pids-limit 128 --stop-timeout ${STOP} \\
  --log-driver awslogs --log-opt awslogs-region=${AWS::Region} --log-opt awslogs-group=${LOG} \\
  ${ENVIRONMENT} ${IMAGE}
ExecStop=/usr/bin/docker stop -t ${STOP} gateway
TimeoutStopSec=${PATIENCE}
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now gateway
"""


def resources(stage: Stage) -> Resources:
    return {
        "GatewayAddress": resource(
            "AWS::EC2::EIP", {"Domain": "vpc", "Tags": _named(stage)}, Condition=_ON, DependsOn="GatewayAttachment"
        ),
        "GatewayInstanceRole": role(stage, "gateway-instance", "ec2.amazonaws.com", _granted(stage), _ON),
        "GatewayProfile": resource(
            "AWS::IAM::InstanceProfile", {"Roles": [{"Ref": "GatewayInstanceRole"}]}, Condition=_ON
        ),
        "GatewayLaunch": _launch(stage),
        "GatewayInstances": _group(stage),
    }


def _named(stage: Stage) -> list[dict[str, str]]:
    return [*tags(stage.name, stage.app), {"Key": "Name", "Value": stage.called("gateway")}]


def _granted(stage: Stage) -> list[Grant]:
    ours = {"StringEquals": {"aws:ResourceTag/app": stage.app, "aws:ResourceTag/stage": stage.name}}
    addressed = Grant(
        ("ec2:AssociateAddress",),
        tuple(arn("ec2", f"{kind}/*") for kind in ("elastic-ip", "instance", "network-interface")),
        because="an instance has no name before it is there: the tags of this stage say which",
        condition=ours,
    )
    return [*permissions.gateway(stage), *permissions.gateway_image(stage), *permissions.gateway_log(stage), addressed]


def _launch(stage: Stage) -> dict[str, Any]:
    data = {
        "ImageId": _IMAGE,
        "InstanceType": {"Ref": "GatewayType"},
        "IamInstanceProfile": {"Arn": {"Fn::GetAtt": ["GatewayProfile", "Arn"]}},
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"},
        "NetworkInterfaces": [
            {
                "DeviceIndex": 0,
                # One of AWS's until ours is associated: without it nothing could be fetched.
                "AssociatePublicIpAddress": True,
                "Groups": [{"Fn::GetAtt": ["GatewayGroup", "GroupId"]}],
                "DeleteOnTermination": True,
            }
        ],
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "Encrypted": True}}
        ],
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": _named(stage)} for kind in ("instance", "volume", "network-interface")
        ],
        "UserData": {"Fn::Base64": {"Fn::Sub": [_START, _words(stage)]}},
    }
    name = stage.called("gateway")
    return resource("AWS::EC2::LaunchTemplate", {"LaunchTemplateName": name, "LaunchTemplateData": data}, Condition=_ON)


def _words(stage: Stage) -> dict[str, Any]:
    given = environment(stage)
    texts = [f"-e {name}={value if isinstance(value, str) else '${AWS::Region}'}" for name, value in given.items()]
    return {
        "REGISTRY": sub("${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"),
        "IMAGE": image(stage),
        "LOG": log_group(stage),
        "STOP": str(STOPS_WITHIN_S),
        "PATIENCE": str(STOPS_WITHIN_S + 10),
        "ENVIRONMENT": sub(" ".join(texts)),
    }


def _group(stage: Stage) -> dict[str, Any]:
    return resource(
        "AWS::AutoScaling::AutoScalingGroup",
        {
            "AutoScalingGroupName": stage.called("gateway"),
            "MinSize": "1",
            "MaxSize": "1",
            "VPCZoneIdentifier": [{"Ref": "GatewaySubnet0"}, {"Ref": "GatewaySubnet1"}],
            "LaunchTemplate": {
                "LaunchTemplateId": {"Ref": "GatewayLaunch"},
                "Version": {"Fn::GetAtt": ["GatewayLaunch", "LatestVersionNumber"]},
            },
            "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": 120,
            "Tags": [{**tag, "PropagateAtLaunch": True} for tag in _named(stage)],
        },
        Condition=_ON,
        DependsOn=["GatewayRoute", "GatewayLogGroup"],
        # The old one exports before the new one restores: two at once would only wait for each other.
        UpdatePolicy={"AutoScalingRollingUpdate": {"MinInstancesInService": 0, "MaxBatchSize": 1}},
    )
