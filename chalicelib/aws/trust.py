"""Whose client certificates the broker takes: IoT Core's register of CA certificates.

The register belongs to the account: other stages, and the operator, may have put the same CA there. Tags say who
relies on one that was registered by us, and it leaves the register with the last of them.
"""

import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.fleet.errors import Invalid, LimitReached

_OURS = "homeport:registered"
"""Tag of what is not the operator's own registration."""
_HELD = "homeport:held-by/"
_GONE = "ResourceNotFoundException"
_PENDING = "PENDING_ACTIVATION"

log = logging.getLogger(__name__)


class IotCoreTrust:
    """`client` makes the client of IoT Core's control plane when it is first needed; `holder` names this stage.

    A certificate is registered in the mode SNI_ONLY, which asks for no proof that its private key is ours, and may be
    registered in many accounts (API reference, RegisterCACertificate).
    """

    def __init__(self, client: Callable[[], Any], holder: str) -> None:
        self._client = client
        self._held = _HELD + holder

    def accept(self, pem: str) -> str:
        """Errors: Invalid (IoT Core takes no such certificate), LimitReached (that many of one subject)."""
        client = self._client()
        try:
            made = client.register_ca_certificate(
                caCertificate=pem,
                certificateMode="SNI_ONLY",
                setAsActive=True,
                allowAutoRegistration=True,
                tags=[_tag(_OURS), _tag(self._held)],
            )
        except client.exceptions.ResourceAlreadyExistsException as error:
            return self._share(error.response)
        except (client.exceptions.CertificateValidationException, client.exceptions.InvalidRequestException) as error:
            raise Invalid(f"the broker does not take this certificate: {error}", "certificate") from error
        except client.exceptions.LimitExceededException as error:
            raise LimitReached("the broker knows too many CA certificates of this subject already") from error
        return str(made["certificateId"])

    def _share(self, known: dict[str, Any]) -> str:
        """Rely on a CA that is registered already, whatever state it was left in."""
        client, identifier = self._client(), str(known["resourceId"])
        client.tag_resource(resourceArn=known["resourceArn"], tags=[_tag(self._held)])
        client.update_ca_certificate(certificateId=identifier, newStatus="ACTIVE", newAutoRegistrationStatus="ENABLE")
        return identifier

    def withdraw(self, registration: str) -> None:
        try:
            self._withdraw(registration)
        except (ClientError, BotoCoreError) as error:
            # It stays registered, and lets nobody in: the authorizer asks the tenant's list, where it is no more.
            log.warning("CA certificate %s stays registered with IoT Core: %s", registration, error)

    def _withdraw(self, registration: str) -> None:
        client = self._client()
        try:
            described = client.describe_ca_certificate(certificateId=registration)["certificateDescription"]
        except client.exceptions.ResourceNotFoundException:
            return
        arn = described["certificateArn"]
        client.untag_resource(resourceArn=arn, tagKeys=[self._held])
        left = {tag["Key"] for tag in client.list_tags_for_resource(resourceArn=arn)["tags"]}
        if _OURS not in left or any(key.startswith(_HELD) for key in left):
            return
        # Only what is inactive can be deleted.
        client.update_ca_certificate(
            certificateId=registration, newStatus="INACTIVE", newAutoRegistrationStatus="DISABLE"
        )
        client.delete_ca_certificate(certificateId=registration)

    def activate(self, certificate: str) -> bool:
        client = self._client()
        try:
            described = client.describe_certificate(certificateId=certificate)["certificateDescription"]
        except client.exceptions.ResourceNotFoundException:
            return False
        # The event may come again hours after an operator has revoked the certificate. IoT Core has no condition to
        # close the moment between this look and the change.
        if described["status"] != _PENDING:
            return False
        client.update_certificate(certificateId=certificate, newStatus="ACTIVE")
        return True


def _tag(key: str) -> dict[str, str]:
    return {"Key": key, "Value": "true"}
