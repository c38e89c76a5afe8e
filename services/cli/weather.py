"""`uskat weather`: wind, temperature and inversion at the pits from a feed, once or again and again."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.ingest.weather_client import WeatherClient
    from services.settings import Settings
    from services.storage.reading import Database

SHOWN_REFUSALS = 10


def weather(
    every: Annotated[float | None, typer.Option(min=1, help="Minutes between two questions; else one only")] = None,
) -> None:
    """Ask the weather feed of the settings for every pit and keep the answer. Exit 1 when it gave none."""
    from services.observability import configure_logging
    from services.settings import Settings

    settings = Settings()
    configure_logging(settings, process="weather")
    if not asyncio.run(_run(settings, every)):
        raise typer.Exit(1)


async def _run(settings: Settings, every: float | None) -> bool:
    """True when the last round was answered."""
    import httpx

    from services.ingest.weather_client import WeatherClient
    from services.storage.reading import Database, make_reading_engine
    from uskat.blast.restriction.rules import restriction_rules

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    url = settings.database_url.get_secret_value()
    database = Database(make_reading_engine(url, pool_size=1, application="uskat-weather"))
    try:
        async with httpx.AsyncClient(timeout=settings.weather_timeout_s, follow_redirects=False) as http:
            client = WeatherClient(http, settings.weather_url, rules=restriction_rules())
            while True:
                answered = await _round(database, client)
                if every is None or await _stopped(stop, every * 60):
                    return answered
    finally:
        await database.close()


async def _round(database: Database, client: WeatherClient) -> bool:
    from services.ingest.weather_client import WeatherAwayError
    from services.ingest.weather_collection import collect_weather
    from services.storage.reading import DatabaseAway

    try:
        done = await collect_weather(database, client, now=lambda: datetime.now(UTC))
    except (WeatherAwayError, DatabaseAway) as error:
        typer.echo(f"uskat weather: {error}; what is stored grows old", err=True)
        return False
    typer.echo(f"{done.pits} pits, {done.hours} hours: {done.stored} stored, {len(done.refused)} refused")
    for why in done.refused[:SHOWN_REFUSALS]:
        typer.echo(f"  {why}", err=True)
    return True


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
