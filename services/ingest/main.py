"""The ingest process: wiring, signals, nothing else."""

import asyncio
import gc
import signal
from collections.abc import Callable
from typing import Any

import structlog
import uvloop

from services.ingest import metrics
from services.ingest.folding import fold_until
from services.ingest.inbox import SortedInbox
from services.ingest.pipeline import Pipeline
from services.ingest.subscriber import Subscriber
from services.observability import Health, ObservationServer, configure_logging
from services.settings import Settings

log = structlog.get_logger(__name__)

HEARTBEAT_S = 5.0


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; what is in the inbox is stored and acknowledged before the end."""
    configure_logging(settings, process=f"ingest-{settings.ingest_worker}")
    # Libraries are 140 000 objects that stay: a full collection over them would hold up every message for 80 ms.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signalled(settings))


async def until_signalled(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop)


async def serve(settings: Settings, stop: asyncio.Event, on_change: Callable[[int], None] = lambda _up: None) -> None:
    """One worker, until `stop` is set; `on_change` hears 1 when subscribed and 0 when the broker is lost."""

    def changed(up: int) -> None:
        metrics.BROKER_UP.set(up)
        if up:
            health.set_ready()
        else:
            health.set_not_ready("broker away")
        on_change(up)

    health = Health()
    server = ObservationServer(settings.ingest_metrics_port, health)
    mail = SortedInbox(
        pipelines=settings.ingest_pipelines,
        max_messages=settings.ingest_inbox_messages,
        max_bytes=settings.ingest_inbox_bytes,
    )
    subscriber = Subscriber(settings, mail, on_change=changed)
    pipelines = [Pipeline(settings, inbox, subscriber, health, waiting=mail.__len__) for inbox in mail.inboxes]
    storing: asyncio.Task[Any] = asyncio.create_task(_run_all(pipelines), name="pipelines")
    stored = asyncio.Event()
    folding: asyncio.Task[Any] = asyncio.create_task(fold_until(stored, settings), name="folding")
    receiving: asyncio.Task[Any] = asyncio.create_task(subscriber.run(), name="subscriber")
    beating: asyncio.Task[Any] = asyncio.create_task(_beat(health), name="heartbeat")
    stopped: asyncio.Task[Any] = asyncio.create_task(stop.wait(), name="stop")
    done, _ = await asyncio.wait({storing, receiving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    await subscriber.stop_reading()
    for pipeline in pipelines:
        pipeline.stop()
    await asyncio.wait({storing}, timeout=20)
    stored.set()
    await asyncio.wait({folding}, timeout=5)
    await subscriber.close()
    for task in (receiving, beating, stopped, folding):
        task.cancel()
    await asyncio.gather(receiving, beating, stopped, folding, return_exceptions=True)
    server.close()
    log.info("ingest stopped", waiting=len(mail))
    for task in done - {stopped}:
        task.result()


async def _run_all(pipelines: list[Pipeline]) -> None:
    """Until all are done; the first that raises ends the others."""
    async with asyncio.TaskGroup() as group:
        for pipeline in pipelines:
            group.create_task(pipeline.run())


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(HEARTBEAT_S)
