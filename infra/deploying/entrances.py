"""The host names under which devices reach a stage: domain configurations, which outlive the stack that made them.

AWS lets go of a host name that it made itself only when it has been disabled for seven days (AWS IoT developer guide,
"Managing domain configurations"). So the stack leaves them behind, and they are closed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from infra.stage import Stage
from infra.templates.hosts import HOSTS

_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Entrances:
    """`iot` is a client of IoT Core's control plane."""

    iot: Any
    stage: Stage

    def open(self) -> dict[str, str]:
        """The host name of each entrance that lets devices in, by its noun."""
        configs = [(noun, config) for noun, config in self._all() if config["domainConfigurationStatus"] == "ENABLED"]
        return {noun: config.get("domainName", "") for noun, config in configs}

    def close(self) -> list[str]:
        """Disable all and delete what AWS lets go of; a sentence for each."""
        return [self._closed(config) for _, config in self._all()]

    def _closed(self, config: dict[str, Any]) -> str:
        name, host = config["domainConfigurationName"], config.get("domainName", "")
        if config["domainConfigurationStatus"] == "ENABLED":
            self.iot.update_domain_configuration(domainConfigurationName=name, domainConfigurationStatus="DISABLED")
            config = self.iot.describe_domain_configuration(domainConfigurationName=name)
        try:
            self.iot.delete_domain_configuration(domainConfigurationName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidRequestException":
                raise
            after = config["lastStatusChangeDate"] + _KEPT
            return f"host {host}: disabled; AWS keeps it until {after:%Y-%m-%d %H:%M}, run this again then"
        return f"host {host}: removed"

    def _all(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Of this stage, of whichever deployment: the nouns, and what AWS says of each."""
        listed = self.iot.get_paginator("list_domain_configurations").paginate(serviceType="DATA")
        names = [c["domainConfigurationName"] for page in listed for c in page["domainConfigurations"]]
        for host in HOSTS:
            for name in names:
                if name.startswith(f"{self.stage.called(host.noun)}-"):
                    yield host.noun, self.iot.describe_domain_configuration(domainConfigurationName=name)
