"""Path parameters that several resources share."""

import re

from chalicelib.dialects.live_objects.identity import MAX_URN, URN
from chalicelib.web.parameters import Parameter, Place

DEVICE = Parameter(
    "device_id", place=Place.PATH, bounds=(1, MAX_URN), pattern=URN, explained="urn:lo:nsid:{namespace}:{id}"
)
NAMESPACE = Parameter(
    "namespace", place=Place.PATH, pattern=re.compile(r"[\w-]{1,128}", re.ASCII), explained="of the device's id"
)
ASSET = Parameter(
    "asset_id", place=Place.PATH, pattern=re.compile(r"[:\w-]{1,128}", re.ASCII), explained="of the device's id"
)
ASSETS = (NAMESPACE, ASSET)
"""How a device is named below /api/v0: by the two parts of its id."""
