"""Water alerts in which nitrogen rose, as the link with blasts takes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values
from uskat.supervision.nitrogen import NITROGEN, NitrogenRise, risen_nitrogen

KINDS = ("event", "exceedance")
_ALERTS = text(
    """SELECT a.id, st.code, p.code, a.detail, a.started_at FROM alert a JOIN station st ON st.id = a.station_id
    LEFT JOIN series s ON s.id = a.series_id LEFT JOIN parameter p ON p.id = s.parameter_id
    WHERE a.kind = ANY(CAST(:kinds AS text[])) AND a.state <> 'withdrawn' AND a.started_at >= :since
    AND a.started_at < :until AND (p.code IS NULL OR p.code = ANY(CAST(:names AS text[])))
    AND (:all OR (a.published AND st.published)) ORDER BY a.started_at, a.id"""
)


async def nitrogen_rises(
    connection: AsyncConnection, *, since: datetime, until: datetime, everything: bool
) -> list[NitrogenRise]:
    """Alerts that began in [since, until) and stand, of exceedances of nitrogen and of events that moved it upwards."""
    bound = {"kinds": list(KINDS), "names": list(NITROGEN), "since": since, "until": until, "all": everything}
    rises = [
        rise_of(alert, station, kind=None, parameter=parameter, detail=json_value(detail), started_at=started_at)
        for alert, station, parameter, detail, started_at in map(row_values, await connection.execute(_ALERTS, bound))
    ]
    return [rise for rise in rises if rise.parameters]


def rise_of(
    alert: int,
    station: str,
    *,
    kind: str | None,
    parameter: str | None,
    detail: Mapping[str, Any],
    started_at: datetime,
) -> NitrogenRise:
    """What an alert says of nitrogen; without parameters when it says nothing. kind None: one of KINDS already."""
    moved = [
        (str(item["parameter"]), float(item["expected"]), float(item["observed"]))
        for item in detail.get("moved", ())
        if {"parameter", "expected", "observed"} <= set(item)
    ]
    names = risen_nitrogen(parameter, moved) if kind is None or kind in KINDS else ()
    return NitrogenRise(alert, station, names, started_at)
