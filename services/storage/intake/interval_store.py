"""What a batch adds to the 20-minute intervals, inside the caller's transaction."""

from services.storage.intake import statements as sql
from services.storage.intake.books import columns_of_intervals
from services.storage.intake.connection import Connection
from services.storage.intake.increment import IntervalRow


class IntervalVanishedError(RuntimeError):
    """An interval that this writer had written is gone: somebody deleted it. The batch must be tried again."""


class IntervalStore:
    """Adds to intervals; remembers the newest one of each series, which almost every reading goes to.

    Those exist, so they take a plain UPDATE, which costs half of INSERT … ON CONFLICT; the rest takes the latter.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._newest: dict[int, int] = {}

    async def add(self, rows: list[IntervalRow]) -> None:
        """Write rows sorted by (series, start)."""
        known = [row for row in rows if self._newest.get(row.series_id) == row.start_us]
        if known:
            answer = await self._connection.execute(sql.UPDATE_INTERVALS, *columns_of_intervals(known))
            if answer != f"UPDATE {len(known)}":
                raise IntervalVanishedError(f"{answer} of {len(known)} intervals")
        others = [row for row in rows if self._newest.get(row.series_id) != row.start_us]
        if others:
            await self._connection.execute(sql.UPSERT_INTERVALS, *columns_of_intervals(others))

    def committed(self, rows: list[IntervalRow]) -> None:
        """Remember what now exists for sure."""
        self._newest.update((row.series_id, row.start_us) for row in rows)

    def forget(self) -> None:
        """Trust nothing: after a rollback of unknown reach."""
        self._newest.clear()
