"""Readings and aggregates of one series over a time range, now or as of an earlier moment."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import read_cursor, write_cursor
from services.api.query import LATEST, Cursor, End, FormatName, Identifier, Moment, Start
from services.api.reply import MEDIA_TYPES, Format, feature, features, json_reply, next_link, point, wanted_format
from services.api.schema import answers
from services.api.table import Cell, csv_lines, download_name
from services.storage.aggregate_reading import Aggregate, Resolution, aggregates, aggregates_as_of
from services.storage.observation_reading import EPOCH, Observation, observations
from services.storage.series_reading import SeriesHead, SeriesView

MOST_ITEMS = 20_000
CSV_CHUNK = 5_000
RECOMPUTED_DAYS = 100
MICROSECOND = timedelta(microseconds=1)
DEFAULT_DAYS = {Resolution.RAW: 1, Resolution.INTERVAL: 7, Resolution.HOUR: 31, Resolution.DAY: 366}
FORMATS = (Format.JSON, Format.CSV, Format.GEOJSON)
router = APIRouter(prefix=API, tags=["observations"])

Item = Observation | Aggregate
T = TypeVar("T")


class ObservationPage(msgspec.Struct, Generic[T]):
    """Readings (resolution raw) or aggregates of [start, end), ascending. `as_of`: the moment asked for, null: now."""

    series: SeriesView
    resolution: Resolution
    start: datetime
    end: datetime
    as_of: datetime | None
    items: Sequence[T]
    next: str | None = None


class Question(NamedTuple):
    """What is asked of one series, with every default filled in."""

    head: SeriesHead
    resolution: Resolution
    start: datetime
    end: datetime
    as_of: datetime | None

    @property
    def identity(self) -> tuple[Any, ...]:
        """What a cursor is bound to."""
        return ("observations", self.head.view.id, self.resolution.value, str(self.as_of))


DESCRIPTION = f"""Half-open range `start` ≤ time < `end` in UTC; without `end`: now; without `start`: {DEFAULT_DAYS}
days before `end`, by resolution. Pages follow by `cursor` (or the `Link` header); a cursor keeps the range.

`flag`: 1 pass, 3 suspect, 4 fail; +16 in service mode, +32 in calibration mode. A reading whose moment was sent twice
with different values is marked `conflict`; the first value counts until a decision puts another one in its place
(`decided`). Every aggregate tells its coverage.

`as_of` answers what was known then: readings and decisions stored later are left out. Aggregates are recomputed for it,
for at most {RECOMPUTED_DAYS} days.

