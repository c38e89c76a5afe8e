"""The answer of a weather feed in the shape of Open-Meteo's forecast API, read into weather by site and hour.

Shape as documented at open-meteo.com/en/docs: an object for one place, a list of them for several; `hourly` holds
columns beside `time`, `hourly_units` their units, null where the model says nothing. Times are asked for as Unix
seconds, wind in m/s; another unit than the expected one is refused, for it would be a silent factor. An inversion is
judged from the temperatures at 2, 80, 120 and 180 m. It is a model, not a measurement, and its source says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import ValidationError

from uskat.blast.restriction.rules import RestrictionRules
from uskat.blast.restriction.weather import Weather, has_inversion

TEMPERATURES_M = {"temperature_2m": 2.0, "temperature_80m": 80.0, "temperature_120m": 120.0, "temperature_180m": 180.0}
UNITS = {
    **dict.fromkeys(TEMPERATURES_M, "°C"), "wind_speed_10m": "m/s", "wind_direction_10m": "°", "visibility": "m",
    "time": "unixtime",
}  # fmt: skip
HOURLY = tuple(name for name in UNITS if name != "time")
MOST_HOURS = 24 * 20
"""More hours than any feed of this shape sends; a longer answer is something else."""


class FeedError(ValueError):
    """An answer that is no weather; the text says why."""


class _Place(msgspec.Struct):
    hourly_units: dict[str, str]
    hourly: dict[str, list[float | int | None]]


class _Refusal(msgspec.Struct):
    reason: str
    error: bool


@dataclass(frozen=True, slots=True)
class SiteWeather:
    """Weather of one site at one hour."""

    site: str
    weather: Weather


@dataclass(frozen=True, slots=True)
class FeedReading:
    """What an answer held, and the hours that were refused, in words."""

    weather: tuple[SiteWeather, ...]
    refused: tuple[str, ...]


def feed_query(places: Sequence[tuple[float, float]], *, past_days: int = 1, days: int = 2) -> dict[str, str]:
    """Query of the feed for (longitude, latitude) places, answered in their order."""
    return {
        "latitude": ",".join(f"{latitude:.4f}" for _, latitude in places),
        "longitude": ",".join(f"{longitude:.4f}" for longitude, _ in places),
        "hourly": ",".join(HOURLY),
        "wind_speed_unit": "ms",
        "timezone": "GMT",
        "timeformat": "unixtime",
        "past_days": str(past_days),
        "forecast_days": str(days),
    }


def read_feed(payload: bytes, sites: Sequence[str], *, source: str, rules: RestrictionRules) -> FeedReading:
    """Weather of the sites, in the order they were asked for; an impossible hour is refused alone.

    Raises FeedError for an answer that is none, has another number of places, or other units.
    """
    places = _places(payload)
    if len(places) != len(sites):
        raise FeedError(f"{len(places)} places answered, {len(sites)} asked for")
    found, refused = [], []
    for site, place in zip(sites, places, strict=True):
        for row in _rows(place):
            try:
                found.append(SiteWeather(site, _weather(row, source=source, rules=rules)))
            except (ValidationError, OverflowError, OSError, ValueError) as error:
                refused.append(f"{site} {row['time']}: {_why(error)}")
    return FeedReading(tuple(found), tuple(refused))


def _places(payload: bytes) -> list[_Place]:
    try:
        answer = msgspec.json.decode(payload, type=dict[str, Any] | list[dict[str, Any]])
        if isinstance(answer, dict) and answer.get("error"):
            raise FeedError(f"the feed refuses: {msgspec.convert(answer, _Refusal).reason[:200]}")
        return msgspec.convert(answer if isinstance(answer, list) else [answer], list[_Place])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FeedError(f"no weather: {str(error)[:160]}") from None


def _rows(place: _Place) -> list[dict[str, float | None]]:
    for name, unit in UNITS.items():
        if name in place.hourly and place.hourly_units.get(name) != unit:
            raise FeedError(f"{name} is told in {place.hourly_units.get(name)!r}, expected {unit!r}")
    times = place.hourly.get("time", [])
    known = {name: column for name, column in place.hourly.items() if name in UNITS}
    if len(times) > MOST_HOURS or any(len(column) != len(times) for column in known.values()):
        raise FeedError("columns of different lengths, or too long")
    return [{name: column[hour] for name, column in known.items()} for hour in range(len(times))]


def _weather(row: dict[str, float | None], *, source: str, rules: RestrictionRules) -> Weather:
    seconds = row["time"]
    if seconds is None:
        raise ValueError("no time")
    speed, direction = row.get("wind_speed_10m"), row.get("wind_direction_10m")
    profile = [(height, warmth) for name, height in TEMPERATURES_M.items() if (warmth := row.get(name)) is not None]
    return Weather.model_validate({
        "at": datetime.fromtimestamp(seconds, UTC),
        "source": source,
        "wind": None if speed is None or direction is None else {"from_deg": direction, "speed_m_s": speed},
        "temperature_c": row.get("temperature_2m"),
        "visibility_m": row.get("visibility"),
        "inversion": has_inversion(profile, rules) if len(profile) > 1 else None,
    })  # fmt: skip


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(str(key) for key in first['loc'])}: {first['msg']}"
    return str(error)[:120]
