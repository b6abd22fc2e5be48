"""Where devices fetch files of a stage, and which firmware can."""

from chalicelib.fleet.resources.links import PATH, TOKEN
from chalicelib.fleet.resources.records import CARRIED
from infra.host_check import Finding
from infra.settings import Settings

URL_BYTES = 80
"""What the Live Objects C SDK keeps of a URL, with the NUL at its end."""


def findings(settings: Settings) -> list[Finding]:
    """What firmware meets at `/dl/`, from the stage's settings alone."""
    what = "downloads"
    host, scheme = settings.download_host or settings.api_host, "http" if settings.download_host else "https"
    if not host:
        found = "signed URLs of S3, about 1,500 characters long: set api_host or download_host for short ones"
        return [Finding(what, None, found)]
    length = len(f"{scheme}://{host}{PATH}") + TOKEN
    if settings.download_host:
        served = f"http and https://{host}{PATH}…, by the edge, files of any size"
    else:
        served = (
            f"https://{host}{PATH}…, by API Gateway, files of {CARRIED / 1_000_000:.1f} MB at most (above it signed "
            "URLs of S3); firmware that speaks plain HTTP only, as the Live Objects C SDK does, needs an edge "
            "(download_host)"
        )
    fits = length < URL_BYTES
    long = (
        ""
        if fits
        else f": too long by {length - URL_BYTES + 1} for the Live Objects C SDK, which keeps {URL_BYTES - 1}"
    )
    return [Finding(what, None, served), Finding("length of download URLs", fits or None, f"{length} characters{long}")]
