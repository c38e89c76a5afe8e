"""The API process: builds its parts from the settings, hands them down, serves."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial

import structlog
import uvicorn
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from uvicorn.supervisors import Multiprocess

from services.api import problem, schema
from services.api.authentication import authorize
from services.api.context import Context
from services.api.directory import SeriesDirectory
from services.api.events import EventHub
from services.api.http_intake import HttpIntake
from services.api.metrics import Metrics
from services.api.middleware import Edge
from services.api.routers import (
    accounts,
    alert_load,
    alert_page,
    alerts,
    asked_cases,
    blast_charge,
    blast_emissions,
    blast_filing,
    blast_fume,
    blast_kpi,
    blast_land,
    blast_precheck,
    blast_restrictions,
    blast_water,
    blasts,
    books,
    cap,
    case_policies,
    cases,
    catalogue,
    complaint_pages,
    complaints,
    contacts,
    documentation,
    evidence_days,
    evidence_grades,
    evidence_packs,
    explosives,
    fdsn,
    figures,
    flood,
    handling,
    ingest,
    latest,
    live,
    machine_keys,
    nmu,
    norms,
    notices,
    observations,
    openid,
    own_credentials,
    pit_weather,
    precheck_pages,
    push,
    quality,
    quality_periods,
    reaction_norms,
    regional_catalogue,
    restriction_check,
    restrictions,
    rivers,
    roster,
    seismic,
    service,
    session,
    start_page,
    station_care,
    stations,
    subscription_pages,
    subscriptions,
    supervision_kpi,
    verifications,
    versions,
    water_intakes,
)
from services.api.throttle import Throttle
from services.observability import configure_logging
from services.settings import Settings
from services.storage.intake.batch import Limits, microseconds
from services.storage.reading import Database, make_reading_engine

ROUTERS = (
    blasts, blast_filing, blast_land, blast_precheck, precheck_pages,
    latest, observations, quality, stations, station_care, rivers, norms, quality_periods, flood, alerts, handling,
    cap, alert_page, supervision_kpi,
    alert_load,
    catalogue, evidence_days, evidence_grades, evidence_packs, verifications, water_intakes,
    cases, asked_cases, roster, case_policies,
    nmu, pit_weather, regional_catalogue, blast_restrictions, blast_emissions, blast_water, blast_kpi,
    blast_charge,
    explosives, blast_fume,
    complaints, complaint_pages, restrictions, restriction_check,
    notices, reaction_norms, contacts, subscriptions, subscription_pages, push,
    versions, seismic, fdsn, books, ingest, live, service,
    session, own_credentials, openid, accounts, machine_keys, documentation, start_page,
    figures,
)  # fmt: skip
DESCRIPTION = """Water quality and blasting of a coal region: measured, judged, published.

Reading needs no login. All times are UTC in RFC 3339; ranges are half-open. Errors are RFC 9457 problem details. Data
are provisional: a machine checked them, no person has yet."""
GZIP_LEVEL = 4
SHUTDOWN_S = 10
KEEP_ALIVE_S = 30
LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}

log = structlog.get_logger(__name__)


def wall_clock() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


def create_app(settings: Settings, *, now: Callable[[], datetime] = wall_clock) -> FastAPI:
    """The application; connects when it starts, not when it is made."""
    context = _context(settings, now)
    app = FastAPI(
        title="Uskat",
        version="1",
        description=DESCRIPTION,
        license_info=LICENCE,
        dependencies=[Depends(authorize)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.context = context
    for module in ROUTERS:
        app.include_router(module.router)
    app.add_middleware(Throttle, settings=settings)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=GZIP_LEVEL)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD"],
        allow_headers=["Last-Event-ID", "If-None-Match"],
        expose_headers=["Link", "ETag", "X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy"],
        max_age=3600,
    )
    app.add_middleware(Edge, metrics=context.metrics)
    problem.install(app)
    schema.install(app)
    return app


def _context(settings: Settings, now: Callable[[], datetime]) -> Context:
    database_url = settings.database_url.get_secret_value()
    metrics = Metrics()
    database = Database(make_reading_engine(database_url, pool_size=settings.database_pool_size))
    limits = Limits(
        payload_bytes=settings.ingest_payload_limit,
        future_tolerance_us=round(settings.clock_future_tolerance_s * 1e6),
        oldest_us=microseconds(datetime(settings.clock_oldest_year, 1, 1, tzinfo=UTC)),
    )
    intake = HttpIntake(database_url, worker="api", limits=limits, metrics=metrics, now=now)
    hub = EventHub(database, database_url, metrics, now)
    metrics.watch("uskat_api_pool_busy", "database connections in use", lambda: database.pool_figures()[0])
    metrics.watch("uskat_api_pool_size", "database connections allowed", lambda: settings.database_pool_size)
    metrics.watch("uskat_api_ingest_waiting", "messages waiting for their transaction", lambda: intake.waiting)
    return Context(settings, database, intake, hub, metrics, now, SeriesDirectory(database))


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    workers = [
        asyncio.create_task(context.hub.run(), name="events"),
        asyncio.create_task(context.intake.run(), name="intake"),
    ]
    for worker in workers:
        worker.add_done_callback(_report)
    try:
        yield
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await context.database.close()


def _report(worker: asyncio.Task[None]) -> None:
    if not worker.cancelled() and worker.exception() is not None:
        log.error("worker.died", worker=worker.get_name(), exc_info=worker.exception())


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    configure_logging(settings, process="api")
    config = uvicorn.Config(
        partial(_serving_app, settings),
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.api_workers,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
        proxy_headers=bool(settings.api_trusted_proxies),
        forwarded_allow_ips=settings.api_trusted_proxies,
    )
    listening = _listen(settings.api_host, settings.api_port)
    host, port = listening.getsockname()[:2]
    log.info("api.listening", host=host, port=port, workers=settings.api_workers)
    if settings.api_workers > 1:
        Multiprocess(config, sockets=[listening]).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])


def _serving_app(settings: Settings) -> FastAPI:
    """The application in a process of its own, which has to set up its own logging."""
    configure_logging(settings, process="api")
    return create_app(settings)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(1024)
    listening.set_inheritable(True)
    return listening
