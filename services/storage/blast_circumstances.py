"""What restricted a blast: warnings, weather, rules of its pit, places around, other blasts – for a span of time."""

from datetime import datetime, timedelta, tzinfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.blast_reading import other_windows
from services.storage.blast_store import read_blast
from services.storage.nmu_store import warnings_between
from services.storage.pit_rule_store import pit_rules_of
from services.storage.reading import row_values
from services.storage.weather_store import weather_hours
from uskat.blast.passport.lifecycle import Declaration
from uskat.blast.passport.model import Passport
from uskat.blast.restriction.conflict import Circumstances, OtherBlast
from uskat.blast.restriction.rules import Place, RestrictionRules
from uskat.blast.restriction.weather import Weather
from uskat.blast.surroundings import PROTECTED_PLACES

_PLACES = text(
    """SELECT name, longitude, latitude, properties->>'nmu_zone' FROM receptor
    WHERE kind = ANY(CAST(:kinds AS text[])) ORDER BY code"""
)


async def circumstances_of(
    connection: AsyncConnection,
    passport: Passport,
    *,
    start: datetime,
    end: datetime,
    known_at: datetime,
    zone: tzinfo,
    rules: RestrictionRules,
) -> Circumstances:
    """Everything that may conflict with a blast in [start, end]; rules of the pit as set by `known_at`.

    Warnings are all of that time: which were issued by then is judged by `uskat.blast.restriction.conflict`. Weather is
    what was told last of those hours: it happened, whenever it was told.
    """
    set_for = (await pit_rules_of(connection, known_at=known_at)).get(passport.pit)
    around = timedelta(seconds=rules.simultaneous_s.value)
    others = await other_windows(connection, since=start - around, until=end + around)
    return Circumstances(
        zone=zone,
        zones=frozenset(set_for.zones) if set_for is not None else frozenset(),
        warnings=await warnings_between(connection, since=start, until=end),
        weather=await weather_around(connection, passport.pit, start=start, end=end, rules=rules),
        places=await protected_places(connection),
        others=[
            OtherBlast(one.blast_id, one.enterprise, one.start, one.end, (one.longitude, one.latitude),
                       one.danger_zone_m)
            for one in others
        ],
        local=set_for.local if set_for is not None else None,
    )  # fmt: skip


async def declared_circumstances(
    connection: AsyncConnection,
    enterprise: str,
    code: str,
    *,
    now: datetime,
    zone: tzinfo,
    rules: RestrictionRules,
) -> tuple[Declaration, Circumstances]:
    """A declared blast with what restricts its firing, or its window before it is fired. Raises NoSuchBlast."""
    blast = (await read_blast(connection, enterprise=enterprise, code=code)).declaration
    fired, window = blast.fired_at, blast.passport.window
    start, end = (fired, fired) if fired else (window.planned_from, window.planned_to)
    found = await circumstances_of(
        connection, blast.passport, start=start, end=end, known_at=fired or now, zone=zone, rules=rules
    )
    return blast, found


async def weather_around(
    connection: AsyncConnection, pit: str, *, start: datetime, end: datetime, rules: RestrictionRules
) -> list[Weather]:
    """Weather at a pit in [start, end] and as far around as it still counts."""
    age = timedelta(seconds=rules.weather_age_s.value)
    hours = await weather_hours(connection, pit=pit, since=start - age, until=end + age + timedelta(microseconds=1))
    return [hour.weather for hour in hours]


async def protected_places(connection: AsyncConnection) -> list[Place]:
    """Where people live or stay, with the zone of НМУ warnings that holds there."""
    rows = await connection.execute(_PLACES, {"kinds": sorted(PROTECTED_PLACES)})
    return [
        Place(name=name, longitude=longitude, latitude=latitude, zone=nmu_zone)
        for name, longitude, latitude, nmu_zone in map(row_values, rows)
    ]
