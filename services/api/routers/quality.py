"""Quality control: flags of every test by interval or reading, and the set of tests in force."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import cut, read_cursor, write_cursor
from services.api.query import LATEST, Cursor, End, FormatName, Identifier, Limit, Start
from services.api.reply import MEDIA_TYPES, Format, fresh_reply, json_reply, next_link, wanted_format
from services.api.schema import answers
from services.api.table import Cell, csv_lines, download_name
from services.storage.drift_store import drift_levels_between
from services.storage.observation_reading import EPOCH
from services.storage.quality_reading import QualityRow, quality_rows
from services.storage.quality_store import maintenance_windows, moment_of, quality_series, station_readings
from services.storage.series_reading import SeriesHead, SeriesView
from uskat.water.norms import LOCAL_ZONE
from uskat.water.quality.flag import TESTS
from uskat.water.quality.judge import drifted, judge
from uskat.water.quality.limits import test_set
from uskat.water.quality.readings import MICROS, reach_of
from uskat.water.quality.window import excused_readings

MICROSECOND = timedelta(microseconds=1)
LONGEST_RAW = timedelta(days=7)
MOST_READINGS = 300_000
TESTS_AGE_S = 300
router = APIRouter(prefix=API, tags=["quality"])


class QualityResolution(StrEnum):
    """By 20-minute interval as stored, or by reading as computed now."""

    INTERVAL = "20min"
    RAW = "raw"


class ReadingQuality(msgspec.Struct, gc=False):
    """Quality of one reading. flag: as stored (+16 service, +32 calibration). counts: norms may be compared with it."""

    time: datetime
    value: float
    flag: int
    rollup: int
    flags: list[int]
    counts: bool


class QualityPage(msgspec.Struct):
    """Flags over [start, end), ascending. tests: their names, in the order of `flags`."""

    series: SeriesView
    resolution: QualityResolution
    start: datetime
    end: datetime
    tests: list[str]
    items: Sequence[QualityRow] | Sequence[ReadingQuality]
    next: str | None = None


class IntervalQualityPage(QualityPage):
    """By interval."""

    items: Sequence[QualityRow]


class ReadingQualityPage(QualityPage):
    """By reading."""

    items: Sequence[ReadingQuality]


DESCRIPTION = f"""QARTOD flags: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing; `rollup` by the worst.

