"""New alerts enter the queue, acknowledgements lapse, what nobody takes climbs: every second, each in a transaction.

Every few seconds alerts of one cause are gathered under a parent (`services.alerts.causes`), and what a visit covers is
suppressed (`services.alerts.maintenance`); every few minutes alerts are weighed again (`services.alerts.weighing`).
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.alerts import metrics
from services.alerts.causes import find_causes
from services.alerts.maintenance import heed_visits
from services.alerts.weighing import WEIGH_EVERY, weigh_anew
from services.storage.engine import unit_of_work
from services.storage.handling_store import alerts_to_attend, attend
from services.storage.load_reading import queued_alerts, waiting_alerts
from uskat.supervision.handling.load import load_of, load_rules
from uskat.supervision.handling.policy import packaged_policy

LOOK_EVERY_S = 1.0
CAUSES_EVERY = timedelta(seconds=5)
AT_ONCE = 500

log = structlog.get_logger(__name__)


async def attend_until(stop: asyncio.Event, engine: Any, *, clock: Callable[[], datetime]) -> None:
    """Attend until `stop` is set; a lost database is waited for, an alert that fails is told and left for later."""
    failing: set[int] = set()
    looked: datetime | None = None
    weighed: datetime | None = None
    while not stop.is_set():
        try:
            failing = await attend_all(engine, clock=clock, known=failing)
            if looked is None or not timedelta(0) <= clock() - looked < CAUSES_EVERY:
                looked = clock()
                await heed_visits(engine, clock=clock)
                await find_causes(engine, clock=clock)
                await measure_load(engine, now=clock())
            if weighed is None or not timedelta(0) <= clock() - weighed < WEIGH_EVERY:
                weighed = clock()
                await weigh_anew(engine, clock=clock)
        except Exception as error:  # noqa: BLE001 - the sweeps tell of a lost database; this loop outlives it too
            metrics.ERRORS.labels(type(error).__name__).inc()
            log.debug("attending.given_up", error=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=LOOK_EVERY_S)


async def attend_all(engine: Any, *, clock: Callable[[], datetime], known: set[int] | None = None) -> set[int]:
    """Take in whatever is new or due; returns the alerts for which that failed. known: failures already told."""
    failed: set[int] = set()
    async with unit_of_work(engine) as connection:
        waiting = await alerts_to_attend(connection, now=clock(), limit=AT_ONCE)
    for alert_id in waiting:
        try:
            async with unit_of_work(engine) as connection:
                await attend(connection, alert_id, policy=packaged_policy(), now=clock())
        except ValueError as error:  # a history that does not replay must not hold up the others
            failed.add(alert_id)
            if alert_id not in (known or set()):
                metrics.ERRORS.labels(type(error).__name__).inc()
                log.warning("attending.failed", alert=alert_id, exc_info=error)
    return failed


async def measure_load(engine: Any, *, now: datetime) -> None:
    """Put the load of the last hour, as on one person, into the metrics."""
    rules = load_rules()
    since = now - timedelta(hours=1)
    async with unit_of_work(engine) as connection:
        alerts = await queued_alerts(connection, since=since - rules.window, until=now)
        metrics.WAITING.set(await waiting_alerts(connection))
    load = load_of(alerts, since=since, until=now, operators=1, rules=rules)
    metrics.STANDING.set(load.standing)
    metrics.FLOOD_MINUTES.set(load.flood_minutes)
    metrics.NEW_LATELY.set(load.per_operator_hour)
