"""Host names: on IoT Core the kind of authentication belongs to the domain configuration that SNI selects.

Without a name of your own AWS gives each configuration one of its own. With one, `CertificateArn` names the ACM
certificate (of the same region) that covers them all, and DNS points to the targets in the stack's outputs.
"""

from dataclasses import dataclass
from typing import Any

from infra.stage import Stage
from infra.templates.document import Resources, logical, resource, tags


@dataclass(frozen=True, slots=True)
class Host:
    """An entrance of IoT Core."""

    noun: str
    authentication: str
    protocol: str
    what: str


HOSTS = (
    Host("mqtt", "CUSTOM_AUTH", "SECURE_MQTT", "MQTT over TLS, user name and password"),
    Host("certificate", "CUSTOM_AUTH_X509", "SECURE_MQTT", "MQTT over TLS, client certificate"),
    Host("wss", "CUSTOM_AUTH", "MQTT_WSS", "MQTT over WebSocket, user name and password"),
)


def parameter(host: Host) -> str:
    return logical(host.noun, "host")


def _named(host: Host) -> str:
    return logical("has", host.noun, "host")


def _text(what: str) -> dict[str, str]:
    return {"Type": "String", "Default": "", "Description": what}


PARAMETERS: dict[str, Any] = {
    **{parameter(host): _text(f"Your own host name for {host.what}; empty for one that AWS makes") for host in HOSTS},
    "ApiHost": _text("Your own host name for the REST API; empty for none"),
    "CertificateArn": {
        **_text("ACM certificate, in this region, that covers the host names above; not looked at without one"),
        "Default": "arn:aws:acm:us-east-1:000000000000:certificate/none",
    },
}
CONDITIONS: dict[str, Any] = {
    **{_named(host): {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter(host)}, ""]}]} for host in HOSTS},
    "HasApiHost": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ApiHost"}, ""]}]},
}


def resources(stage: Stage, rest_api: Any) -> Resources:
    """`rest_api` refers to the id of the API that Chalice made."""
    made = {logical(host.noun, "domain"): _domain(stage, host) for host in HOSTS}
    return made | _api_host(stage, rest_api)


def _domain(stage: Stage, host: Host) -> dict[str, Any]:
    def own(value: Any) -> dict[str, Any]:
        return {"Fn::If": [_named(host), value, {"Ref": "AWS::NoValue"}]}

    return resource(
        "AWS::IoT::DomainConfiguration",
        {
            "DomainConfigurationName": _name(stage, host),
            "DomainName": own({"Ref": parameter(host)}),
            "ServerCertificateArns": own([{"Ref": "CertificateArn"}]),
            "ServiceType": "DATA",
            "AuthenticationType": host.authentication,
            "ApplicationProtocol": host.protocol,
            "AuthorizerConfig": {
                "DefaultAuthorizerName": {"Ref": "MqttAuthorizer"},
                "AllowAuthorizerOverride": False,
            },
            "DomainConfigurationStatus": "ENABLED",
            "Tags": tags(stage.name, stage.app),
        },
        # AWS deletes none that was not disabled for a week: `destroy` sees to them (infra/deploying/entrances.py).
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Delete",
    )


def _name(stage: Stage, host: Host) -> dict[str, Any]:
    """Another one for each host name, and for each stack: what an earlier one left behind is not in the way."""
    stack = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    prefix = stage.called(host.noun)
    own = {"Fn::Sub": f"{prefix}-${{{parameter(host)}}}"}
    return {"Fn::If": [_named(host), own, {"Fn::Join": ["-", [prefix, stack]]}]}


def _api_host(stage: Stage, rest_api: Any) -> Resources:
    domain = resource(
        "AWS::ApiGateway::DomainName",
        {
            "DomainName": {"Ref": "ApiHost"},
            "RegionalCertificateArn": {"Ref": "CertificateArn"},
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
            "SecurityPolicy": "TLS_1_2",
            "Tags": tags(stage.name, stage.app),
        },
        Condition="HasApiHost",
    )
    # No base path: the routes carry the vendors' full paths.
    mapping = resource(
        "AWS::ApiGateway::BasePathMapping",
        {"DomainName": {"Ref": "ApiDomain"}, "RestApiId": rest_api, "Stage": "api"},
        Condition="HasApiHost",
    )
    return {"ApiDomain": domain, "ApiMapping": mapping}


def outputs() -> dict[str, Any]:
    made: dict[str, Any] = {}
    target = {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]}
    made["ApiTarget"] = {
        "Description": "What the API's DNS record points to",
        "Value": target,
        "Condition": "HasApiHost",
    }
    return made
