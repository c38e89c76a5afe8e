"""Folds what the pipelines deferred into the 20-minute intervals, beside them and over a connection of its own."""

import asyncio
import contextlib

import structlog

from services.ingest import metrics
from services.settings import Settings
from services.storage.intake.connection import StorageUnavailableError
from services.storage.intake.pending import IntervalFolder

log = structlog.get_logger(__name__)

FOLD_EVERY_S = 1.0
PAUSE_AFTER_ERROR_S = 2.0


async def fold_until(stop: asyncio.Event, settings: Settings) -> None:
    """Fold once a second until `stop` is set, and once after; a lost database is waited for."""
    folder: IntervalFolder | None = None
    last = False
    while not last:
        last = stop.is_set()
        pause = FOLD_EVERY_S
        try:
            folder = folder or await IntervalFolder.open(settings.database_url.get_secret_value())
            with metrics.FOLD_SECONDS.time():
                metrics.FOLDED.inc(await folder.fold())
        except StorageUnavailableError as error:
            # What is pending stays: this loop, another worker or the alerts fold it later.
            log.warning("intervals not folded", why=str(error))
            folder, pause = None, PAUSE_AFTER_ERROR_S
        if not last:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=pause)
    if folder is not None:
        await folder.close()
