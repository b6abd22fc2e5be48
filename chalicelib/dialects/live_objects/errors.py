"""Errors in the vendor's shape `{id, code, message, details?}` (manual, "Error case" tables of chapters 4, 5 and 8).

The manual names no codes for commands, keys and what concerns HTTP alone; those here are made after its pattern.
"""

import uuid
from http import HTTPStatus

from chalicelib.fleet import errors as fleet
from chalicelib.fleet import traces
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.web import refusals
from chalicelib.web.request import Answer

INVALID = "GENERIC_INVALID_PARAMETER_ERROR"
FORBIDDEN = "GENERIC_ACTION_FORBIDDEN_ERROR"
INTERNAL = "GENERIC_INTERNAL_ERROR"

CODES: dict[type[Exception], tuple[int, str]] = {
    fleet.Invalid: (HTTPStatus.BAD_REQUEST, INVALID),
    fleet.TooLarge: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, INVALID),
    fleet.Unauthenticated: (HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED"),
    fleet.UnknownCredential: (HTTPStatus.FORBIDDEN, FORBIDDEN),
    fleet.Forbidden: (HTTPStatus.FORBIDDEN, FORBIDDEN),
    fleet.QuotaReached: (HTTPStatus.FORBIDDEN, "GENERIC_OFFER_DISABLED_ERROR"),
    fleet.CommandLimitReached: (HTTPStatus.FORBIDDEN, "DM_COMMAND_LIMIT_REACHED"),
    fleet.GroupInUse: (HTTPStatus.FORBIDDEN, "DM_GROUP_UNDELETABLE"),
    fleet.RateLimitReached: (HTTPStatus.TOO_MANY_REQUESTS, "GENERIC_RATE_LIMIT_ERROR"),
    fleet.NotFound: (HTTPStatus.NOT_FOUND, "GENERIC_NOT_FOUND_ERROR"),
    fleet.DeviceNotFound: (HTTPStatus.NOT_FOUND, "DM_DEVICE_NOT_FOUND"),
    fleet.InterfaceNotFound: (HTTPStatus.NOT_FOUND, "DM_INTERFACE_NOT_FOUND"),
    fleet.ConnectorNotFound: (HTTPStatus.NOT_FOUND, "DM_CONNECTOR_UNAVAILABLE"),
    fleet.GroupNotFound: (HTTPStatus.NOT_FOUND, "DM_GROUP_NOT_FOUND"),
    fleet.CommandNotFound: (HTTPStatus.NOT_FOUND, "DM_COMMAND_NOT_FOUND"),
    fleet.ParameterNotFound: (HTTPStatus.NOT_FOUND, "DM_DEVICE_CONFIG_PARAM_NOT_FOUND"),
    fleet.KeyNotFound: (HTTPStatus.NOT_FOUND, "API_KEY_NOT_FOUND"),
    fleet.UserNotFound: (HTTPStatus.NOT_FOUND, "USER_NOT_FOUND"),
    fleet.CertificateNotFound: (HTTPStatus.NOT_FOUND, "CA_CERTIFICATE_NOT_FOUND"),
    fleet.ResourceNotFound: (HTTPStatus.NOT_FOUND, "DM_RESOURCE_NOT_FOUND"),
    fleet.VersionNotFound: (HTTPStatus.NOT_FOUND, "DM_RESOURCE_VERSION_NOT_FOUND"),
    fleet.DecoderNotFound: (HTTPStatus.NOT_FOUND, "DECODER_NOT_FOUND"),
    fleet.DefinitionNotFound: (HTTPStatus.NOT_FOUND, "DM_OBJECT_DEFINITION_NOT_FOUND"),
    fleet.TwinObjectNotFound: (HTTPStatus.NOT_FOUND, "DM_TWIN_OBJECT_NOT_FOUND"),
    fleet.OperationNotFound: (HTTPStatus.NOT_FOUND, "DM_TWIN_OPERATION_NOT_FOUND"),
    fleet.ObservationNotFound: (HTTPStatus.NOT_FOUND, "DM_TWIN_OBSERVATION_NOT_FOUND"),
    fleet.RuleNotFound: (HTTPStatus.NOT_FOUND, "DM_TWIN_DATA_RULE_NOT_FOUND"),
    fleet.BootstrapConfigNotFound: (HTTPStatus.NOT_FOUND, "BOOTSTRAP_CONFIG_NOT_FOUND"),
    fleet.BootstrapEntryNotFound: (HTTPStatus.NOT_FOUND, "BOOTSTRAP_ENTRY_NOT_FOUND"),
    fleet.Conflict: (HTTPStatus.CONFLICT, "GENERIC_CONFLICT_ERROR"),
    fleet.DeviceDuplicate: (HTTPStatus.CONFLICT, "DM_DEVICE_DUPLICATE"),
    fleet.GroupDuplicate: (HTTPStatus.CONFLICT, "DM_GROUP_DUPLICATE"),
    fleet.InterfaceDuplicate: (HTTPStatus.CONFLICT, "DM_INTERFACE_DUPLICATE"),
    fleet.ResourceDuplicate: (HTTPStatus.CONFLICT, "DM_RESOURCE_DUPLICATE"),
    fleet.VersionDuplicate: (HTTPStatus.CONFLICT, "DM_RESOURCE_VERSION_DUPLICATE"),
    fleet.DecoderDuplicate: (HTTPStatus.CONFLICT, "DECODER_DUPLICATE"),
    fleet.DefinitionDuplicate: (HTTPStatus.CONFLICT, "DM_OBJECT_DEFINITION_DUPLICATE"),
    fleet.BootstrapEntryDuplicate: (HTTPStatus.CONFLICT, "BOOTSTRAP_ENTRY_DUPLICATE"),
    fleet.UserDuplicate: (HTTPStatus.CONFLICT, "USER_DUPLICATE"),
    fleet.IllegalTransition: (HTTPStatus.CONFLICT, "DM_INVALID_STATUS_UPDATE"),
    fleet.Contended: (HTTPStatus.SERVICE_UNAVAILABLE, "GENERIC_SERVICE_UNAVAILABLE_ERROR"),
    fleet.TemporarilyUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "GENERIC_SERVICE_UNAVAILABLE_ERROR"),
    refusals.RouteNotFound: (HTTPStatus.NOT_FOUND, "GENERIC_NOT_FOUND_ERROR"),
    refusals.MethodNotAllowed: (HTTPStatus.METHOD_NOT_ALLOWED, "GENERIC_METHOD_NOT_ALLOWED_ERROR"),
    refusals.NotAcceptable: (HTTPStatus.NOT_ACCEPTABLE, "GENERIC_NOT_ACCEPTABLE_ERROR"),
    refusals.UnsupportedMediaType: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "GENERIC_UNSUPPORTED_MEDIA_TYPE_ERROR"),
}

