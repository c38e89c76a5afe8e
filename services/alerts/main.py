"""The alerts process: wiring of engine, listener, workers, metrics and health."""

import asyncio
import contextlib
import gc
import signal
from typing import Any

import structlog

from services.alerts.attending import attend_until
from services.alerts.case_attending import attend_cases_until
from services.alerts.complaint_attending import attend_complaints_until
from services.alerts.sealing import seal_until
from services.alerts.worker import AlertsWorker, Evaluator, utc_now
from services.observability import Health, ObservationServer
from services.settings import Settings
from services.storage.engine import make_engine
from services.storage.journal import JOURNAL_CHANNEL
from services.storage.notifications import listen
from uskat.supervision.evidence.seal import KeyUnusable, private_key

STATEMENT_TIMEOUT_S = 60.0
PACE_S = 2.0

log = structlog.get_logger(__name__)


async def run(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """Evaluate what is committed until SIGTERM, SIGINT or `stop`. Logging is the caller's to configure."""
    _prepare(stop := stop or asyncio.Event())
    database_url = settings.database_url.get_secret_value()
    application = f"uskat-alerts-{settings.alerts_worker}"
    engine = make_engine(
        database_url,
        pool_size=settings.alerts_concurrency + 6,  # sweeps, urgent, measuring, attending, cases, complaints, sealing
        application=application,
        statement_timeout_s=STATEMENT_TIMEOUT_S,
    )
    health = Health()
    observation = ObservationServer(settings.alerts_metrics_port, health, host=settings.metrics_host)
    worker = AlertsWorker(Evaluator(engine, concurrency=settings.alerts_concurrency, pace_s=PACE_S), health)
    heard = listen(
        database_url,
        [JOURNAL_CHANNEL],
        heard=lambda _channel, _payload: worker.call(),
        connected=worker.call,
        application=f"{application}-listen",
    )
    beside = [
        asyncio.create_task(work)
        for work in (
            heard,
            attend_until(stop, engine, clock=utc_now),
            attend_cases_until(stop, engine, clock=utc_now),
            attend_complaints_until(stop, engine, clock=utc_now),
            _seal(stop, engine, settings),
        )
    ]
    log.info("alerts.started", port=observation.port, concurrency=settings.alerts_concurrency)
    try:
        await worker.run(stop)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await engine.dispose()
        observation.close()
        log.info("alerts.stopped")


def _prepare(stop: asyncio.Event) -> None:
    """Signals end the work; libraries stay, and a full collection over them would hold up a judgement for 130 ms."""
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(name, stop.set)


async def _seal(stop: asyncio.Event, engine: Any, settings: Settings) -> None:
    """Close days where the settings name a key; a key that cannot be used is told once and stops nothing else."""
    if settings.evidence_key_file is None:
        return
    try:
        key = private_key(settings.evidence_key_file.read_bytes())
    except (OSError, KeyUnusable) as error:
        log.warning("sealing.no_key", error=str(error))
        return
    await seal_until(stop, engine, key=key, clock=utc_now)
