"""What the indicators of supervision are reckoned from; row-level security bounds it where the connection is bound."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values
from uskat.supervision.case.paper import CaseVerdict
from uskat.supervision.kpi.facts import AlertFact, CaseFact, StationMonth
from uskat.water.availability import Month, expected_intervals
from uskat.water.norms import LOCAL_ZONE

# What data withdrew saw nothing, so that nobody knew of the violation by it. A complaint is of a case when the case was
# opened from it, and when whoever handled the complaint linked it to the case. A sample is entered after it was taken.
_CASES = text(
    """SELECT f.id, f.agency, f.territory, f.title, f.opened_at, f.verdict,
        (SELECT min(a.known_at) FROM case_alert c JOIN alert a ON a.id = c.alert_id
         WHERE c.case_id = f.id AND a.state <> 'withdrawn'),
        min(told.at),
        min(s.at) FILTER (WHERE s.action = 'acknowledge'), min(s.at) FILTER (WHERE s.action = 'dispatch'),
        min(CAST(s.body->'paper'->>'taken_at' AS timestamptz)) FILTER (WHERE s.action = 'sample'),
        min(s.at) FILTER (WHERE s.action = 'decide')
    FROM case_file f LEFT JOIN case_step s ON s.case_id = f.id
    LEFT JOIN (
        SELECT t.case_id, min(p.received_at) AS at FROM (
            SELECT case_id, complaint_id FROM case_complaint
            UNION SELECT CAST(substr(body->>'reference', 6) AS bigint), complaint_id FROM complaint_step
            WHERE action = 'link' AND body->>'reference' LIKE 'case:%'
        ) t JOIN complaint p ON p.id = t.complaint_id GROUP BY t.case_id
    ) told ON told.case_id = f.id
    WHERE f.opened_at >= :since AND f.opened_at < :until GROUP BY f.id ORDER BY f.id"""
)
# A parent of a common cause stands for its children, which are counted themselves; faults of our own are no findings.
# An alert under a parent has the parent's verdict, and was taken when its parent was. Whatever a person first does
# about an alert takes it: a case that is opened from the queue as well as an acknowledgement.
_ALERTS = text(
    """SELECT a.id, a.kind, st.territory, a.title, a.started_at, a.known_at, a.state = 'withdrawn',
        CASE WHEN h.review IN ('confirmed', 'resolved') THEN true WHEN h.review = 'rejected' THEN false
            WHEN up.review IN ('confirmed', 'resolved') THEN true WHEN up.review = 'rejected' THEN false END,
        coalesce(CASE WHEN h.review = 'rejected' THEN h.reason ELSE up.reason END = 'duplicate', false),
        took.at,
        EXISTS (SELECT 1 FROM alert_step s WHERE s.alert_id = a.id AND s.action = 'escalate'
            AND s.at <= coalesce(took.at, 'infinity'))
    FROM alert a JOIN station st ON st.id = a.station_id LEFT JOIN alert_handling h ON h.alert_id = a.id
    LEFT JOIN alert_cause c ON c.alert_id = a.id AND h.attention = 'suppressed'
    LEFT JOIN alert_handling up ON up.alert_id = c.parent_id
    LEFT JOIN LATERAL (
        SELECT min(s.at) AS at FROM alert_step s WHERE s.by <> 'machine'
        AND s.alert_id IN (a.id, CASE WHEN c.suppressed_at IS NOT NULL THEN c.parent_id END)
    ) took ON true
    WHERE a.known_at >= :since AND a.known_at < :until AND a.kind NOT IN ('cause', 'internal') ORDER BY a.id"""
)
_STATIONS = text(
    f"""SELECT st.code, st.territory, least(d.created_at,
            (SELECT min(f.start) FROM rollup f WHERE f.series_id = s.id AND f.resolution = 'day')),
        to_char(r.start AT TIME ZONE '{LOCAL_ZONE}', 'YYYY-MM') AS month, coalesce(sum(r.intervals_valid), 0)::bigint,
        s.id
    FROM series s JOIN station st ON st.id = s.station_id JOIN device d ON d.id = s.device_id
    LEFT JOIN rollup r ON r.series_id = s.id AND r.resolution = 'day' AND r.start >= :since AND r.start < :until
    WHERE s.published AND st.published GROUP BY s.id, st.code, st.territory, d.created_at, month
    ORDER BY st.code, s.id"""
)


async def case_facts(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[CaseFact]:
    """Cases opened in [since, until)."""
    rows = await connection.execute(_CASES, {"since": since, "until": until})
    return [_case(*row_values(row)) for row in rows]


def _case(
    number: int, agency: str, territory: str | None, title: str, opened_at: datetime, verdict: str | None,
    *moments: datetime | None,
) -> CaseFact:  # fmt: skip
    found = CaseVerdict(verdict) if verdict is not None else None
    return CaseFact(number, agency, territory, title, opened_at, found, *moments)


async def alert_facts(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[AlertFact]:
    """Alerts that became known in [since, until), without common causes and faults of the programs."""
    return [AlertFact(*row_values(row)) for row in await connection.execute(_ALERTS, {"since": since, "until": until})]


async def station_months(connection: AsyncConnection, months: Sequence[Month], *, now: datetime) -> list[StationMonth]:
    """Valid and expected intervals of every published station in each of consecutive months.

    A series is expected from its registration, or its first day of data when that is earlier, until `now`.
    """
    rows = await connection.execute(_STATIONS, {"since": months[0].start, "until": months[-1].end})
    valid: dict[tuple[str, int], dict[str, int]] = {}
    begun: dict[tuple[str, int], tuple[str | None, datetime]] = {}
    for code, territory, since, month, count, series in map(row_values, rows):
        begun[code, series] = territory, since
        if month is not None:
            valid.setdefault((code, series), {})[month] = count
    totals: dict[tuple[str, str | None, str], list[int]] = {}
    for key, (territory, since) in begun.items():
        for month_ in months:
            had = valid.get(key, {}).get(month_.code, 0)
            total = totals.setdefault((key[0], territory, month_.code), [0, 0])
            total[0] += had
            total[1] += max(expected_intervals(month_, since=since, now=now), had)
    return [StationMonth(*place, valid=had, expected=wanted) for place, (had, wanted) in totals.items()]
