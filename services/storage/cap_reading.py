"""What a CAP message needs of public alerts beyond what everybody reads of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

from uskat.supervision.cap.history import Entry

_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_FACTS = text(
    """SELECT a.id, a.title_en, st.demo FROM alert a JOIN station st ON st.id = a.station_id WHERE a.id = ANY(:ids)"""
).bindparams(_IDS)
_ENTRIES = text(
    """SELECT alert_id, 'e' || id, event, at, coalesce(body->>'why', ''), 0 AS kind, id AS place FROM alert_event
    WHERE alert_id = ANY(:ids)
    UNION ALL SELECT alert_id, 's' || seq, action, at, '', 1, seq FROM alert_step
    WHERE alert_id = ANY(:ids) AND by <> 'machine'
    ORDER BY at, kind, place"""
).bindparams(_IDS)
_RECENT = text(
    """SELECT a.id FROM alert a JOIN station st ON st.id = a.station_id LEFT JOIN alert_handling h ON h.alert_id = a.id
    WHERE a.published AND st.published AND greatest(a.updated_at, h.since) >= :since
    ORDER BY greatest(a.updated_at, h.since) DESC, a.id DESC LIMIT :limit"""
)


@dataclass(frozen=True, slots=True)
class CapFacts:
    """entries: both histories, oldest first, without the machine's own steps, which repeat its events."""

    title_en: str
    demo: bool
    entries: tuple[Entry, ...]


async def cap_facts(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, CapFacts]:
    """Facts by alert; whoever asks has made sure that they are public."""
    entries: dict[int, list[Entry]] = {}
    for alert_id, key, word, at, why, *_ in await connection.execute(_ENTRIES, {"ids": list(ids)}):
        entries.setdefault(alert_id, []).append(Entry(key, word, at, why))
    rows = await connection.execute(_FACTS, {"ids": list(ids)})
    return {number: CapFacts(title_en, demo, tuple(entries.get(number, ()))) for number, title_en, demo in rows}


async def recent_alerts(connection: AsyncConnection, *, since: datetime, limit: int) -> list[int]:
    """Numbers of public alerts that the machine or people changed at or after a moment, the last changed first."""
    return list((await connection.execute(_RECENT, {"since": since, "limit": limit})).scalars())
