"""The notices process: decides from the outbox, delivers from the queue, forgets what was never confirmed."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import structlog

from services.notices import metrics
from services.notices.channels import Channels
from services.notices.delivery import Delivery
from services.notices.queue import DeliveryQueue
from services.observability import Health, ObservationServer
from services.settings import Settings
from services.storage.alerting import ALERT_CHANNEL
from services.storage.engine import make_engine, reading, unit_of_work
from services.storage.notice_delivery import outbox_figures, requeue_orphans
from services.storage.notice_queue import queue_depth
from services.storage.notice_store import decide_next, put_off
from services.storage.notifications import listen
from services.storage.subscription_store import forget_unconfirmed

LOOK_EVERY_S = 2.0
MEASURE_EVERY_S = 5.0
FORGET_EVERY_S = 600.0
REQUEUE_EVERY_S = 60.0
ORPHANED_AFTER = timedelta(minutes=5)
STATEMENT_TIMEOUT_S = 30.0
ADDRESSES_IN_LOGS = ("apprise", "procrastinate", "httpx", "httpcore", "psycopg")
"""Libraries whose information names recipients or repeats ours; only their errors are kept."""

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


STOP_WITHIN_S = 8.0
"""Longer than the queue gives what is being sent, shorter than Docker waits before it kills."""


def run_process(settings: Settings) -> NoReturn:
    """`run`, and then the end of the process whatever still waits in its loop."""
    asyncio.Runner().run(run(settings))
    sys.stderr.flush()
    os._exit(0)


async def run(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """Decide and deliver until SIGTERM, SIGINT or `stop`. Logging is the caller's to configure."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(name, stop.set)
    for library in ADDRESSES_IN_LOGS:
        logging.getLogger(library).setLevel(logging.CRITICAL)
    engine = make_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.notice_concurrency + 3,
        application="uskat-notices",
        statement_timeout_s=STATEMENT_TIMEOUT_S,
    )
    health = Health()
    observation = ObservationServer(settings.notices_metrics_port, health, host=settings.metrics_host)
    tasks = [asyncio.create_task(one) for one in _rounds(settings, engine, health)]
    log.info("notices.started", port=observation.port)
    try:
        await stop.wait()
    finally:
        for task in tasks:
            task.cancel()
        # Without its database the queue's library waits for ever; whatever is not delivered stands in the database.
        _, late = await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
        if late:
            log.warning("notices.left_behind", tasks=len(late))
        await engine.dispose()
        observation.close()
        log.info("notices.stopped")


def _rounds(settings: Settings, engine: Any, health: Health) -> list[Coroutine[Any, Any, None]]:
    """What the process does side by side."""
    delivery = Delivery(engine, Channels(settings), public_url=settings.public_url, clock=utc_now)
    queue = DeliveryQueue(settings, delivery)
    settle = timedelta(seconds=settings.notice_settle_s)
    called = asyncio.Event()
    listening = listen(
        settings.database_url.get_secret_value(), [ALERT_CHANNEL], heard=lambda _channel, _payload: called.set(),
        connected=called.set, application="uskat-notices-listen",
    )  # fmt: skip
    return [
        listening,
        _again("deciding", LOOK_EVERY_S, lambda: _decide_all(engine, health, settle), called),
        _again("working", LOOK_EVERY_S, queue.work),
        _again("reviving", settings.notice_stalled_s / 2, queue.revive),
        _again("measuring", MEASURE_EVERY_S, lambda: _measure(engine)),
        _again("requeuing", REQUEUE_EVERY_S, lambda: _requeue(engine)),
        _again("forgetting", FORGET_EVERY_S, lambda: _forget(engine)),
    ]


async def _again(
    name: str, pause_s: float, work: Callable[[], Awaitable[Any]], called: asyncio.Event | None = None
) -> None:
    """Do it for ever, with a pause or until called; a failure is told once and tried again."""
    failing = False
    while True:
        try:
            await work()
            failing = False
        except Exception as error:  # noqa: BLE001 - a lost database must not end the process
            metrics.ERRORS.labels(type(error).__name__).inc()
            if not failing:  # the place, not the message: a driver's repeats what it was given, addresses too
                place = "".join(traceback.format_tb(error.__traceback__)[-3:])
                log.warning("notices.round_failed", round=name, error=type(error).__name__, place=place)
            failing = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for((called or asyncio.Event()).wait(), timeout=pause_s)
        if called is not None:
            called.clear()


async def decide_all(engine: Any, *, clock: Callable[[], datetime] = utc_now, settle: timedelta = timedelta(0)) -> int:
    """Decide everything that the outbox holds, one happening a transaction; how many notices that made.

    settle: how old a happening must be (`decide_next`).
    Raises ValueError for a happening that cannot be decided; it is put behind the others.
    """
    made = 0
    while True:
        try:
            async with unit_of_work(engine) as connection:
                decided = await decide_next(connection, now=clock(), settle=settle)
        except ValueError:
            async with unit_of_work(engine) as connection:
                await put_off(connection, settle=settle)
            raise
        if decided is None:
            return made
        made += decided.told
        if decided.unheard:  # nobody on duty, in the role or on the duty's list has a contact here
            metrics.UNHEARD.inc()
            log.warning("notices.unheard")


async def _decide_all(engine: Any, health: Health, settle: timedelta) -> None:
    try:
        metrics.DECIDED.inc(await decide_all(engine, settle=settle))
    except Exception as error:
        health.set_not_ready(f"deciding: {type(error).__name__}")
        raise
    finally:
        health.beat()
    health.set_ready()


async def _measure(engine: Any) -> None:
    async with reading(engine) as connection:
        waiting, age, dead = await outbox_figures(connection)
        due, later, doing = await queue_depth(connection)
    metrics.UNDECIDED.set(waiting)
    metrics.UNDECIDED_AGE.set(age)
    metrics.DEAD.set(dead)
    for state, count in (("due", due), ("later", later), ("doing", doing)):
        metrics.QUEUE.labels(state).set(count)


async def _requeue(engine: Any) -> None:
    async with unit_of_work(engine) as connection:
        found = await requeue_orphans(connection, before=utc_now() - ORPHANED_AFTER)
    if found:
        log.warning("notices.requeued", count=found)


async def _forget(engine: Any) -> None:
    async with unit_of_work(engine) as connection:
        gone = await forget_unconfirmed(connection, now=utc_now())
    if gone:
        log.info("subscriptions.forgotten", count=gone)
