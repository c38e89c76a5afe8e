"""Alerts in somebody's hands are weighed again: a late verification, a judged reading or a new intake changes much.

What it weighed when is in its history: a step says the severity, the grade of evidence known then, and why.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.alerts import metrics
from services.storage.alert_weight import alerts_to_weigh
from services.storage.engine import unit_of_work
from services.storage.handling_store import attend
from uskat.supervision.handling.policy import packaged_policy

WEIGH_EVERY = timedelta(minutes=5)
AT_ONCE = 2_000
log = structlog.get_logger(__name__)


async def weigh_anew(engine: Any, *, clock: Callable[[], datetime]) -> None:
    """Look again at every alert that could weigh something else; one that fails is told and does not stop the rest."""
    async with unit_of_work(engine) as connection:
        waiting = await alerts_to_weigh(connection, limit=AT_ONCE)
    for alert_id in waiting:
        try:
            async with unit_of_work(engine) as connection:
                await attend(connection, alert_id, policy=packaged_policy(), now=clock(), weigh=True)
        except ValueError as error:
            metrics.ERRORS.labels(type(error).__name__).inc()
            log.warning("weighing.failed", alert=alert_id, exc_info=error)
