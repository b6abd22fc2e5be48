"""Whose client certificates the broker takes: IoT Core's register of CA certificates."""

from collections.abc import Callable
from typing import Any

from chalicelib.fleet.errors import Invalid, LimitReached


class IotCoreTrust:
    """`client` makes the client of IoT Core's control plane when it is first needed.

    A certificate is registered in the mode SNI_ONLY, which asks for no proof that its private key is ours, and may be
    registered in many accounts (API reference, RegisterCACertificate). What a tenant withdraws stays registered:
    another tenant may have the same CA, and the authorizer asks the tenant's own list.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def accept(self, pem: str) -> None:
        """Errors: Invalid (IoT Core takes no such certificate), LimitReached (that many of one subject)."""
        client = self._client()
        try:
            client.register_ca_certificate(
                caCertificate=pem, certificateMode="SNI_ONLY", setAsActive=True, allowAutoRegistration=True
            )
        except client.exceptions.ResourceAlreadyExistsException:
            return
        except (client.exceptions.CertificateValidationException, client.exceptions.InvalidRequestException) as error:
            raise Invalid(f"the broker does not take this certificate: {error}", "certificate") from error
        except client.exceptions.LimitExceededException as error:
            raise LimitReached("the broker knows too many CA certificates of this subject already") from error