`resolution=20min` (default, without `start` 7 days): what norms are compared with, as stored with the test set that
judged it. `resolution=raw` (at most {LONGEST_RAW.days} days): every reading, computed when asked by the same rules; the
newest ones are not evaluated by tests that need the readings after them."""
EXAMPLE = {
    "series": {
        "id": 17, "station": "KU-1", "station_name": "Ускат, верховье", "device": "KU-1", "parameter": "nh4",
        "name_ru": "Аммоний-ион", "name_en": "Ammonium ion", "unit": "mg/L", "unit_ru": "мг/дм³", "basis": "NH4",
        "expected_interval_s": 60, "instrument": None, "published": True,
    },
    "resolution": "20min", "start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z", "tests": list(TESTS),
    "items": [{
        "start": "2026-11-20T00:00:00Z", "rollup": 3, "flags": [1, 1, 2, 4, 3, 1, 1, 1, 1, 2], "n": 20, "n_pass": 19,
        "mean": 0.312, "minimum": 0.3, "maximum": 0.33, "test_set": "uskat-quality/1",
    }],
    "next": None,
}  # fmt: skip


@router.get(
    "/quality/tests",
    summary="The quality tests in force, with every threshold",
    responses=answers(dict[str, Any], "The test set: id, version, sources, how far verified, thresholds"),
)
async def get_tests(request: Request) -> Response:
    """Versioned data: every stored judgement names the set that made it."""
    return fresh_reply(request, test_set().model_dump(mode="json", by_alias=True), max_age_s=TESTS_AGE_S)


@router.get(
    "/series/{series_id}/quality",
    summary="Quality flags of one series by test",
    description=DESCRIPTION,
    responses=answers(
        (IntervalQualityPage, ReadingQualityPage),
        "A page, ascending in time",
        example=EXAMPLE,
        others={"text/csv": "one column a test"},
        problems=(404, 422),
    ),
)
async def get_quality(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    series_id: Identifier,
    start: Start = None,
    end: End = None,
    resolution: QualityResolution = QualityResolution.INTERVAL,
    limit: Limit = 504,
    cursor: Cursor = None,
    format_name: FormatName = None,
) -> Response:
    """Answer one question about one series; see DESCRIPTION."""
    form = wanted_format(request, format_name, (Format.JSON, Format.CSV))
    head = await context.directory.head(series_id, everything=asking.sees_everything)
    if head is None:
        raise NotFound(f"there is no published series {series_id}")
    raw = resolution is QualityResolution.RAW
    end = end or min(context.now() + MICROSECOND, LATEST)
    start = start or max(EPOCH, end - (timedelta(days=1) if raw else LONGEST_RAW))
    if start > end:
        raise InvalidRequest(f"start {start.isoformat()} lies after end {end.isoformat()}")
    page: QualityPage
    if raw:
        items = await _judged_readings(context, head, start=start, end=end)
        page = ReadingQualityPage(head.view, resolution, start, end, list(TESTS), items)
    else:
        page = await _interval_page(context, head, (start, end), limit=limit, cursor=cursor)
    headers = next_link(request, page.next)
    if form is Format.CSV:
        name = download_name(head.view.station, head.view.parameter, "quality", start.date(), ending="csv")
        return Response(csv_lines(_table(page)), media_type=MEDIA_TYPES[form], headers=headers | name)
    return json_reply(page, headers=headers)


async def _interval_page(
    context: Context, head: SeriesHead, period: tuple[datetime, datetime], *, limit: int, cursor: str | None
) -> QualityPage:
    start, end = period
    question = ("quality", head.view.id)
    if cursor is not None:
        after, until = read_cursor(cursor, question, (int, int))
        try:
            start, end = EPOCH + (after + 1) * MICROSECOND, EPOCH + until * MICROSECOND
        except OverflowError:
            raise InvalidRequest("cursor is not one of ours; begin without it") from None
    found = await context.database.ask(quality_rows, series_id=head.view.id, start=start, end=end, limit=limit + 1)
    items, more = cut(found, limit)
    following = None
    if more:
        following = write_cursor(question, ((items[-1].start - EPOCH) // MICROSECOND, (end - EPOCH) // MICROSECOND))
    return IntervalQualityPage(head.view, QualityResolution.INTERVAL, start, end, list(TESTS), items, following)


async def _judged_readings(
    context: Context, head: SeriesHead, *, start: datetime, end: datetime
) -> list[ReadingQuality]:
    """Every reading of the series, judged with all series of its station as the detector judges them."""
    ask = context.database.ask
    series = await ask(quality_series, head.station_id)
    reach = timedelta(seconds=reach_of(series).reach_s)
    expected = (end - start + 2 * reach).total_seconds() * sum(1 / one.expected_interval_s for one in series)
    if end - start > LONGEST_RAW or expected > MOST_READINGS:
        raise InvalidRequest(f"readings are judged for at most {LONGEST_RAW.days} days and {MOST_READINGS} at once")
    ids = [one.id for one in series]
    bounds = {"since": start - reach, "until": end + reach}
    readings = await ask(station_readings, ids, **bounds)
    windows = await ask(maintenance_windows, head.station_id, **bounds)
    judgement = judge(readings, series, excused=excused_readings(readings, windows, ids=ids))
    first, last = (moment.astimezone(LOCAL_ZONE).date() for moment in (start, end))
    own = readings.series == ids.index(head.view.id)
    for (_, day), level in (await ask(drift_levels_between, [head.view.id], first=first, last=last)).items():
        local = (readings.time_us // MICROS + 7 * 3600) // 86_400
        judgement = drifted(judgement, own & (local == (day - EPOCH.date()).days), level=level)
    wanted = np.flatnonzero(own & (readings.time_us >= _micros(start)) & (readings.time_us < _micros(end)))
    columns = (
        readings.time_us[wanted], readings.value[wanted], readings.flag[wanted], judgement.rollup[wanted],
        judgement.flags[:, wanted].T, judgement.counts[wanted],
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [ReadingQuality(moment_of(time), *rest) for time, *rest in rows]


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _table(page: QualityPage) -> Iterable[list[Cell]]:
    unit = f"{page.series.parameter} [{page.series.unit}]"
    if isinstance(page, ReadingQualityPage):
        yield ["time_utc", unit, "flag", "counts", "rollup", *page.tests]
        for reading in page.items:
            yield [reading.time, reading.value, reading.flag, reading.counts, reading.rollup, *reading.flags]
        return
    yield ["start_utc", f"mean {unit}", f"minimum {unit}", f"maximum {unit}", "n", "n_pass", "test_set", "rollup",
           *page.tests]  # fmt: skip
    for row in page.items:
        if isinstance(row, QualityRow):
            yield [row.start, row.mean, row.minimum, row.maximum, row.n, row.n_pass, row.test_set, row.rollup,
                   *row.flags]  # fmt: skip
