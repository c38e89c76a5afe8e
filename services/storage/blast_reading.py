"""Declared blasts as they are shown: lists for everybody, one blast, its history."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values

_HEAD = """b.id, o.code, o.name, b.code, p.code, p.name, b.passport->>'block', b.status, b.version, b.planned_from,
    b.planned_to, b.published_at, b.fired_at, b.reported_at, b.longitude, b.latitude,
    CAST(b.passport->'danger_zone'->>'people_m' AS double precision), o.demo, m.reason, m.before,
    l.territory, b.passport->'block_polygon', b.passport->'closed_roads'
    FROM blast b JOIN organisation o ON o.id = b.organisation_id JOIN pit p ON p.id = b.pit_id
    LEFT JOIN place l ON l.kind = 'pit' AND l.code = p.code
    LEFT JOIN LATERAL (
        SELECT r.reason, (SELECT CAST(f->>'before' AS timestamptz) FROM jsonb_array_elements(r.fields) f
                          WHERE f->>'path' = 'window.planned_from') AS before
        FROM blast_revision r WHERE r.blast_id = b.id AND r.action = 'postpone' ORDER BY r.number DESC LIMIT 1
    ) m ON true"""
_TOLD = """(b.status <> 'planned' AND (b.status <> 'cancelled' OR EXISTS (
    SELECT 1 FROM blast_revision r WHERE r.blast_id = b.id AND r.action = 'publish')))"""
_SEEN = f"""(CAST(:everything AS boolean) OR o.code = CAST(:own AS text)
    OR l.territory = ANY(CAST(:supervised AS text[])) OR {_TOLD})"""
_LIST = text(
    f"""SELECT {_HEAD} WHERE {_SEEN}
    AND (CAST(:enterprise AS text) IS NULL OR o.code = :enterprise) AND (CAST(:pit AS text) IS NULL OR p.code = :pit)
    AND (CAST(:status AS text) IS NULL OR b.status = :status)
    AND coalesce(b.fired_at, b.planned_to) >= :since AND coalesce(b.fired_at, b.planned_from) < :until
    AND (b.planned_from, b.id) < (:before_time, :before_id)
    ORDER BY b.planned_from DESC, b.id DESC LIMIT :limit"""
)
_ONE = text(f"SELECT {_HEAD} WHERE {_SEEN} AND o.code = :enterprise AND b.code = :code")
_STEPS = text(
    f"""SELECT b.id, r.number, o.code, b.code, r.action, r.after, r.at
    FROM blast_revision r JOIN blast b ON b.id = r.blast_id JOIN organisation o ON o.id = b.organisation_id
    WHERE r.at > :since AND r.after <> 'planned' AND {_TOLD} ORDER BY r.at, b.id, r.number LIMIT 1000"""
)
# Of the blasts of others whoever asks knows what was announced, of their own also what was not.
_OTHERS = text(
    """SELECT code, enterprise, starts_at, ends_at, longitude, latitude, danger_zone_m FROM (
        SELECT b.id, b.code, o.code AS enterprise, coalesce(b.fired_at, b.planned_from) AS starts_at,
            coalesce(b.fired_at, b.planned_to) AS ends_at, b.longitude, b.latitude,
            CAST(b.passport->'danger_zone'->>'people_m' AS double precision) AS danger_zone_m
        FROM blast b JOIN organisation o ON o.id = b.organisation_id WHERE b.status <> 'cancelled'
        UNION SELECT id, code, enterprise, starts_at, ends_at, longitude, latitude, danger_zone_m FROM announced_blast
    ) known WHERE ends_at >= :since AND starts_at <= :until ORDER BY starts_at, id"""
)


class ToldStep(Struct):
    """A step of a blast that everybody may know of. number: of the blast's steps, with `id` it names the step."""

    id: int
    number: int
    enterprise: str
    blast_id: str
    action: str
    status: str
    at: datetime


class BlastHead(Struct):
    """What everybody may know of a blast.

    announced_at: when the window that holds now was told; null: not told. moved_from: the beginning of the window
    before the newest postponement that moved it. territory: of the pit. block: outline, [{longitude, latitude}].
    """

    id: int
    enterprise: str
    enterprise_name: str
    blast_id: str
    pit: str
    pit_name: str
    block_name: str
    status: str
    version: int
    planned_from: datetime
    planned_to: datetime
    announced_at: datetime | None
    fired_at: datetime | None
    reported_at: datetime | None
    longitude: float
    latitude: float
    danger_zone_m: float
    demo: bool
    postpone_reason: str | None
    moved_from: datetime | None
    territory: str | None
    block: list[dict[str, float]]
    closed_roads: list[dict[str, Any]]


class OtherWindow(Struct):
    """A blast that may fall together with another: window, or moment of firing."""

    blast_id: str
    enterprise: str
    start: datetime
    end: datetime
    longitude: float
    latitude: float
    danger_zone_m: float


def _head(row: Any) -> BlastHead:
    values = list(row_values(row))
    values[-2:] = map(json_value, values[-2:])
    return BlastHead(*values)


async def list_blasts(
    connection: AsyncConnection,
    *,
    own: str | None,
    everything: bool,
    supervised: Collection[str] = (),
    enterprise: str | None,
    pit: str | None,
    status: str | None,
    since: datetime,
    until: datetime,
    before: tuple[datetime, int],
    limit: int,
) -> Sequence[BlastHead]:
    """Blasts whose window or firing touches [since, until), latest window first.

    Of a blast that was never announced nobody knows but its enterprise (`own`), whoever supervises its territory and
    who may see `everything`.
    """
    bound = {
        "own": own, "everything": everything, "supervised": list(supervised), "enterprise": enterprise, "pit": pit,
        "status": status, "since": since,
        "until": until, "before_time": before[0], "before_id": before[1], "limit": limit,
    }  # fmt: skip
    return [_head(row) for row in await connection.execute(_LIST, bound)]


async def find_blast(
    connection: AsyncConnection,
    *,
    enterprise: str,
    code: str,
    own: str | None,
    everything: bool,
    supervised: Collection[str] = (),
) -> BlastHead | None:
    """One blast, None when there is none that the reader may see."""
    bound = {
        "enterprise": enterprise, "code": code, "own": own, "everything": everything, "supervised": list(supervised),
    }  # fmt: skip
    row = (await connection.execute(_ONE, bound)).first()
    return None if row is None else _head(row)


async def other_windows(connection: AsyncConnection, *, since: datetime, until: datetime) -> Sequence[OtherWindow]:
    """Blasts not cancelled whose window or firing touches [since, until]: announced ones, and those one may see."""
    rows = await connection.execute(_OTHERS, {"since": since, "until": until})
    return [OtherWindow(*row_values(row)) for row in rows]


async def told_steps(connection: AsyncConnection, since: datetime) -> list[ToldStep]:
    """Steps taken after `since` of blasts that were announced, but not what led there, oldest first."""
    return [ToldStep(*row_values(row)) for row in await connection.execute(_STEPS, {"since": since})]
