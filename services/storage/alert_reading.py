"""Alerts and their history as the public and the agency read them."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

from services.storage.reading import json_value, row_values

_COLUMNS = """
SELECT a.id, a.kind, a.severity, a.state, a.detector, st.code, st.name, st.latitude, st.longitude, d.code, a.series_id,
    p.code, a.started_at, a.ended_at, a.knowable_at, a.known_at, a.updated_at, a.title, a.figures, a.reasons, a.norm,
    a.detail, CASE WHEN h.review <> 'open' THEN h.review WHEN up.review <> 'open' THEN up.review
    WHEN 'acknowledged' IN (h.attention, up.attention) THEN 'acknowledged' ELSE 'new' END,
    coalesce(h.reason, up.reason), c.parent_id
FROM alert a JOIN station st ON st.id = a.station_id LEFT JOIN device d ON d.id = a.device_id
LEFT JOIN alert_verdict h ON h.alert_id = a.id
LEFT JOIN alert_cause c ON c.alert_id = a.id AND h.attention = 'suppressed'
LEFT JOIN alert_handling up ON up.alert_id = c.parent_id
LEFT JOIN series s ON s.id = a.series_id LEFT JOIN parameter p ON p.id = s.parameter_id
WHERE (:all OR (a.published AND st.published))
"""
_LIST = text(
    _COLUMNS
    + """AND (CAST(:station AS text) IS NULL OR st.code = :station) AND (CAST(:kind AS text) IS NULL OR a.kind = :kind)
    AND (CAST(:state AS text) IS NULL OR a.state = :state)
    AND (CAST(:since AS timestamptz) IS NULL OR a.updated_at >= CAST(:since AS timestamptz))
    AND (CAST(:before AS bigint) IS NULL OR a.id < CAST(:before AS bigint))
    ORDER BY a.id DESC LIMIT :limit"""
)
_ONE = text(_COLUMNS + "AND a.id = :id")
_ACTIVE = text(_COLUMNS + "AND a.state = 'active' ORDER BY a.id")
_HISTORY = text("SELECT id, event, at, body FROM alert_event WHERE alert_id = :alert ORDER BY id")
_EVENT = """
SELECT e.id, e.event, e.at, a.id, a.kind, a.severity, a.state, st.code, a.title, a.started_at, a.ended_at
FROM alert_event e JOIN alert a ON a.id = e.alert_id JOIN station st ON st.id = a.station_id
WHERE a.published AND st.published
"""
_EVENTS_AFTER = text(_EVENT + "AND e.id > CAST(:after AS bigint) ORDER BY e.id LIMIT :limit")
_EVENTS_BY_ID = text(_EVENT + "AND e.id = ANY(:ids) ORDER BY e.id").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger))
)
_LAST_EVENT = text("SELECT coalesce(max(id), 0) FROM alert_event")


class AlertRow(Struct):
    """A judgement of the machine.

    started_at: when it happened; knowable_at: when it could have been known; known_at: when it was known; ended_at:
    when it was over. `norm.verified` tells whether the norm was checked against the official document. `detail`: what
    else explains it – moved parameters, signature, reach and candidate outlets, forecast – by detector. `verdict`: what
    people found (new, acknowledged, confirmed, rejected, resolved), and why it was rejected. parent: the alert of the
    common cause that it waits under, whose verdict then holds for it too.
    """

    id: int
    kind: str
    severity: str
    state: str
    detector: str
    station: str
    station_name: str
    latitude: float
    longitude: float
    device: str | None
    series: int | None
    parameter: str | None
    started_at: datetime
    ended_at: datetime | None
    knowable_at: datetime
    known_at: datetime
    updated_at: datetime
    title: str
    figures: Any
    reasons: Any
    norm: dict[str, Any] | None
    detail: dict[str, Any] = {}
    verdict: str = "new"
    rejected_for: str | None = None
    parent: int | None = None


class AlertChange(Struct):
    """One entry of an alert's append-only history."""

    id: int
    event: str
    at: datetime
    body: Any


class AlertNotice(Struct):
    """What the live stream says of one entry: the entry, and the alert as it stands now."""

    id: int
    event: str
    at: datetime
    alert: int
    kind: str
    severity: str
    state: str
    station: str
    title: str
    started_at: datetime
    ended_at: datetime | None


async def list_alerts(
    connection: AsyncConnection,
    *,
    station: str | None,
    kind: str | None,
    state: str | None,
    since: datetime | None,
    before: int | None,
    limit: int,
    everything: bool = False,
) -> list[AlertRow]:
    """Alerts, newest id first, with id below `before`; `since` bounds the last change."""
    bound = {
        "all": everything,
        "station": station,
        "kind": kind,
        "state": state,
        "since": since,
        "before": before,
        "limit": limit,
    }
    return [_alert(row_values(row)) for row in await connection.execute(_LIST, bound)]


async def active_alerts(connection: AsyncConnection, *, everything: bool = False) -> list[AlertRow]:
    """Every alert that is active now, oldest first."""
    return [_alert(row_values(row)) for row in await connection.execute(_ACTIVE, {"all": everything})]


async def find_alert(connection: AsyncConnection, alert_id: int, *, everything: bool = False) -> AlertRow | None:
    """One alert, None when there is none that the reader may see."""
    row = (await connection.execute(_ONE, {"id": alert_id, "all": everything})).first()
    return None if row is None else _alert(row_values(row))


async def alert_history(connection: AsyncConnection, alert_id: int) -> list[AlertChange]:
    """Every change of an alert, oldest first."""
    rows = await connection.execute(_HISTORY, {"alert": alert_id})
    return [AlertChange(*[*row_values(row)[:3], json_value(row[3])]) for row in rows]


async def notices_after(connection: AsyncConnection, after: int, *, limit: int) -> list[AlertNotice]:
    """Published changes of alerts with id above `after`, in order."""
    return [
        AlertNotice(*row_values(row))
        for row in await connection.execute(_EVENTS_AFTER, {"after": after, "limit": limit})
    ]


async def notices_by_id(connection: AsyncConnection, ids: list[int]) -> list[AlertNotice]:
    """Published changes of alerts with these ids, in order."""
    return [AlertNotice(*row_values(row)) for row in await connection.execute(_EVENTS_BY_ID, {"ids": ids})]


async def last_alert_event(connection: AsyncConnection) -> int:
    """Highest id of a change of an alert, 0 when there is none."""
    return int((await connection.execute(_LAST_EVENT)).scalar_one())


def _alert(values: tuple[Any, ...]) -> AlertRow:
    return AlertRow(*values[:18], *map(json_value, values[18:22]), *values[22:])
