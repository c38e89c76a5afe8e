"""Cases hear of their alerts and their terms run out: every second, each case in a transaction of its own."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from services.alerts import metrics
from services.storage.case_store import attend_case, cases_to_attend
from services.storage.engine import unit_of_work

LOOK_EVERY_S = 1.0
AT_ONCE = 200

log = structlog.get_logger(__name__)


async def attend_cases_until(stop: asyncio.Event, engine: Any, *, clock: Callable[[], datetime]) -> None:
    """Attend until `stop` is set; a lost database is waited for, a case that fails is told once and left for later."""
    failing: set[int] = set()
    while not stop.is_set():
        try:
            failing = await attend_cases(engine, clock=clock, known=failing)
        except Exception as error:  # noqa: BLE001 - the sweeps tell of a lost database; this loop outlives it too
            log.debug("cases.given_up", error=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=LOOK_EVERY_S)


async def attend_cases(engine: Any, *, clock: Callable[[], datetime], known: set[int] | None = None) -> set[int]:
    """Take in whatever is new or due; returns the cases for which that failed. known: failures already told."""
    failed: set[int] = set()
    async with unit_of_work(engine) as connection:
        waiting = await cases_to_attend(connection, now=clock(), limit=AT_ONCE)
    for case_id in waiting:
        try:
            async with unit_of_work(engine) as connection:
                await attend_case(connection, case_id, now=clock())
        except ValueError as error:  # a history that does not replay must not hold up the others
            failed.add(case_id)
            if case_id not in (known or set()):
                metrics.ERRORS.labels(type(error).__name__).inc()
                log.warning("case.failed", case=case_id, exc_info=error)
    return failed
