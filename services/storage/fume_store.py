"""What people saw of the clouds of blasts, and their photographs without metadata; append-only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values
from uskat.blast.fume import FumeObservation
from uskat.blast.photograph import Photograph

_KEEP = text(
    """INSERT INTO photograph (sha256, media_type, width_px, height_px, content, entered_by, entered_at)
    VALUES (:sha256, :media_type, :width_px, :height_px, :content, :by, :at) ON CONFLICT DO NOTHING"""
)
# Whoever brought a photograph may see it, and the enterprise whose blast it shows.
_PICTURE = text(
    """SELECT media_type, content FROM photograph p WHERE sha256 = :sha256 AND (:all OR entered_by = :by OR EXISTS (
        SELECT 1 FROM fume_rating f JOIN blast b ON b.id = f.blast_id JOIN organisation o ON o.id = b.organisation_id
        WHERE f.photo = p.sha256 AND o.code = CAST(:enterprise AS text)))"""
)
_ENTER = text(
    """INSERT INTO fume_rating (blast_id, rating, level, left_site, observation, photo, entered_by, entered_at)
    SELECT b.id, :rating, :level, :left_site, CAST(:observation AS jsonb), :photo, :by, :at
    FROM blast b JOIN organisation o ON o.id = b.organisation_id
    WHERE o.code = :enterprise AND b.code = :code AND b.fired_at IS NOT NULL
    AND (CAST(:photo AS text) IS NULL OR EXISTS (SELECT 1 FROM photograph WHERE sha256 = :photo)) RETURNING id"""
)
_LIST = text(
    """SELECT f.id, f.observation, f.entered_by, f.entered_at
    FROM fume_rating f JOIN blast b ON b.id = f.blast_id JOIN organisation o ON o.id = b.organisation_id
    WHERE o.code = :enterprise AND b.code = :code ORDER BY f.id"""
)
_REPORTED = text(
    """SELECT r.report->'fume', r.filed_at FROM blast_report r JOIN blast b ON b.id = r.blast_id
    JOIN organisation o ON o.id = b.organisation_id WHERE o.code = :enterprise AND b.code = :code
    ORDER BY r.number DESC LIMIT 1"""
)
_WORST = text(
    """SELECT o.code, b.code, max(f.level) FROM fume_rating f JOIN blast b ON b.id = f.blast_id
    JOIN organisation o ON o.id = b.organisation_id WHERE b.fired_at >= :since AND b.fired_at < :until
    AND (CAST(:enterprise AS text) IS NULL OR o.code = :enterprise) GROUP BY o.code, b.code"""
)


class FumeRow(Struct):
    """A rating that was entered apart from a report."""

    id: int
    observation: dict[str, Any]
    entered_by: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph as it is served."""

    media_type: str
    content: bytes


async def keep_photograph(connection: AsyncConnection, photograph: Photograph, *, by: str, at: datetime) -> None:
    """Keep a photograph; the same one again changes nothing."""
    bound = {
        "sha256": photograph.sha256, "media_type": photograph.kind.value, "width_px": photograph.width_px,
        "height_px": photograph.height_px, "content": photograph.content, "by": by, "at": at,
    }  # fmt: skip
    await connection.execute(_KEEP, bound)


async def find_photograph(
    connection: AsyncConnection, sha256: str, *, by: str, enterprise: str | None, everything: bool
) -> Picture | None:
    """A photograph that the reader may see; None for none."""
    bound = {"sha256": sha256, "by": by, "enterprise": enterprise, "all": everything}
    row = (await connection.execute(_PICTURE, bound)).first()
    return None if row is None else Picture(row.media_type, bytes(row.content))


async def enter_fume(
    connection: AsyncConnection, observation: FumeObservation, *, enterprise: str, code: str, by: str, at: datetime
) -> int | None:
    """Keep a rating; None for a blast that is not fired, or a photograph that was never brought."""
    bound = {
        "rating": observation.rating, "level": observation.level, "left_site": observation.left_site,
        "observation": msgspec.json.encode(observation.to_json()).decode(), "photo": observation.photo_sha256,
        "enterprise": enterprise, "code": code, "by": by, "at": at,
    }  # fmt: skip
    found = (await connection.execute(_ENTER, bound)).first()
    return None if found is None else int(found.id)


async def list_fumes(connection: AsyncConnection, *, enterprise: str, code: str) -> list[FumeRow]:
    """Ratings of a blast entered apart from its report, the oldest first."""
    rows = [row_values(row) for row in await connection.execute(_LIST, {"enterprise": enterprise, "code": code})]
    return [FumeRow(identifier, json_value(body), by, at) for identifier, body, by, at in rows]


async def reported_fume(
    connection: AsyncConnection, *, enterprise: str, code: str
) -> tuple[dict[str, Any], datetime] | None:
    """The rating of the newest report and when it was filed; None without one."""
    row = (await connection.execute(_REPORTED, {"enterprise": enterprise, "code": code})).first()
    fume = json_value(row[0]) if row is not None else None
    return (fume, row[1]) if row is not None and fume is not None else None


async def worst_fumes(
    connection: AsyncConnection, *, enterprise: str | None, since: datetime, until: datetime
) -> dict[tuple[str, str], int]:
    """Highest level rated apart from reports, by (enterprise, blast) fired in [since, until)."""
    rows = await connection.execute(_WORST, {"enterprise": enterprise, "since": since, "until": until})
    return {(row[0], row[1]): int(row[2]) for row in rows}
