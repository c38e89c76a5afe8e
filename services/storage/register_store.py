"""The outbox of the state register: packets are composed once, kept with their bytes, sent until they are accepted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.detector_reading import SeriesFacts, Window, read_intervals
from services.storage.reading import json_value, row_values
from uskat.supervision.register.packet import Packet, SeriesInterval
from uskat.water.interval import INTERVAL

_SERIES = text(
    """SELECT st.code, s.id, s.device_id, p.code, p.scale, s.expected_interval_s, s.published,
        i.properties #> ARRAY['accuracy', p.code]
    FROM unnest(CAST(:stations AS text[]), CAST(:parameters AS text[])) AS w(station, parameter)
    JOIN station st ON st.code = w.station JOIN parameter p ON p.code = w.parameter
    JOIN series s ON s.station_id = st.id AND s.parameter_id = p.id
    LEFT JOIN instrument i ON i.id = s.instrument_id ORDER BY s.id"""
)
_LAST = text("SELECT max(interval_start) FROM register_packet WHERE system = :system")
_KEEP = text(
    """INSERT INTO register_packet (system, interval_start, key, body, state, composed_at, next_at)
    VALUES (:system, :start, :key, :body, 'waiting', :now, :now) ON CONFLICT DO NOTHING"""
)
_NEXT = text(
    """SELECT id, system, interval_start, key, body, attempts, next_at FROM register_packet
    WHERE state = 'waiting' AND system = :system ORDER BY interval_start, id LIMIT 1 FOR UPDATE"""
)
_MARK = text(
    """UPDATE register_packet SET state = :state, attempts = attempts + 1, next_at = CAST(:next_at AS timestamptz),
        accepted_at = CAST(:accepted_at AS timestamptz), answer = :answer WHERE id = :id"""
)
_FIGURES = text(
    """SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'refused'),
        min(interval_start) FILTER (WHERE state = 'waiting') FROM register_packet WHERE system = :system"""
)
_AGAIN = text(
    "UPDATE register_packet SET state = 'waiting', next_at = :now WHERE state = 'refused' AND system = :system"
)
LONGEST_ANSWER = 500


@dataclass(frozen=True, slots=True)
class WaitingPacket:
    """A packet that is not accepted yet, locked until the transaction ends."""

    id: int
    packet: Packet
    attempts: int
    next_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    """How many wait, how many were refused for good, and the start of the oldest that waits."""

    waiting: int
    refused: int
    oldest: datetime | None


async def register_series(
    connection: AsyncConnection, channels: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], list[SeriesFacts]]:
    """Series by (station, parameter), the oldest first: a logger that was replaced leaves its own behind.

    What is not registered is missing.
    """
    named = list(channels)
    bound = {"stations": [station for station, _ in named], "parameters": [parameter for _, parameter in named]}
    found: dict[tuple[str, str], list[SeriesFacts]] = {}
    for row in map(row_values, await connection.execute(_SERIES, bound)):
        station, series_id, device_id, code, scale, expected, published, accuracy = row
        series = SeriesFacts(series_id, device_id, code, scale, expected, published, json_value(accuracy))
        found.setdefault((station, series.parameter), []).append(series)
    return found


async def register_intervals(
    connection: AsyncConnection, series: Mapping[tuple[str, str], Sequence[SeriesFacts]], start: datetime
) -> dict[tuple[str, str], SeriesInterval]:
    """The interval that starts then, of every channel: of several series the one with most valid readings in it.

    Where none has anything, the newest series says how often readings were expected.
    """
    windows = [Window(one, start, start + INTERVAL) for several in series.values() for one in several]
    intervals = await read_intervals(connection, windows)
    found = {}
    for key, several in series.items():
        had = [(one, interval) for one in several for interval in intervals[one.id][:1]]
        best = max(had, key=lambda pair: (pair[1].n_valid, pair[1].n), default=None)
        source, interval = best if best is not None else (several[-1], None)
        found[key] = SeriesInterval(interval, source.expected_interval_s)
    return found


async def last_composed(connection: AsyncConnection, system: str) -> datetime | None:
    """Start of the newest interval that a packet was composed of; None before the first."""
    found: datetime | None = await connection.scalar(_LAST, {"system": system})
    return found


async def keep_packets(connection: AsyncConnection, packets: Sequence[Packet], *, now: datetime) -> None:
    """Put packets into the outbox; one of a known interval changes nothing."""
    for one in packets:
        bound = {"system": one.system, "start": one.start, "key": one.key, "body": one.body, "now": now}
        await connection.execute(_KEEP, bound)


async def oldest_waiting(connection: AsyncConnection, system: str) -> WaitingPacket | None:
    """The oldest packet of a system that is not accepted, locked: two of its exporters never send at once."""
    row = (await connection.execute(_NEXT, {"system": system})).first()
    if row is None:
        return None
    packet = Packet(row.system, row.interval_start, row.key, bytes(row.body))
    return WaitingPacket(row.id, packet, row.attempts, row.next_at)


async def mark_packet(
    connection: AsyncConnection, packet_id: int, *, state: str, answer: str, next_at: datetime | None,
    accepted_at: datetime | None = None,
) -> None:  # fmt: skip
    """Write what became of an attempt. state: waiting | accepted | refused."""
    told = answer.replace("\x00", "")[:LONGEST_ANSWER]
    bound = {"id": packet_id, "state": state, "answer": told, "next_at": next_at, "accepted_at": accepted_at}
    await connection.execute(_MARK, bound)


async def outbox_figures(connection: AsyncConnection, system: str) -> OutboxFigures:
    """What waits of a system, what was refused."""
    return OutboxFigures(*row_values((await connection.execute(_FIGURES, {"system": system})).one()))


async def retry_refused(connection: AsyncConnection, system: str, *, now: datetime) -> int:
    """Have the refused packets of a system sent again, once what was wrong is put right; how many."""
    return int((await connection.execute(_AGAIN, {"system": system, "now": now})).rowcount)
