"""Water quality over longer periods: the pollution index, availability by month, violation episodes."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Code, Cursor, End, Limit, PathCode, Start, StationFilter
from services.api.reply import fresh_reply, next_link
from services.api.schema import answers
from services.storage.station_reading import StationRow, find_station
from services.storage.water_reading import (
    DayMean,
    Episode,
    MonthCount,
    day_means,
    first_intervals,
    list_episodes,
    month_counts,
)
from uskat.water.availability import NEEDED_SHARE, Availability, Month, expected_intervals, month_of
from uskat.water.norms import WaterBody, norm_in_force
from uskat.water.pollution_index import LEVEL, MANDATORY, IngredientScore, ingredient_of, pollution_index

AGE_S = 60
LONGEST = timedelta(days=732)
USUAL_INDEX = timedelta(days=365)
USUAL_MONTHS = timedelta(days=62)
DAY_INTERVALS = 54
"""Three quarters of the 72 intervals of a day: a day with fewer is no sample of the index."""
ANALOGUE_RU = "оперативный аналог УКИЗВ по суточным средним датчиков"
ANALOGUE_EN = "operational analogue of UKIZV from daily means of sensors; the index proper is of laboratory samples"
router = APIRouter(prefix=API, tags=["water quality"])


class IndexIngredient(Struct):
    """One ingredient: samples, share beyond the norm (%), mean multiple of the norm among those, scores, КПЗ."""

    parameter: str
    samples: int
    exceeding: int
    repeat_percent: float
    mean_ratio: float | None
    repeat_score: float
    ratio_score: float
    score: float
    critical: bool


class StationIndex(Struct):
    """УКИЗВ of a station over [start, end), as an operational analogue.

    missing: mandatory ingredients that are not measured here. level: how far the method was checked against the RD.
    Without any assessed ingredient the figures are null.
    """

    station: str
    start: datetime
    end: datetime
    label: str
    label_en: str
    level: str
    combined: float | None
    specific: float | None
    class_code: str | None
    class_name: str | None
    critical: list[str]
    missing: list[str]
    ingredients: list[IndexIngredient]


class SeriesMonth(Struct):
    """Availability of a series in a local month; `enough` against `needed`, the project's default."""

    series: int
    parameter: str
    month: str
    expected: int
    valid: int
    remarked: int
    serviced: int
    share: float | None
    enough: bool | None
    needed: float


INDEX_EXAMPLE = {
    "station": "U-21", "start": "2025-06-01T00:00:00Z", "end": "2026-06-01T00:00:00Z", "label": ANALOGUE_RU,
    "label_en": ANALOGUE_EN, "level": "memory", "combined": 4.95, "specific": 4.95, "class_code": "4а",
    "class_name": "грязная", "critical": [], "missing": ["bod5"],
    "ingredients": [
        {
            "parameter": "nh4", "samples": 12, "exceeding": 3, "repeat_percent": 25.0, "mean_ratio": 1.8,
            "repeat_score": 2.75, "ratio_score": 1.8, "score": 4.95, "critical": False,
        }
    ],
}  # fmt: skip
MONTH_EXAMPLE = {
    "series": 17, "parameter": "nh4", "month": "2026-06", "expected": 2160, "valid": 2100, "remarked": 3, "serviced": 6,
    "share": 0.9722, "enough": True, "needed": 0.9,
}  # fmt: skip
EPISODE_EXAMPLE = {
    "alert": 5, "station": "U-21", "series": 17, "parameter": "nh4", "severity": "violation", "state": "returned",
    "started_at": "2026-06-01T08:20:00Z", "ended_at": "2026-06-01T10:00:00Z", "peak": 1.4,
    "peak_at": "2026-06-01T09:00:00Z", "limit": 0.5, "mean_excess": 0.6, "intervals": 5, "unit": "мг/дм³",
    "verdict": "certain", "confirmed": True, "uncertainty": 0.21, "norm": {"pack": "fishery-296-2025"},
}  # fmt: skip


@router.get(
    "/stations/{code}/pollution-index",
    summary="Pollution index of a station over a period (operational analogue)",
    responses=answers(StationIndex, "The index with its ingredients", example=INDEX_EXAMPLE, problems=(404, 422)),
)
async def get_pollution_index(
    *, request: Request, context: Shared, asking: Asking, code: PathCode, start: Start = None, end: End = None
) -> Response:
    """УКИЗВ is an index of laboratory samples; from sensors it is an analogue and says so. A year without a period."""
    row = await _station(context, code, everything=asking.sees_everything)
    since, until = _period(start, end, context.now(), usual=USUAL_INDEX)
    days = await context.database.ask(day_means, row.id, start=since, end=until, everything=asking.sees_everything)
    return fresh_reply(request, _index(row, days, since, until), max_age_s=AGE_S)


