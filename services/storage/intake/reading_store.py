"""New readings of a batch into `observation`: optimistic COPY, duplicates and conflicts told apart when it fails."""

from collections.abc import Iterable

import asyncpg
import numpy as np
from numpy.typing import NDArray

from services.storage.intake import statements as sql
from services.storage.intake.batch import Batch
from services.storage.intake.columns import Readings, same_as_previous
from services.storage.intake.connection import Connection
from services.storage.intake.pgcopy import OBSERVATION_COLUMNS, observation_rows, one_chunk

MAX_COPY_RACES = 2
SAVEPOINT = "readings"
"""Set by the caller before anything of the batch is written: a COPY that meets a known key goes back to it."""


class ReadingStore:
    """Writes readings over one connection, inside the caller's transaction.

    COPY is several times cheaper than INSERT … ON CONFLICT, and duplicates come in floods (a logger sends again) or not
    at all: after a batch with known readings the next one asks first.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._expect_known = False

    async def store(self, readings: Readings, batch: Batch, raw_ids: NDArray[np.int64]) -> Readings:
        """Store what is new and return it; the outcomes count stored, duplicate and conflict.

        `readings` are sorted by (series, time, arrival); `raw_ids[owner]` belongs to message number `owner`.
        """
        repeated = same_as_previous(readings)
        first = readings.take(~repeated) if repeated.any() else readings
        known = await self._known(first) if self._expect_known else []
        for _race in range(MAX_COPY_RACES):
            fresh = first.take(_without(known, len(first.series_id))) if known else first
            if await self._copy_readings(fresh, raw_ids):
                break
            known = await self._known(first)
        else:
            fresh = await self._insert_readings(first, raw_ids)
            known = await self._known_but_not(first, fresh)
        self._expect_known = bool(known)
        _count(batch, fresh.owner, "stored")
        if known or repeated.any():
            await self._settle_repeats(batch, readings, repeated, first, known, raw_ids)
        return fresh

    async def _copy_readings(self, fresh: Readings, raw_ids: NDArray[np.int64]) -> bool:
        if not fresh:
            return True
        payload = observation_rows(fresh.series_id, fresh.time_us, fresh.value, fresh.flag, raw_ids[fresh.owner])
        try:
            await self._connection.copy_to_table(
                "observation", source=one_chunk(payload), columns=OBSERVATION_COLUMNS, format="binary"
            )
        except asyncpg.UniqueViolationError:
            await self._connection.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
            return False
        return True

    async def _known(self, first: Readings) -> list[tuple[int, float]]:
        """Positions in `first` that are stored already, with the stored value."""
        if not first:
            return []
        low, high = int(first.time_us.min()), int(first.time_us.max())
        rows = await self._connection.fetch(
            sql.KNOWN_READINGS, first.series_id.tolist(), first.time_us.tolist(), low, high
        )
        return [(row["position"], row["value"]) for row in rows]

    async def _insert_readings(self, first: Readings, raw_ids: NDArray[np.int64]) -> Readings:
        rows = await self._connection.fetch(
            sql.INSERT_READINGS, first.series_id.tolist(), first.time_us.tolist(), first.value.tolist(),
            first.flag.tolist(), raw_ids[first.owner].tolist(),
        )  # fmt: skip
        inserted = {(row["series_id"], row["time_us"]) for row in rows}
        keys = zip(first.series_id.tolist(), first.time_us.tolist(), strict=True)
        return first.take(np.array([key in inserted for key in keys], bool))

    async def _known_but_not(self, first: Readings, fresh: Readings) -> list[tuple[int, float]]:
        mine = set(zip(fresh.series_id.tolist(), fresh.time_us.tolist(), strict=True))
        keys = list(zip(first.series_id.tolist(), first.time_us.tolist(), strict=True))
        return [(position, value) for position, value in await self._known(first) if keys[position] not in mine]

    async def _settle_repeats(
        self,
        batch: Batch,
        readings: Readings,
        repeated: NDArray[np.bool_],
        first: Readings,
        known: list[tuple[int, float]],
        raw_ids: NDArray[np.int64],
    ) -> None:
        """Tell duplicates (same value) from conflicts (another value for the same series and time)."""
        current = first.value.copy()
        again = np.zeros(len(current), bool)
        for position, value in known:
            current[position] = value
            again[position] = True
        group = np.cumsum(~repeated) - 1
        candidates = np.zeros(len(repeated), bool)
        candidates[repeated] = True
        candidates[~repeated] = again
        late = readings.take(candidates)
        same = late.value == current[group[candidates]]
        _count(batch, late.owner[same], "duplicate")
        other = late.take(~same)
        if other:
            await self._store_conflicts(batch, other, raw_ids)

    async def _store_conflicts(self, batch: Batch, other: Readings, raw_ids: NDArray[np.int64]) -> None:
        rows = await self._connection.fetch(
            sql.INSERT_CONFLICTS, other.series_id.tolist(), other.time_us.tolist(), other.value.tolist(),
            other.flag.tolist(), raw_ids[other.owner].tolist(),
        )  # fmt: skip
        fresh = {(row["series_id"], row["time_us"], row["value"]) for row in rows}
        for key in zip(
            other.series_id.tolist(), other.time_us.tolist(), other.value.tolist(), other.owner.tolist(), strict=True
        ):
            outcome = batch.outcomes[key[3]]
            if key[:3] in fresh:
                fresh.discard(key[:3])
                outcome.conflict += 1
            else:
                outcome.duplicate += 1


def _without(known: Iterable[tuple[int, float]], length: int) -> NDArray[np.bool_]:
    mask = np.ones(length, bool)
    mask[[position for position, _ in known]] = False
    return mask


def _count(batch: Batch, owner: NDArray[np.int64], field: str) -> None:
    counts = np.bincount(owner, minlength=len(batch.outcomes))
    for place in np.flatnonzero(counts).tolist():
        outcome = batch.outcomes[place]
        setattr(outcome, field, getattr(outcome, field) + int(counts[place]))