FIELDS: dict[Field, str] = {
    Field.ACKNOWLEDGEMENT: "ackTimeoutInSeconds",
    Field.ATTEMPTS: "attempts",
    Field.CA_CERTIFICATES: "clientCert.caCertIds",
    Field.CERTIFICATE: "certificate",
    Field.CHECKSUM: "checksum",
    Field.CLIENT_CERTIFICATE: "clientCert.required",
    Field.DESCRIPTION: "description",
    Field.ENCODING: "encoding",
    Field.ENDS: "to",
    Field.EXPIRATION: "expirationInSeconds",
    Field.HEADERS: "headers",
    Field.IDLE: "sessionTtl",
    Field.INTERFACES: "interfaces",
    Field.JSON_PATH: "jsonPath",
    Field.LABEL: "label",
    Field.LIFETIME: "messageTtl",
    Field.PARAMETERS: "parameters",
    Field.PARENT: "parentId",
    Field.PASSWORD: "password",
    Field.PATH: "pathNode",
    Field.QUEUES: "scope.fifos",
    Field.RESOURCE: "resourceId",
    Field.ROLES: "roles",
    Field.SIZE: "size",
    Field.STARTS: "from",
    Field.STORAGE: "maxLengthBytes",
    Field.URL: "webhookUrl",
}
"""What the OpenAPI document calls what the fleet finds wrong."""


def explain(ports: Ports, error: Exception) -> Answer:
    """Any exception as the vendor would answer it; of one that nobody foresaw nothing is told but its id."""
    status, code = code_of(type(error))
    message = "an unexpected error occurred" if code == INTERNAL else worded(error)
    # The trace, where there is one: whoever is told the id finds what was logged under it.
    named = traces.present() or str(uuid.UUID(bytes=ports.chance(16), version=4))
    body = {"id": named, "code": code, "message": message}
    return Answer(body, status, getattr(error, "headers", {}))


def worded(error: Exception) -> str:
    """The sentence of an error, behind the name that the API gives to what is wrong."""
    culprit = getattr(error, "field", None)
    return f"{FIELDS[culprit]}: {error}" if culprit in FIELDS else str(error)


def code_of(kind: type[Exception]) -> tuple[int, str]:
    """Status and code of an error class: its own, or that of its nearest relative."""
    known = next((CODES[cls] for cls in kind.__mro__ if cls in CODES), None)
    return known or (HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL)
