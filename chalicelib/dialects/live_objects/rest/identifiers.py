"""Path parameters that several resources share."""

from chalicelib.dialects.live_objects.identity import MAX_URN, URN
from chalicelib.web.parameters import Parameter, Place

DEVICE = Parameter(
    "device_id", place=Place.PATH, bounds=(1, MAX_URN), pattern=URN, explained="urn:lo:nsid:{namespace}:{id}"
)
