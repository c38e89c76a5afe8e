"""Suppression by maintenance: what begins at a station during a visit waits for its end (ISA-18.2)."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from services.storage.engine import unit_of_work
from services.storage.handling_store import attend
from services.storage.maintenance_store import OwedByVisit, owed_by_visits, visit_reference
from uskat.supervision.handling.policy import packaged_policy
from uskat.supervision.handling.step import MACHINE, Action, Step

AT_ONCE = 500

log = structlog.get_logger(__name__)


async def heed_visits(engine: Any, *, clock: Callable[[], datetime]) -> int:
    """Suppress and release by the visits of now, each alert in its own transaction; returns the steps taken."""
    async with unit_of_work(engine) as connection:
        owed = await owed_by_visits(connection, now=clock(), limit=AT_ONCE)
    taken = 0
    for one in owed:
        try:
            async with unit_of_work(engine) as connection:
                step = partial(_step, one)
                await attend(connection, one.alert_id, policy=packaged_policy(), now=clock(), step=step)
                taken += 1
        except ValueError as error:  # somebody was faster, or its history does not replay: the others go on
            log.debug("maintenance.step_refused", alert=one.alert_id, why=str(error))
    return taken


def _step(owed: OwedByVisit, at: datetime) -> Step:
    if owed.suppress:
        reference = visit_reference(owed.visit_id)
        return Step(Action.SUPPRESS, at, MACHINE, reference=reference, note="Обслуживание станции")
    return Step(Action.RELEASE, at, MACHINE, note=f"Обслуживание № {owed.visit_id} закончилось")
