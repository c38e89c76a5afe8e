"""Complaints get what the instruments showed beside them, and whoever's term ran out is forgotten."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from services.storage.complaint_linking import link_complaints
from services.storage.complaint_store import forget_overdue
from services.storage.engine import unit_of_work
from uskat.supervision.complaint.policy import complaint_policy

LOOK_EVERY_S = 5.0
AT_ONCE = 50
LOCAL = ZoneInfo("Asia/Novokuznetsk")

log = structlog.get_logger(__name__)


async def attend_complaints_until(stop: asyncio.Event, engine: Any, *, clock: Callable[[], datetime]) -> None:
    """Look every few seconds until `stop` is set; a lost database is waited for, a fault is told once until it ends."""
    told: str | None = None
    while not stop.is_set():
        try:
            await attend_complaints(engine, now=clock())
            told = None
        except Exception as error:
            if type(error).__name__ != told:
                told = type(error).__name__
                log.warning("complaints.given_up", exc_info=error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=LOOK_EVERY_S)


async def attend_complaints(engine: Any, *, now: datetime) -> tuple[int, list[int]]:
    """Link what is due, forget whoever's term ran out; how many were linked, who was forgotten."""
    policy = complaint_policy()
    async with unit_of_work(engine) as connection:
        forgotten = await forget_overdue(connection, policy=policy, now=now, limit=AT_ONCE)
    async with unit_of_work(engine) as connection:
        linked = await link_complaints(connection, policy=policy, now=now, zone=LOCAL, limit=AT_ONCE)
    for complaint_id in forgotten:
        log.info("complaint.forgotten", complaint=complaint_id)
    return linked, forgotten
