"""Weather at the pits as the feed told it: every saying kept, the newest one of an hour speaks."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values
from uskat.blast.restriction.weather import Weather
from uskat.blast.restriction.weather_feed import SiteWeather

_SITES = text("SELECT code, longitude, latitude FROM pit ORDER BY code")
_VALUES = "source, wind_from_deg, wind_speed_m_s, temperature_c, visibility_m, inversion"
# What was said before in the same words is not said again: the newest row of the hour decides.
_STORE = text(
    f"""INSERT INTO weather_hour (pit_id, at, received_at, {_VALUES})
    SELECT p.id, :at, :received_at, :source, :wind_from_deg, :wind_speed_m_s, :temperature_c, :visibility_m, :inversion
    FROM pit p WHERE p.code = :site AND NOT EXISTS (
        SELECT 1 FROM (SELECT {_VALUES} FROM weather_hour WHERE pit_id = p.id AND at = :at
                       ORDER BY received_at DESC LIMIT 1) w
        WHERE (w.source, w.wind_from_deg, w.wind_speed_m_s, w.temperature_c, w.visibility_m, w.inversion)
            IS NOT DISTINCT FROM (CAST(:source AS text), CAST(:wind_from_deg AS float8),
                CAST(:wind_speed_m_s AS float8), CAST(:temperature_c AS float8), CAST(:visibility_m AS float8),
                CAST(:inversion AS boolean)))
    ON CONFLICT DO NOTHING"""
)
_HOURS = text(
    f"""SELECT DISTINCT ON (p.code, w.at) p.code, w.at, w.received_at, {_VALUES}
    FROM weather_hour w JOIN pit p ON p.id = w.pit_id
    WHERE (CAST(:pit AS text) IS NULL OR p.code = :pit) AND w.at >= :since AND w.at < :until
    ORDER BY p.code, w.at, w.received_at DESC"""
)
_LAST = text("SELECT max(received_at) FROM weather_hour")


class WeatherHour(Struct):
    """Weather of an hour at a pit. wind_from_deg: where it comes from; inversion null: not told.

    source: a model or a post, in its own words; received_at: when it was told.
    """

    pit: str
    at: datetime
    received_at: datetime
    source: str
    wind_from_deg: float | None
    wind_speed_m_s: float | None
    temperature_c: float | None
    visibility_m: float | None
    inversion: bool | None

    @property
    def weather(self) -> Weather:
        """The same as the domain has it."""
        wind = None
        if self.wind_from_deg is not None and self.wind_speed_m_s is not None:
            wind = {"from_deg": self.wind_from_deg, "speed_m_s": self.wind_speed_m_s}
        return Weather.model_validate({
            "at": self.at, "source": self.source, "wind": wind, "temperature_c": self.temperature_c,
            "visibility_m": self.visibility_m, "inversion": self.inversion,
        })  # fmt: skip


async def weather_sites(connection: AsyncConnection) -> dict[str, tuple[float, float]]:
    """Pits {code: (longitude, latitude)}, whose weather is asked for."""
    return {row.code: (row.longitude, row.latitude) for row in await connection.execute(_SITES)}


async def store_weather(connection: AsyncConnection, weather: Sequence[SiteWeather], *, received_at: datetime) -> int:
    """How many hours were new or told otherwise than before; hours of unknown pits are left out."""
    stored = 0
    for item in weather:
        one, wind = item.weather, item.weather.wind
        bound = {
            "site": item.site, "at": one.at, "received_at": received_at, "source": one.source,
            "wind_from_deg": wind.from_deg if wind else None, "wind_speed_m_s": wind.speed_m_s if wind else None,
            "temperature_c": one.temperature_c, "visibility_m": one.visibility_m, "inversion": one.inversion,
        }  # fmt: skip
        stored += (await connection.execute(_STORE, bound)).rowcount
    return stored


async def weather_hours(
    connection: AsyncConnection, *, pit: str | None, since: datetime, until: datetime
) -> list[WeatherHour]:
    """Hours in [since, until) by pit and time, as told last."""
    rows = await connection.execute(_HOURS, {"pit": pit, "since": since, "until": until})
    return [WeatherHour(*row_values(row)) for row in rows]


async def last_received(connection: AsyncConnection) -> datetime | None:
    """When the feed told anything new last; None: never."""
    found: datetime | None = (await connection.execute(_LAST)).scalar_one()
    return found
