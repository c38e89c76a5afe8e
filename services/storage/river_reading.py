"""What attribution reads of a whole river: alerts and 20-minute means of several stations; word to be judged again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import fetch
from uskat.water.interval import EPOCH, INTERVAL, INTERVAL_S, readings_needed
from uskat.water.passing import StationRecord

VALID_SHARE = 0.75
FAILED = 4

_ALERTS = text(
    """SELECT a.id, st.code, a.detector, a.kind, a.severity, p.code, a.started_at, a.ended_at, a.settled_at,
        a.knowable_at
    FROM station st JOIN alert a ON a.station_id = st.id LEFT JOIN series s ON s.id = a.series_id
    LEFT JOIN parameter p ON p.id = s.parameter_id
    WHERE st.code = ANY(CAST(:codes AS text[])) AND a.state <> 'withdrawn'
        AND a.detector = ANY(CAST(:detectors AS text[]))
        AND a.started_at < :until AND (a.ended_at IS NULL OR a.ended_at > :since)
    ORDER BY st.code, a.started_at, a.id"""
)
_COURSES = """
SELECT st.code, p.code, array_agg(date_part('epoch', i.start)::bigint ORDER BY i.start, s.id),
    array_agg(CASE WHEN q.start IS NOT NULL THEN CASE WHEN q.rollup < 4 THEN q.mean_pass END
        WHEN i.n_valid > 0 THEN (i.total / (i.n_valid * power(10::numeric, p.scale)))::float8 END
        ORDER BY i.start, s.id),
    array_agg(CASE WHEN q.start IS NOT NULL THEN q.n_pass ELSE i.n_valid END ORDER BY i.start, s.id),
    array_agg(s.expected_interval_s ORDER BY i.start, s.id)
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS w(code, since, until)
JOIN station st ON st.code = w.code
JOIN series s ON s.station_id = st.id JOIN parameter p ON p.id = s.parameter_id
JOIN interval_20min i ON i.series_id = s.id AND i.start >= w.since AND i.start < w.until
LEFT JOIN quality_interval q ON q.series_id = i.series_id AND q.start = i.start
WHERE $4::text[] IS NULL OR p.code = ANY($4)
GROUP BY st.code, p.code"""
_TELL = text(
    """INSERT INTO journal (station_id, kind, time_min, time_max, entries)
    SELECT id, :kind, :low, :high, 1 FROM station WHERE code = ANY(CAST(:codes AS text[])) ORDER BY id"""
)


@dataclass(frozen=True, slots=True)
class RiverAlert:
    """An alert that stands, of one of several stations. parameter: of its series, if it speaks of one."""

    id: int
    station: str
    detector: str
    kind: str
    severity: str
    parameter: str | None
    started_at: datetime
    ended_at: datetime | None
    settled_at: datetime | None
    knowable_at: datetime


@dataclass(frozen=True, slots=True)
class StationWindow:
    """Part of what a station recorded: [since, until), UTC, on full intervals."""

    station: str
    since: datetime
    until: datetime


async def alerts_on_river(
    connection: AsyncConnection, codes: Sequence[str], *, detectors: Sequence[str], since: datetime, until: datetime
) -> list[RiverAlert]:
    """Standing alerts of the named detectors at the stations that overlap [since, until)."""
    bound = {"codes": list(codes), "detectors": list(detectors), "since": since, "until": until}
    return [RiverAlert(*row) for row in await connection.execute(_ALERTS, bound)]


async def station_records(
    connection: AsyncConnection,
    windows: Sequence[StationWindow],
    *,
    parameters: Sequence[str] | None = None,
    broken: Mapping[str, Iterable[str]] | None = None,
) -> dict[str, StationRecord]:
    """Records on the 20-minute grid, of stations that have any; the mean of what quality control lets count."""
    rows = await fetch(
        connection,
        _COURSES,
        [window.station for window in windows],
        [window.since for window in windows],
        [window.until for window in windows],
        list(parameters) if parameters is not None else None,
    )
    by_code = {window.station: window for window in windows}
    values: dict[str, dict[str, Any]] = {}
    for code, parameter, starts, means, counts, expected in rows:
        values.setdefault(code, {})[parameter] = _course(
            by_code[code], starts, means=means, counts=counts, expected=expected
        )
    faulty = broken or {}
    return {
        code: StationRecord(code, by_code[code].since, found, frozenset(faulty.get(code, ())))
        for code, found in values.items()
    }


def _course(
    window: StationWindow,
    starts: Sequence[int],
    *,
    means: Sequence[float | None],
    counts: Sequence[int],
    expected: Sequence[int],
) -> np.typing.NDArray[np.float64]:
    course = np.full((window.until - window.since) // INTERVAL, np.nan)
    first = round((window.since - EPOCH).total_seconds())
    for start, mean, count, interval_s in zip(starts, means, counts, expected, strict=True):
        place = (start - first) // INTERVAL_S
        if mean is not None and np.isnan(course[place]) and count >= readings_needed(interval_s, VALID_SHARE):
            course[place] = mean
    return course


async def tell_stations(
    connection: AsyncConnection, codes: Sequence[str], *, kind: str, low: datetime, high: datetime
) -> None:
    """Have stations judged again over event time [low, high]: a journal row each."""
    if codes:
        await connection.execute(_TELL, {"codes": list(codes), "kind": kind, "low": low, "high": high})
