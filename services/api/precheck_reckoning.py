"""A pre-check by what the database knows now; asked by the routes for machines and by the page for people."""

import asyncio
from dataclasses import replace

from services.api.authentication import Principal
from services.api.context import Context
from services.api.errors import InvalidRequest, NotFound
from services.api.routers.blasts import ensure_insider
from services.api.state_word import LOCAL
from services.storage.blast_circumstances import circumstances_of
from services.storage.blast_registry import PitView, list_pits, pit_outline, receptor_sites
from services.storage.site_law_store import StoredLaw, newest_law
from uskat.blast.emission.puff import Wind
from uskat.blast.passport.model import Passport
from uskat.blast.precheck.compose import Surrounded, ground_of, precheck
from uskat.blast.precheck.outlook import Precheck
from uskat.blast.restriction.conflict import Circumstances
from uskat.blast.restriction.rules import restriction_rules
from uskat.blast.restriction.weather import Weather

ASKED_WIND = "ветер, заданный в запросе"


def asked_wind(wind_from: float | None, wind_speed: float | None) -> Wind | None:
    """Degrees it comes from and m/s; None: the weather that is known. Raises InvalidRequest for half a wind."""
    if wind_from is None and wind_speed is None:
        return None
    if wind_from is None or wind_speed is None:
        raise InvalidRequest("a wind needs both wind_from and wind_speed")
    return Wind(from_deg=wind_from, speed_m_s=wind_speed)


async def own_pit(context: Context, asking: Principal, passport: Passport) -> PitView:
    """The pit of a passport that is not filed.

    Raises Forbidden or NotFound (`ensure_insider`) for another enterprise's, NotFound where it has no such pit.
    """
    ensure_insider(asking, passport.enterprise)
    for pit in await context.published.ask(list_pits):
        if (pit.code, pit.enterprise) == (passport.pit, passport.enterprise):
            return pit
    raise NotFound(f"{passport.enterprise} has no pit {passport.pit!r}")


async def reckoned(context: Context, passport: Passport, wind: Wind | None) -> tuple[Precheck, StoredLaw | None]:
    """By what is known now; with a wind asked for, that one blows through the whole window."""
    law = await context.database.ask(newest_law, passport.pit)
    circumstances = await _circumstances(context, passport)
    if wind is not None:
        circumstances = _with_wind(circumstances, passport, wind)
    around = Surrounded(
        await context.database.ask(receptor_sites),
        ground_of(law.law, law.ppv_records) if law is not None else ground_of(None),
        await context.database.ask(pit_outline, passport.pit),
    )
    found = await asyncio.to_thread(precheck, passport, around, circumstances=circumstances, now=context.now())
    return found, law


async def _circumstances(context: Context, passport: Passport) -> Circumstances:
    return await context.database.ask(
        circumstances_of,
        passport,
        start=passport.window.planned_from,
        end=passport.window.planned_to,
        known_at=context.now(),
        zone=LOCAL,
        rules=restriction_rules(),
    )


def _with_wind(circumstances: Circumstances, passport: Passport, wind: Wind) -> Circumstances:
    """The same with one wind through the whole window."""
    window = passport.window
    middle = window.planned_from + (window.planned_to - window.planned_from) / 2
    records = [
        Weather(at=moment, source=ASKED_WIND, wind=wind) for moment in (window.planned_from, middle, window.planned_to)
    ]
    return replace(circumstances, weather=records)
