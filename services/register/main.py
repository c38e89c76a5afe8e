"""The register-export process: wiring of engine, client, signer, metrics and health.

RegisterNotSet
    the settings lack an address, a description of the system or a signer
"""

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import structlog

from services.observability import Health, ObservationServer
from services.register import metrics
from services.register.export import Exporter
from services.register.signer import SigningError, signer_of
from services.settings import Settings
from services.storage.engine import make_engine
from uskat.supervision.register.protocol import register_protocol
from uskat.supervision.register.system import ControlSystem, SystemDescriptionError, parse_system

LOOK_EVERY_S = 10.0
HEALTH_SILENCE_S = 900.0
"""A round may send many packets, each with its own time limit."""

log = structlog.get_logger(__name__)


class RegisterNotSet(Exception):
    """The settings lack something; the text says what."""


def utc_now() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


async def run(settings: Settings, *, once: bool = False, stop: asyncio.Event | None = None) -> bool:
    """Export until SIGTERM, SIGINT or `stop`; `once`: a single round. True when nothing waits any more.

    Raises RegisterNotSet. Logging is the caller's to configure.
    """
    stop = stop or asyncio.Event()
    system, url = system_of(settings), settings.register_url
    try:
        signer = signer_of(settings)
    except SigningError as error:
        raise RegisterNotSet(str(error)) from error
    if not url:
        raise RegisterNotSet("set USKAT_REGISTER_URL")
    engine = make_engine(
        settings.database_url.get_secret_value(), pool_size=2, application="uskat-register",
        statement_timeout_s=60.0,
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(timeout=settings.register_timeout_s, follow_redirects=False) as http:
            exporter = Exporter(
                engine, http, url, system, register_protocol(), signer, timeout_s=settings.register_timeout_s
            )
            if once:
                return await export_round(exporter, now=utc_now)
            return await _serve(exporter, settings, stop)
    finally:
        await engine.dispose()


async def export_round(exporter: Exporter, *, now: Callable[[], datetime]) -> bool:
    """Compose, send, measure; True when nothing waits any more."""
    metrics.COMPOSED.inc(await exporter.compose(now()))
    await exporter.send_all(now())
    return await exporter.measure(now()) == 0


async def _serve(exporter: Exporter, settings: Settings, stop: asyncio.Event) -> bool:
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    health = Health(silence_s=HEALTH_SILENCE_S)
    observation = ObservationServer(settings.register_metrics_port, health, host=settings.metrics_host)
    log.info("register.started", port=observation.port, system=exporter.system.code)
    sent = False
    try:
        while not stop.is_set():
            try:
                health.beat()
                sent = await export_round(exporter, now=utc_now)
                health.set_ready()
            except Exception as error:
                metrics.ERRORS.labels(type(error).__name__).inc()
                health.set_not_ready(type(error).__name__)
                log.warning("register.given_up", exc_info=error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
    finally:
        observation.close()
        log.info("register.stopped")
    return sent


def system_of(settings: Settings) -> ControlSystem:
    """The control system of the settings' file. Raises RegisterNotSet."""
    if settings.register_file is None:
        raise RegisterNotSet("set USKAT_REGISTER_FILE")
    try:
        return parse_system(json.loads(settings.register_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, SystemDescriptionError) as error:
        raise RegisterNotSet(f"{settings.register_file}: {error}") from error
