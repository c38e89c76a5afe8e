"""Days of raw messages are closed by a signed root an hour after they end, where this process has the key."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.alerts import metrics
from services.storage.seal_store import seal_due_days

LOOK_EVERY_S = 300.0

log = structlog.get_logger(__name__)


async def seal_until(
    stop: asyncio.Event, engine: Any, *, key: Ed25519PrivateKey, clock: Callable[[], datetime]
) -> None:
    """Close what is due until `stop` is set; what fails is told and tried again with the next look."""
    while not stop.is_set():
        try:
            for day, faults in await seal_due_days(engine, key, now=clock()):
                log.info("day.sealed", day=str(day), faults=len(faults))
                if faults:
                    log.error("day.faulty", day=str(day), first=faults[0])
        except Exception as error:  # noqa: BLE001 - a lost database is told by the sweeps; the next look tries again
            metrics.ERRORS.labels(type(error).__name__).inc()
            log.warning("sealing.given_up", error=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=LOOK_EVERY_S)
