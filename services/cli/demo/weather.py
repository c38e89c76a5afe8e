"""Invented weather at the demo's pits, told hour by hour: wind, temperature, inversions of clear nights.

Without it every pre-check of the demo would rightly say that wind and inversion were not checked. The real feed is
`uskat weather`; the demo asks nobody on the internet.
"""

import math
from datetime import UTC, datetime, timedelta

from services.storage.engine import make_engine, unit_of_work
from services.storage.weather_store import store_weather
from uskat.blast.emission.puff import Wind
from uskat.blast.restriction.weather import Weather
from uskat.blast.restriction.weather_feed import SiteWeather
from uskat.water.network import Network, demo_network

SOURCE = "погода вымышлена (демо)"
HOUR = timedelta(hours=1)
LOCAL_H = 7
"""Hours of Kuzbass before UTC, for day and night."""
NIGHT_ENDS, NIGHT_BEGINS = 7, 21
MEAN_WIND_M_S, WIND_SWING_M_S = 4.0, 2.5
TURN_H = 59
"""The wind goes round in so many hours: a number that is no multiple of a day."""
CLEAR_EVERY_DAYS = 3
"""Every third night is clear and still, with an inversion."""


def demo_weather(network: Network, *, since: datetime, until: datetime) -> list[SiteWeather]:
    """Every full hour in [since, until), UTC, at every pit; the same hour is always told the same."""
    first = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [first + HOUR * number for number in range(math.ceil((until - first) / HOUR))]
    return [SiteWeather(pit.code, _hour(hour)) for hour in hours if hour >= since for pit in network.pits]


def _hour(at: datetime) -> Weather:
    count = int(at.timestamp()) // 3600
    local = (count + LOCAL_H) % 24
    night = not NIGHT_ENDS <= local < NIGHT_BEGINS
    clear = (count + LOCAL_H) // 24 % CLEAR_EVERY_DAYS == 0
    by_day = math.sin(2 * math.pi * (local - 9) / 24)
    speed = MEAN_WIND_M_S + WIND_SWING_M_S * by_day * math.sin(2 * math.pi * count / TURN_H)
    return Weather(
        at=at,
        source=SOURCE,
        wind=Wind(
            from_deg=round(360 * (count % TURN_H) / TURN_H, 1), speed_m_s=round(1.2 if clear and night else speed, 1)
        ),
        temperature_c=round(8 + 6 * by_day, 1),
        visibility_m=20_000.0,
        inversion=clear and night,
    )


async def tell_weather(database_url: str, *, since: datetime, now: datetime, until: datetime) -> int:
    """Store it: past hours as if told before `since`, those to come as told now; returns how many were new."""
    engine = make_engine(database_url, pool_size=1, application="uskat-demo-weather")
    network = demo_network()
    told = ((since, now, since - 24 * HOUR), (now, until, now))
    try:
        async with unit_of_work(engine) as connection:
            return sum([
                await store_weather(connection, demo_weather(network, since=begin, until=end), received_at=at)
                for begin, end, at in told
            ])  # fmt: skip
    finally:
        await engine.dispose()
