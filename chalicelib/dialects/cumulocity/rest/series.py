"""Series of measurements (reference, "Measurements", series)."""

from collections.abc import Iterator

from chalicelib.dialects.cumulocity import measurements as shapes
from chalicelib.dialects.cumulocity import series
from chalicelib.dialects.cumulocity.errors import BadRequest, Missing
from chalicelib.dialects.cumulocity.measurements import Measurement
from chalicelib.dialects.cumulocity.rest import asking, contents, data
from chalicelib.dialects.cumulocity.rest.sources import SOURCE, Sources
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND = "measurementSeries"
_MANDATORY = ("dateFrom", "dateTo", "source")


def _series(ports: Ports, request: Request) -> Answer:
    asked = request.asked
    missing = [name for name in _MANDATORY if not asked[name]]
    if missing:
        raise Missing(*missing)
    said = asked["aggregationInterval"] or series.TYPES.get(asked["aggregationType"] or "", "")
    if asked["aggregationFunction"] and not said:
        raise BadRequest("aggregationFunction is there beside aggregationInterval only", "aggregationFunction")
    functions = tuple(dict.fromkeys(asked["aggregationFunction"])) or series.USUAL
    unknown = [name for name in functions if name not in series.FUNCTIONS]
    if unknown:
        raise Invalid(f"aggregationFunction is one of {', '.join(series.FUNCTIONS)}", "aggregationFunction")
    by = series.interval(said) if said else None
    found = _found(ports, request)
    return contents.found(request, KIND, series.table(found, frozenset(asked["series"]), by, functions))


def _found(ports: Ports, request: Request) -> Iterator[Measurement]:
    """The oldest first."""
    sources, moments = Sources(ports, request), asking.window(request)
    walked = data.walked(ports, request, sources, moments, ascending=not request.asked["revert"])
    for message in asking.looked(walked, asking.MOST_POINTS):
        found = shapes.of(message)
        if found is not None:
            yield found


ROUTES = (
    Route(
        "GET",
        "/measurement/measurements/series",
        _series,
        "Values of the series of a source, as they are or by interval",
        roles=data.READING,
        devices=True,
        parameters=(
            SOURCE,
            *asking.DATES,
            Parameter("series", Kind.LIST, default=[], explained="fragment.series"),
            Parameter("revert", Kind.BOOLEAN, default=False, explained="the newest first"),
            Parameter("aggregationType", choices=tuple(series.TYPES)),
            Parameter("aggregationInterval", default="", explained="such as 30s, 25m, 12h, 7d, 4w, 3M, 2q, 1y"),
            Parameter("aggregationFunction", Kind.LIST, default=[], explained=", ".join(series.FUNCTIONS)),
        ),
        failures=(Invalid, BadRequest),
    ),
)
