"""Blocks of a pit whose blasts are still to come."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value
from uskat.blast.passport.same_block import WaitingBlock

_WAITING = text(
    """SELECT b.code, b.passport->'block_polygon' AS corners, b.planned_from
    FROM blast b JOIN organisation o ON o.id = b.organisation_id JOIN pit p ON p.id = b.pit_id
    WHERE o.code = :enterprise AND p.code = :pit AND b.code <> :besides
        AND b.status IN ('planned', 'published', 'postponed') ORDER BY b.planned_from, b.id LIMIT 500"""
)


async def waiting_blocks(connection: AsyncConnection, *, enterprise: str, pit: str, besides: str) -> list[WaitingBlock]:
    """An enterprise's blasts in a pit that are neither fired nor cancelled, but for the blast `besides`."""
    bound = {"enterprise": enterprise, "pit": pit, "besides": besides}
    return [
        WaitingBlock(
            row.code,
            [(corner["longitude"], corner["latitude"]) for corner in json_value(row.corners)],
            row.planned_from,
        )
        for row in await connection.execute(_WAITING, bound)
    ]
