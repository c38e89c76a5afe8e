"""Judged events as stored: written again and again with the same result, dissolved ones withdrawn, none deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from uskat.blast.event.verdict import JudgedEvent

_KEEP = text(
    """INSERT INTO blast_event (code, at, ends_at, verdict, probability, station_id, device_id, latitude, longitude,
        uncertainty_km, charge_kg, blast_id, deviations, body, judged_at)
    SELECT k.code, k.at, k.ends_at, k.verdict, k.probability, k.station_id, k.device_id, k.latitude, k.longitude,
        k.uncertainty_km, k.charge_kg, k.blast_id,
        ARRAY(SELECT jsonb_array_elements_text(k.body::jsonb->'deviations')), k.body::jsonb, :now
    FROM unnest(CAST(:code AS text[]), CAST(:at AS timestamptz[]), CAST(:ends_at AS timestamptz[]),
        CAST(:verdict AS text[]), CAST(:probability AS float8[]), CAST(:station_id AS integer[]),
        CAST(:device_id AS integer[]), CAST(:latitude AS float8[]), CAST(:longitude AS float8[]),
        CAST(:uncertainty_km AS float8[]), CAST(:charge_kg AS float8[]), CAST(:blast_id AS integer[]),
        CAST(:body AS text[]))
        AS k(code, at, ends_at, verdict, probability, station_id, device_id, latitude, longitude, uncertainty_km,
            charge_kg, blast_id, body)
    ON CONFLICT (code) DO UPDATE SET at = excluded.at, ends_at = excluded.ends_at, verdict = excluded.verdict,
        probability = excluded.probability, station_id = excluded.station_id, device_id = excluded.device_id,
        latitude = excluded.latitude, longitude = excluded.longitude, uncertainty_km = excluded.uncertainty_km,
        charge_kg = excluded.charge_kg, blast_id = excluded.blast_id, deviations = excluded.deviations,
        body = excluded.body, judged_at = excluded.judged_at, withdrawn_at = NULL
    WHERE blast_event.withdrawn_at IS NOT NULL OR blast_event.body IS DISTINCT FROM excluded.body
        OR blast_event.blast_id IS DISTINCT FROM excluded.blast_id"""
)
_WITHDRAW = text(
    """UPDATE blast_event SET withdrawn_at = :now, blast_id = NULL
    WHERE at >= :since AND at < :until AND withdrawn_at IS NULL AND code <> ALL(CAST(:codes AS text[]))"""
)
_BELONG = text(
    """UPDATE blast_record r SET event_id = e.id
    FROM unnest(CAST(:devices AS integer[]), CAST(:starts AS timestamptz[]), CAST(:codes AS text[]))
        AS k(device, start, code) JOIN blast_event e ON e.code = k.code
    WHERE r.device_id = k.device AND r.start = k.start AND r.event_id IS DISTINCT FROM e.id"""
)


@dataclass(frozen=True, slots=True)
class EventRow:
    """A judged event with what storage knows of it. ends_at: end of its last record; blast_id: what it matches."""

    event: JudgedEvent
    ends_at: datetime
    station_id: int
    device_id: int
    blast_id: int | None


async def keep_events(
    connection: AsyncConnection,
    rows: Sequence[EventRow],
    *,
    devices: Mapping[str, int],
    since: datetime,
    until: datetime,
    now: datetime,
) -> None:
    """Write the events of [since, until) as they are judged now; an unchanged one keeps the moment of its judgement.

    devices: ids of the instruments by code. What was an event there and is none any more is withdrawn.
    """
    bound = {"codes": [row.event.id for row in rows], "since": since, "until": until, "now": now}
    await connection.execute(_WITHDRAW, bound)
    if not rows:
        return
    columns = [_columns(row) for row in rows]
    await connection.execute(_KEEP, {name: [one[name] for one in columns] for name in columns[0]} | {"now": now})
    members = [(devices[code], start, row.event.id) for row in rows for code, start in row.event.records]
    await connection.execute(
        _BELONG, dict(zip(("devices", "starts", "codes"), map(list, zip(*members, strict=True)), strict=True))
    )


def _columns(row: EventRow) -> dict[str, Any]:
    event, place = row.event, row.event.location
    probability = event.probabilities.get(event.verdict, max(event.probabilities.values(), default=0.0))
    return {
        "code": event.id,
        "at": event.at,
        "ends_at": max(row.ends_at, event.at),
        "verdict": event.verdict.value,
        "probability": probability,
        "station_id": row.station_id,
        "device_id": row.device_id,
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
        "uncertainty_km": place.uncertainty_km if place else None,
        "charge_kg": event.charge.kg if event.charge else None,
        "blast_id": row.blast_id,
        "body": msgspec.json.encode(event.to_json()).decode(),
    }
