"""Errors by what the caller can do about them; each dialect renders them in its vendor's own shape."""

from chalicelib.fleet.fields import Field


class FleetError(Exception):
    """Something the caller of a use case has to hear about. `str()` is a sentence for a person."""


class Invalid(FleetError):
    """The request itself is wrong: correct it. `field` is the culprit where there is one.

    A string is the client's own name for it; for what the fleet calls it each dialect has a name, or none.
    """

    def __init__(self, message: str, field: str | Field | None = None) -> None:
        super().__init__(message)
        self.field = field


class TooLarge(Invalid):
    """The request is bigger than what can be kept or delivered."""


class Circular(Invalid):
    """An object would be below itself."""


class Unauthenticated(FleetError):
    """No usable credential: missing, malformed, expired, not yet valid or disabled."""


class UnknownCredential(FleetError):
    """A credential that belongs to nobody."""


class Forbidden(FleetError):
    """The credential is good, but does not allow this."""


class NotFound(FleetError):
    """What was named does not exist in this tenant."""


class AttachmentNotFound(NotFound):
    pass


class DeviceNotFound(NotFound):
    pass


class InterfaceNotFound(NotFound):
    pass


class ConnectorNotFound(NotFound):
    pass


class GroupNotFound(NotFound):
    pass


class ObjectNotFound(NotFound):
    pass


class ExternalIdNotFound(NotFound):
    pass


class MessageNotFound(NotFound):
    pass


class AlarmNotFound(NotFound):
    pass


class SubscriptionNotFound(NotFound):
    pass


class CampaignNotFound(NotFound):
    pass


class CommandNotFound(NotFound):
    pass


class ParameterNotFound(NotFound):
    pass


class KeyNotFound(NotFound):
    pass


class DecoderNotFound(NotFound):
    pass


class ResourceNotFound(NotFound):
    pass


class VersionNotFound(NotFound):
    pass


class QueueNotFound(NotFound):
    pass


class PolicyNotFound(NotFound):
    pass


class TenantNotFound(NotFound):
    pass


class UserNotFound(NotFound):
    pass


class CertificateNotFound(NotFound):
    pass


class DefinitionNotFound(NotFound):
    """Of an object that devices may have."""


class TwinObjectNotFound(NotFound):
    """The device has no such object, or no such instance of it."""


class OperationNotFound(NotFound):
    pass


class ObservationNotFound(NotFound):
    pass


class RuleNotFound(NotFound):
    pass


class BootstrapConfigNotFound(NotFound):
    pass


class BootstrapEntryNotFound(NotFound):
    pass


class Conflict(FleetError):
    """What was asked for contradicts the present state."""


class DeviceDuplicate(Conflict):
    pass


class InterfaceDuplicate(Conflict):
    pass


class ClientTaken(Conflict):
    """Whose a client id is has changed since it was looked at."""


class NumberTaken(Conflict):
    """Another object was given the same number in the same millisecond: draw another."""


class TenantDuplicate(Conflict):
    pass


class CommandDuplicate(Conflict):
    """A command with this id is there already: the same order came before."""


class QueueDuplicate(Conflict):
    pass


class UserDuplicate(Conflict):
    pass


class DecoderDuplicate(Conflict):
    pass


class ResourceDuplicate(Conflict):
    pass


class VersionDuplicate(Conflict):
    pass


class GroupDuplicate(Conflict):
    pass


class ExternalIdDuplicate(Conflict):
    pass


class AttachmentDuplicate(Conflict):
    pass


class AlarmOpen(Conflict):
    """Another alarm of that source and type is open."""


class DefinitionDuplicate(Conflict):
    pass


class BootstrapEntryDuplicate(Conflict):
    pass


class IllegalTransition(Conflict):
    """The state machine has no such step."""


class GroupInUse(Forbidden):
    """It holds devices or groups, or is the root: it cannot be deleted."""


class LimitReached(Forbidden):
    """A quota of the tenant, key or device is used up."""


class QuotaReached(LimitReached):
    """So many as the operator lets the tenant store are stored."""


class RateLimitReached(FleetError):
    """Too much in too short a time: come back in `wait` seconds."""

    def __init__(self, message: str, wait: int = 1) -> None:
        super().__init__(message)
        self.wait = wait

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9110 10.2.3."""
        return {"Retry-After": str(self.wait)}


class CommandLimitReached(LimitReached):
    pass


class Contended(FleetError):
    """So many writers at one item that ours never got through: try again."""


class TemporarilyUnavailable(FleetError):
    """Our own platform could not do it now: try again."""
