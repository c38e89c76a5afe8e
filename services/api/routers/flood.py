"""State of the water level of every post: colour, rise, what is left to НЯ and ОЯ."""

from datetime import datetime, timedelta

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.paging import Page
from services.api.query import FormatName
from services.api.reply import MEDIA_TYPES, Format, feature, features, fresh_reply, point, wanted_format
from services.api.schema import answers
from services.storage.water_reading import Gauge, level_courses, list_gauges
from uskat.water.flood import LOOK_BACK, LevelPoint, level_points
from uskat.water.flood_finding import NO_LEVELS
from uskat.water.flood_level import COLOUR_RU, FloodRules, colour_of, flood_rules, left_to
from uskat.water.interval import INTERVAL, Interval, counts, readings_needed
from uskat.water.network_items import FloodLevels

AGE_S = 15
VALID_SHARE = 0.75
NO_DATA, NO_DATA_RU = "no_data", "нет данных"
DAY = timedelta(days=1)
router = APIRouter(prefix=API, tags=["flood"])


class FloodState(Struct):
    """The level of a post, cm over the zero of its gauge, as of `at`, the end of its newest interval that counts.

    colour: green | yellow | orange | red | no_data – silence is a state of its own. change_day: against 24 hours
    before, as bulletins have it; rise_day: over the lowest of these 24 hours, which decides the colour. to_adverse,
    to_dangerous: cm left to НЯ and ОЯ, negative above. levels_flag: how far the marks are verified.
    """

    station: str
    name: str
    river: str | None
    river_km: float | None
    latitude: float
    longitude: float
    demo: bool
    colour: str
    word: str
    at: datetime | None
    level_cm: float | None
    change_day_cm: float | None
    rise_day_cm: float | None
    rise_hour_cm: float | None
    to_adverse_cm: float | None
    to_dangerous_cm: float | None
    floodplain_cm: float | None
    adverse_cm: float | None
    dangerous_cm: float | None
    low_cm: float | None
    low_water: bool
    levels_flag: str
    rules_level: str


EXAMPLE = {
    "station": "U-21", "name": "Ускат - ниже устья Талды", "river": "uskat", "river_km": 21.0, "latitude": 54.05,
    "longitude": 87.1, "demo": True, "colour": "yellow", "word": "жёлтый", "at": "2026-05-03T08:00:00Z",
    "level_cm": 362.0, "change_day_cm": 41.0, "rise_day_cm": 41.0, "rise_hour_cm": 2.0, "to_adverse_cm": 38.0,
    "to_dangerous_cm": 98.0, "floodplain_cm": 320.0, "adverse_cm": 400.0, "dangerous_cm": 460.0, "low_cm": 130.0,
    "low_water": False, "levels_flag": "demo, unverified", "rules_level": "memory",
}  # fmt: skip


@router.get(
    "/flood",
    summary="Water levels of all posts with their colour",
    responses=answers(
        Page[FloodState],
        "One item a level series",
        example={"items": [EXAMPLE], "next": None},
        others={"application/geo+json": "one point a post"},
    ),
)
async def get_flood(request: Request, context: Shared, asking: Asking, format_name: FormatName = None) -> Response:
    """What the level is now; floods, jams and gaps as episodes are alerts of kind `flood`."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    gauges = await context.database.ask(list_gauges, everything=asking.sees_everything)
    now = context.now()
    courses = await context.database.ask(level_courses, gauges, since=now - 2 * LOOK_BACK, until=now)
    states = [_state(gauge, courses[gauge.series], now=now) for gauge in gauges]
    if form is Format.JSON:
        return fresh_reply(request, Page(states), max_age_s=AGE_S)
    points = [feature(point(state.longitude, state.latitude), state, identifier=state.station) for state in states]
    return fresh_reply(request, features(points), max_age_s=AGE_S, media_type=MEDIA_TYPES[form])


def _state(gauge: Gauge, intervals: list[Interval], *, now: datetime) -> FloodState:
    rules, levels = flood_rules(), _levels(gauge)
    needed = readings_needed(gauge.expected_interval_s, VALID_SHARE)
    points = level_points([one for one in intervals if one.end <= now and counts(one, needed)], rules)
    last = points[-1] if points else None
    if last is not None and now - (last.start + INTERVAL) > timedelta(minutes=rules.gap_min):
        last = None
    colour, word = _colour(last, levels, rules=rules)
    level = last.level_cm if last else None
    return FloodState(
        station=gauge.station,
        name=gauge.name,
        river=gauge.river,
        river_km=gauge.river_km,
        latitude=gauge.latitude,
        longitude=gauge.longitude,
        demo=gauge.demo,
        colour=colour,
        word=word,
        at=last.start + INTERVAL if last else None,
        level_cm=level,
        change_day_cm=_change(points, last),
        rise_day_cm=last.rise_cm_day if last else None,
        rise_hour_cm=last.jump_cm if last else None,
        to_adverse_cm=left_to(level, levels.adverse_cm) if level is not None else None,
        to_dangerous_cm=left_to(level, levels.dangerous_cm) if level is not None else None,
        floodplain_cm=levels.floodplain_cm,
        adverse_cm=levels.adverse_cm,
        dangerous_cm=levels.dangerous_cm,
        low_cm=levels.low_cm,
        low_water=level is not None and levels.low_cm is not None and level <= levels.low_cm,
        levels_flag=levels.flag,
        rules_level=rules.level,
    )


def _colour(last: LevelPoint | None, levels: FloodLevels, *, rules: FloodRules) -> tuple[str, str]:
    if last is None:
        return NO_DATA, NO_DATA_RU
    colour = colour_of(last.level_cm, levels, rise_cm_day=last.rise_cm_day, rules=rules)
    return colour.value, COLOUR_RU[colour]


def _change(points: list[LevelPoint], last: LevelPoint | None) -> float | None:
    if last is None:
        return None
    before = [one.level_cm for one in points if one.start == last.start - DAY]
    return last.level_cm - before[0] if before else None


def _levels(gauge: Gauge) -> FloodLevels:
    try:
        return msgspec.convert(gauge.properties["flood"], FloodLevels)
    except (KeyError, msgspec.ValidationError):
        return NO_LEVELS