@router.get(
    "/stations/{code}/availability",
    summary="Availability of 20-minute intervals by local month",
    responses=answers(
        Page[SeriesMonth],
        "One item a series and month",
        example={"items": [MONTH_EXAMPLE], "next": None},
        problems=(404, 422),
    ),
)
async def get_availability(
    *, request: Request, context: Shared, asking: Asking, code: PathCode, start: Start = None, end: End = None
) -> Response:
    """Share of intervals that may be judged, of those that could have been measured. Whole months are told."""
    everything = asking.sees_everything
    row = await _station(context, code, everything=everything)
    now = context.now()
    since, until = _period(start, end, now, usual=USUAL_MONTHS)
    months = _months(since, until)
    counts = await context.database.ask(
        month_counts, row.id, start=months[0].start, end=months[-1].end, everything=everything
    )
    first = await context.database.ask(first_intervals, row.id)
    return fresh_reply(request, Page(_series_months(counts, first, months, now)), max_age_s=AGE_S)


@router.get(
    "/episodes",
    summary="Violation episodes, newest first",
    responses=answers(Page[Episode], "A page of episodes", example={"items": [EPISODE_EXAMPLE], "next": None}),
)
async def get_episodes(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    station: StationFilter = None,
    parameter: Annotated[Code | None, Query(description="code of a parameter")] = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Start, end, peak, mean excess and number of intervals of each; withdrawn ones are left out."""
    question = ("episodes", station, parameter, str(start), str(end))
    before = read_cursor(cursor, question, (int,))[0] if cursor else None
    found = await context.database.ask(
        list_episodes,
        station=station,
        parameter=parameter,
        start=start,
        end=end,
        before=before,
        limit=limit + 1,
        everything=asking.sees_everything,
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].alert,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=AGE_S, headers=next_link(request, following))


async def _station(context: Context, code: str, *, everything: bool) -> StationRow:
    row = await context.database.ask(find_station, code, everything=everything)
    if row is None:
        raise NotFound(f"there is no published station {code[:100]!r}")
    return row


def _period(
    start: datetime | None, end: datetime | None, now: datetime, *, usual: timedelta
) -> tuple[datetime, datetime]:
    until = end or now
    since = start or until - usual
    if since >= until:
        raise InvalidRequest("start must lie before end")
    if until - since > LONGEST:
        raise InvalidRequest(f"ask for at most {LONGEST.days} days at once")
    return since, until


def _index(row: StationRow, days: list[DayMean], since: datetime, until: datetime) -> StationIndex:
    samples: dict[str, list[tuple[float, float]]] = defaultdict(list)
    body = WaterBody(row.river, row.code)
    for day in days:
        if day.parameter not in MANDATORY or day.intervals_valid < DAY_INTERVALS:
            continue
        norm = norm_in_force(day.parameter, day.start, water_use=row.water_use, body=body)
        limit = None if norm is None else norm.minimum if day.parameter == "do" else norm.maximum
        if limit is not None:
            samples[day.parameter].append((day.mean, limit))
    known = [ingredient_of(parameter, samples[parameter]) for parameter in MANDATORY if samples[parameter]]
    found = pollution_index(known) if known else None
    return StationIndex(
        station=row.code,
        start=since,
        end=until,
        label=ANALOGUE_RU,
        label_en=ANALOGUE_EN,
        level=LEVEL.value,
        combined=found.combined if found else None,
        specific=found.specific if found else None,
        class_code=found.class_code if found else None,
        class_name=found.class_name if found else None,
        critical=list(found.critical) if found else [],
        missing=list(found.missing) if found else list(MANDATORY),
        ingredients=[_ingredient(score) for score in found.scores] if found else [],
    )


def _ingredient(score: IngredientScore) -> IndexIngredient:
    one = score.ingredient
    return IndexIngredient(
        parameter=one.parameter,
        samples=one.samples,
        exceeding=one.exceeding,
        repeat_percent=score.repeat_percent,
        mean_ratio=one.mean_ratio,
        repeat_score=score.repeat_score,
        ratio_score=score.ratio_score,
        score=score.score,
        critical=score.critical,
    )


def _months(since: datetime, until: datetime) -> list[Month]:
    months = [month_of(since)]
    while months[-1].end < until:
        months.append(month_of(months[-1].end))
    return months


def _series_months(
    counts: list[MonthCount], first: dict[int, datetime], months: list[Month], now: datetime
) -> list[SeriesMonth]:
    by_month = {(count.series, count.month): count for count in counts}
    series = {count.series: count for count in counts}
    found = []
    for identifier, known in series.items():
        begun = min(known.registered_at, first.get(identifier, known.registered_at))
        for month in months:
            count = by_month.get((identifier, month.code))
            expected = expected_intervals(month, since=begun, now=now)
            valid, remarked, serviced = (count.valid, count.remarked, count.serviced) if count else (0, 0, 0)
            share = Availability(month.code, max(expected, valid), valid, remarked, serviced)
            found.append(
                SeriesMonth(
                    identifier, known.parameter, month.code, share.expected, valid, remarked, serviced, share.share,
                    share.enough, NEEDED_SHARE,
                )
            )  # fmt: skip
    return found
