"""The registry of series at hand: names and units change seldom, readings are asked for all the time."""

import asyncio
import time

from services.storage.reading import Database
from services.storage.series_reading import LatestValue, SeriesHead, latest_readings, series_heads

KEPT_S = 10.0
YOUNGEST_S = 0.5


class SeriesDirectory:
    """Heads of all series, at most KEPT_S seconds old; read anew at once when a series is missing from them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heads: dict[int, SeriesHead] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def heads(self, *, missing: int | None = None) -> dict[int, SeriesHead]:
        """All series by id, published or not."""
        if not self._fresh(missing):
            async with self._reading:
                if not self._fresh(missing):
                    self._heads = await self._database.ask(series_heads)
                    self._read_at = time.monotonic()
        return self._heads

    def _fresh(self, missing: int | None) -> bool:
        age = time.monotonic() - self._read_at
        return age < (KEPT_S if missing is None or missing in self._heads else YOUNGEST_S)

    def forget(self) -> None:
        """Read the registry anew at the next question."""
        self._read_at = float("-inf")

    async def head(self, series_id: int, *, everything: bool) -> SeriesHead | None:
        """One series, None when there is none that the reader may see."""
        found = (await self.heads(missing=series_id)).get(series_id)
        return found if found is not None and (everything or found.view.published) else None

    async def latest(self, *, everything: bool, station: str | None = None) -> list[LatestValue]:
        """Newest value of every series, or of those of one station, by id."""
        heads = await self.heads()
        wanted = None
        if station is not None:
            wanted = [key for key, head in heads.items() if head.view.station == station]
        rows = await self._database.ask(latest_readings, wanted)
        if any(row[0] not in heads for row in rows):
            heads = await self.heads(missing=-1)
        return [
            LatestValue(key, head.view.station, head.view.parameter, head.view.unit, moment, value, flag, decided)
            for key, moment, value, flag, decided in rows
            if (head := heads.get(key)) is not None and (everything or head.view.published)
        ]
