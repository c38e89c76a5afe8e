"""Care of stations: their health, and the visits that people paid them."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import EARLIEST, INT32, LATEST, Cursor, End, FormatName, Limit, PathCode, Start, StationFilter
from services.api.reply import (
    MEDIA_TYPES,
    Format,
    feature,
    features,
    fresh_reply,
    json_reply,
    next_link,
    point,
    wanted_format,
)
from services.api.schema import answers, body_schema
from services.storage.quality_reading import StationHealth, station_health
from services.storage.station_reading import find_station
from services.storage.visits import NoSuchPlace, Visit, enter_visit, list_visits
from uskat.wire.status import AwareTime

HEALTH_AGE_S = 15
LONGEST_VISIT = timedelta(days=92)
router = APIRouter(prefix=API, tags=["stations"])

HEALTH_EXAMPLE = {
    "station": "U-08", "name": "Ускат, 8 км", "kind": "river", "latitude": 54.014, "longitude": 87.2063, "demo": True,
    "series": 8, "last_reading_at": "2026-11-21T09:20:00Z", "availability": 0.94,
    "faults": [{
        "alert": 31, "kind": "fault", "key": "fault:stuck:17", "parameter": "turb", "device": "U-08",
        "since": "2026-11-21T05:00:00Z", "title": "Датчик застыл: Мутность (U-08)",
        "title_en": "Sensor is stuck: Turbidity (U-08)",
        "hint": "Проверьте датчик и кабель, перезапустите прибор, сравните с переносным.",
    }],
    "devices": [{
        "device": "U-08", "time": "2026-11-21T09:00:00Z", "state": "online", "battery_v": 12.4, "door_open": False,
        "queue_length": 0,
    }],
    "maintenance": [],
}  # fmt: skip
VISIT_EXAMPLE = {
    "kind": "calibration", "series": None, "starts_at": "2026-11-20T04:00:00Z", "ends_at": "2026-11-20T05:10:00Z",
    "note": "Чистка зонда, калибровка pH по двум буферам",
}  # fmt: skip
RECORDED_EXAMPLE = VISIT_EXAMPLE | {
    "id": 3, "station": "U-08", "parameter": None, "entered_by": "duty", "entered_at": "2026-11-20T06:00:00Z",
}  # fmt: skip


class VisitKind(StrEnum):
    """What was done: a service visit, a calibration, or maintenance of the site."""

    VISIT = "visit"
    CALIBRATION = "calibration"
    MAINTENANCE = "maintenance"


class NewVisit(msgspec.Struct, forbid_unknown_fields=True):
    """A visit over [starts_at, ends_at); series null: every instrument of the station."""

    kind: VisitKind
    starts_at: AwareTime
    ends_at: AwareTime
    series: Annotated[int, msgspec.Meta(ge=1, le=INT32)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""


@router.get(
    "/station-health",
    summary="Health of stations: faults, availability, loggers, maintenance",
    responses=answers(
        Page[StationHealth],
        "Every published station, by code",
        example={"items": [HEALTH_EXAMPLE], "next": None},
        others={"application/geo+json": "one point a station"},
    ),
)
async def get_station_health(
    request: Request, context: Shared, asking: Asking, station: StationFilter = None, format_name: FormatName = None
) -> Response:
    """Instruments and their links, not the water: a station with faults may still have nothing to say of the river."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    found = await context.database.ask(
        station_health, now=context.now(), station=station, everything=asking.sees_everything
    )
    if form is Format.JSON:
        return fresh_reply(request, Page(found), max_age_s=HEALTH_AGE_S)
    points = [feature(point(one.longitude, one.latitude), one) for one in found]
    return fresh_reply(request, features(points), max_age_s=HEALTH_AGE_S, media_type=MEDIA_TYPES[form])


@router.get(
    "/stations/{code}/visits",
    summary="Visits, calibrations and maintenance of a station",
    responses=answers(
        Page[Visit],
        "A page, the newest entry first",
        example={"items": [RECORDED_EXAMPLE], "next": None},
        problems=(401, 403, 404, 422),
    ),
    openapi_extra={"security": [{"token": []}]},
)
async def get_visits(
    *,
    request: Request,
    context: Shared,
    code: PathCode,
    start: Start = None,
    end: End = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Response:
    """Those that touch [start, end); without them all."""
    if await context.database.ask(find_station, code, everything=True) is None:
        raise NotFound(f"there is no station {code!r}")
    question = ("visits", code, str(start), str(end))
    before = read_cursor(cursor, question, (int,))[0] if cursor else INT32
    found = await context.database.ask(
        list_visits, station=code, since=start or EARLIEST, until=end or LATEST, before=before, limit=limit + 1
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return json_reply(Page(items, following), headers=next_link(request, following))


@router.post(
    "/stations/{code}/visits",
    summary="Record a visit to a station",
    status_code=201,
    responses=answers(Visit, "Recorded", example=RECORDED_EXAMPLE, problems=(401, 403, 404, 413, 415, 422), status=201),
    openapi_extra=body_schema(NewVisit, example=VISIT_EXAMPLE) | {"security": [{"token": []}]},
)
async def post_visit(request: Request, context: Shared, asking: Asking, code: PathCode) -> Response:
    """Append-only. What was measured during it is judged again within a moment: it counts for nothing then."""
    wanted = await read_struct(request, NewVisit)
    starts_at, ends_at = _moment(wanted.starts_at), _moment(wanted.ends_at)
    if not starts_at < ends_at <= starts_at + LONGEST_VISIT:
        raise InvalidRequest(f"a visit ends after it starts, and within {LONGEST_VISIT.days} days")
    if "\x00" in wanted.note:
        raise InvalidRequest("the note must be text")
    try:
        made = await context.database.change(
            enter_visit, station=code, series_id=wanted.series, kind=wanted.kind.value, starts_at=starts_at,
            ends_at=ends_at, note=wanted.note.strip(), by=asking.name,
        )  # fmt: skip
    except NoSuchPlace as error:
        raise NotFound(str(error)) from None
    return json_reply(made, status_code=201)


def _moment(moment: datetime) -> datetime:
    try:
        found = moment.astimezone(UTC)
    except OverflowError:
        found = LATEST
    if not EARLIEST <= found < LATEST:
        raise InvalidRequest(f"times must lie between {EARLIEST.year} and {LATEST.year}")
    return found
