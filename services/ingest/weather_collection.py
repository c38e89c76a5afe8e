"""One round of the weather: which pits, what the feed says of them, into the database in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.ingest.weather_client import WeatherClient
from services.storage.reading import Database
from services.storage.weather_store import store_weather, weather_sites


@dataclass(frozen=True, slots=True)
class Collected:
    """pits: asked for; hours: answered; stored: new, or told otherwise than before; refused: hours, in words."""

    pits: int
    hours: int
    stored: int
    refused: tuple[str, ...]


async def collect_weather(database: Database, client: WeatherClient, *, now: Callable[[], datetime]) -> Collected:
    """Ask for the weather at every registered pit and keep it; without pits nobody is asked.

    Raises WeatherAwayError, DatabaseAway; then nothing is stored.
    """
    sites = await database.ask(weather_sites)
    if not sites:
        return Collected(0, 0, 0, ())
    found = await client.ask(sites)  # no connection is held meanwhile
    stored = await database.change(store_weather, found.weather, received_at=now())
    return Collected(len(sites), len(found.weather), stored, found.refused)
