"""Parameters of the three services: one table that reading of queries and application.wadl both follow."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a parameter holds, as XML Schema calls it."""

    TIME = "xs:dateTime"
    NUMBER = "xs:double"
    WHOLE = "xs:int"
    TRUTH = "xs:boolean"
    TEXT = "xs:string"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. alias: its short name; low, high: bounds of a number; options: the only values of a text."""

    name: str
    kind: Kind
    alias: str | None = None
    default: str | None = None
    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name in the path, its version, what it understands, what it answers with.

    bulk: parameters that may stand in `key=value` lines above the selections of a POST request; empty: no POST.
    methods: further questions without parameters.
    """

    name: str
    version: str
    parameters: tuple[Parameter, ...]
    media_types: tuple[str, ...]
    bulk: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    def known(self) -> dict[str, Parameter]:
        """Parameters by every name they have."""
        named = {parameter.name: parameter for parameter in self.parameters}
        return named | {parameter.alias: parameter for parameter in self.parameters if parameter.alias}


MINISEED = "application/vnd.fdsn.mseed"
XML = "application/xml"
TEXT = "text/plain"
VERSION = "1.2.0"

_SPAN = (Parameter("starttime", Kind.TIME, "start"), Parameter("endtime", Kind.TIME, "end"))
_SOURCE = (
    Parameter("network", Kind.TEXT, "net"),
    Parameter("station", Kind.TEXT, "sta"),
    Parameter("location", Kind.TEXT, "loc"),
    Parameter("channel", Kind.TEXT, "cha"),
)
_BOX = (
    Parameter("minlatitude", Kind.NUMBER, "minlat", low=-90, high=90),
    Parameter("maxlatitude", Kind.NUMBER, "maxlat", low=-90, high=90),
    Parameter("minlongitude", Kind.NUMBER, "minlon", low=-180, high=180),
    Parameter("maxlongitude", Kind.NUMBER, "maxlon", low=-180, high=180),
)
_CIRCLE = (
    Parameter("latitude", Kind.NUMBER, "lat", low=-90, high=90),
    Parameter("longitude", Kind.NUMBER, "lon", low=-180, high=180),
    Parameter("minradius", Kind.NUMBER, default="0", low=0, high=180),
    Parameter("maxradius", Kind.NUMBER, default="180", low=0, high=180),
)
_NODATA = Parameter("nodata", Kind.WHOLE, default="204", options=("204", "404"))

DATASELECT = Service(
    "dataselect",
    VERSION,
    (
        *_SPAN,
        *_SOURCE,
        Parameter("quality", Kind.TEXT, default="B", options=("D", "R", "Q", "M", "B")),
        Parameter("format", Kind.TEXT, default="miniseed", options=("miniseed",)),
        _NODATA,
    ),
    (MINISEED,),
    bulk=("quality", "format", "nodata"),
)
STATION = Service(
    "station",
    VERSION,
    (
        *_SPAN,
        Parameter("startbefore", Kind.TIME),
        Parameter("startafter", Kind.TIME),
        Parameter("endbefore", Kind.TIME),
        Parameter("endafter", Kind.TIME),
        *_SOURCE,
        *_BOX,
        *_CIRCLE,
        Parameter("level", Kind.TEXT, default="station", options=("network", "station", "channel", "response")),
        Parameter("includerestricted", Kind.TRUTH, default="true"),
        Parameter("format", Kind.TEXT, default="xml", options=("xml", "text")),
        _NODATA,
    ),
    (XML, TEXT),
    bulk=(
        "minlatitude", "maxlatitude", "minlongitude", "maxlongitude", "latitude", "longitude", "minradius",
        "maxradius", "level", "includerestricted", "format", "nodata",
    ),
)  # fmt: skip
EVENT = Service(
    "event",
    VERSION,
    (
        *_SPAN,
        *_BOX,
        *_CIRCLE,
        Parameter("mindepth", Kind.NUMBER),
        Parameter("maxdepth", Kind.NUMBER),
        Parameter("minmagnitude", Kind.NUMBER, "minmag"),
        Parameter("maxmagnitude", Kind.NUMBER, "maxmag"),
        Parameter("magnitudetype", Kind.TEXT, "magtype"),
        Parameter("eventtype", Kind.TEXT),
        Parameter("includeallorigins", Kind.TRUTH, default="false"),
        Parameter("includeallmagnitudes", Kind.TRUTH, default="false"),
        Parameter("includearrivals", Kind.TRUTH, default="false"),
        Parameter("eventid", Kind.TEXT),
        Parameter("limit", Kind.WHOLE, low=1, high=20_000),
        Parameter("offset", Kind.WHOLE, default="1", low=1, high=2**31 - 1),
        Parameter("orderby", Kind.TEXT, default="time", options=("time", "time-asc", "magnitude", "magnitude-asc")),
        Parameter("catalog", Kind.TEXT),
        Parameter("contributor", Kind.TEXT),
        Parameter("updatedafter", Kind.TIME),
        Parameter("format", Kind.TEXT, default="xml", options=("xml", "text")),
        _NODATA,
    ),
    (XML, TEXT),
    methods=("catalogs", "contributors"),
)
SERVICES = (DATASELECT, STATION, EVENT)