CSV streams the whole range unless `limit` is given; a connection that breaks off means an incomplete file."""

EXAMPLE = {
    "series": {
        "id": 17, "station": "KU-1", "station_name": "Ускат, верховье", "device": "KU-1", "parameter": "nh4",
        "name_ru": "Аммоний-ион", "name_en": "Ammonium ion", "unit": "mg/L", "unit_ru": "мг/дм³", "basis": "NH4",
        "expected_interval_s": 60, "instrument": None, "published": True,
    },
    "resolution": "raw", "start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z", "as_of": None,
    "items": [{"time": "2026-11-20T00:00:00Z", "value": 0.31, "flag": 1, "raw_id": 7352847823456231424}],
    "next": None,
}  # fmt: skip


@router.get(
    "/series/{series_id}/observations",
    summary="Readings or aggregates of one series",
    description=DESCRIPTION,
    responses=answers(
        (ObservationPage[Observation], ObservationPage[Aggregate]),
        "A page, ascending in time",
        example=EXAMPLE,
        others={"text/csv": "units in the header", "application/geo+json": "one feature a reading"},
        problems=(404, 422),
    ),
)
async def get_observations(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    series_id: Identifier,
    start: Start = None,
    end: End = None,
    resolution: Resolution = Resolution.RAW,
    as_of: Annotated[Moment | None, Query(description="only what was stored before this moment")] = None,
    limit: Annotated[int | None, Query(ge=1, le=MOST_ITEMS, description="items on a page; 5000 if not given")] = None,
    cursor: Cursor = None,
    format_name: FormatName = None,
) -> Response:
    """Answer one question about one series; see DESCRIPTION."""
    form = wanted_format(request, format_name, FORMATS)
    head = await context.directory.head(series_id, everything=asking.sees_everything)
    if head is None:
        raise NotFound(f"there is no published series {series_id}")
    question = _question(context, head, resolution, (start, end, as_of))
    if cursor is not None:
        question = _continued(question, cursor)
    if form is Format.CSV and limit is None:
        return StreamingResponse(
            _csv_stream(context, question), media_type=MEDIA_TYPES[form], headers=_csv_headers(question)
        )
    items, following = await _page(context, question, limit or CSV_CHUNK)
    headers = next_link(request, following)
    if form is Format.CSV:
        lines = csv_lines([_csv_header(question), *map(_csv_row, items)])
        return Response(lines, media_type=MEDIA_TYPES[form], headers=headers | _csv_headers(question))
    if form is Format.GEOJSON:
        where = point(head.longitude, head.latitude)
        found = [feature(where, item) for item in items]
        body = features(found, series=head.view, resolution=resolution, as_of=as_of, next=following)
        return json_reply(body, media_type=MEDIA_TYPES[form], headers=headers)
    page = ObservationPage(head.view, resolution, question.start, question.end, as_of, items, following)
    return json_reply(page, headers=headers)


def _question(
    context: Context,
    head: SeriesHead,
    resolution: Resolution,
    moments: tuple[datetime | None, datetime | None, datetime | None],
) -> Question:
    start, end, as_of = moments
    now = context.now()
    end = end or min(now + MICROSECOND, LATEST)
    start = start or max(EPOCH, end - timedelta(days=DEFAULT_DAYS[resolution]))
    if start > end:
        raise InvalidRequest(f"start {start.isoformat()} lies after end {end.isoformat()}")
    if as_of is not None and as_of > now:
        raise InvalidRequest("as_of lies in the future: that answer could still change")
    too_long = end - start > timedelta(days=RECOMPUTED_DAYS)
    if as_of is not None and resolution is not Resolution.RAW and too_long:
        raise InvalidRequest(f"aggregates as of an earlier moment are recomputed for at most {RECOMPUTED_DAYS} days")
    return Question(head, resolution, start, end, as_of)


def _continued(question: Question, cursor: str) -> Question:
    after, end = read_cursor(cursor, question.identity, (int, int))
    return question._replace(start=_moment(after + 1), end=_moment(end))


async def _page(context: Context, question: Question, limit: int) -> tuple[Sequence[Item], str | None]:
    found = await _read(context, question, limit + 1)
    if len(found) <= limit:
        return found, None
    items = found[:limit]
    return items, write_cursor(question.identity, (_micros(_time(items[-1])), _micros(question.end)))


async def _read(context: Context, question: Question, limit: int) -> Sequence[Item]:
    head, resolution, start, end, as_of = question
    ask, view = context.database.ask, head.view
    if resolution is Resolution.RAW:
        return await ask(observations, series_id=view.id, start=start, end=end, as_of=as_of, limit=limit)
    bound = partial(
        aggregates if as_of is None else partial(aggregates_as_of, as_of=as_of),
        series_id=view.id,
        resolution=resolution,
        start=start,
        end=end,
        limit=limit,
        scale=head.scale,
        expected_interval_s=view.expected_interval_s,
    )
    return await ask(bound)


async def _csv_stream(context: Context, question: Question) -> AsyncIterator[bytes]:
    yield csv_lines([_csv_header(question)])
    while True:
        items = await _read(context, question, CSV_CHUNK)
        if items:
            yield csv_lines(map(_csv_row, items))
        if len(items) < CSV_CHUNK:
            return
        question = question._replace(start=_time(items[-1]) + MICROSECOND)


def _csv_header(question: Question) -> list[Cell]:
    view = question.head.view
    unit = f"[{view.unit}]"
    if question.resolution is Resolution.RAW:
        return ["time_utc", f"{view.parameter} {unit}", "flag", "conflict", "decided", "raw_id"]
    names = ["mean", "minimum", "maximum", "deviation"]
    figures: list[Cell] = [f"{view.parameter} {name} {unit}" for name in names]
    return ["start_utc", *figures, "n", "n_valid", "expected", "coverage", "intervals_valid"]


def _csv_row(item: Item) -> list[Cell]:
    if isinstance(item, Observation):
        return [item.time, item.value, item.flag, item.conflict, item.decided, item.raw_id]
    return [
        item.start,
        item.mean,
        item.minimum,
        item.maximum,
        item.deviation,
        item.n,
        item.n_valid,
        item.expected,
        item.coverage,
        item.intervals_valid,
    ]


def _csv_headers(question: Question) -> dict[str, str]:
    view = question.head.view
    day = question.start.date().isoformat()
    return download_name(view.station, view.parameter, question.resolution.value, day, ending="csv")


def _time(item: Item) -> datetime:
    return item.time if isinstance(item, Observation) else item.start


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _moment(micros: int) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise InvalidRequest("cursor is not one of ours; begin without it") from None
