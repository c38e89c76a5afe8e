"""Emissions of a blast and of an enterprise by month, and where the NO2 of a cloud may have drifted: an estimate."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.query import End, PathCode, Start
from services.api.reply import json_reply
from services.api.routers.blast_restrictions import PRIVATE, SECURED, period
from services.api.routers.blasts import ensure_books_open, ensure_insider
from services.api.schema import answers
from services.api.state_word import LOCAL
from services.storage.blast_circumstances import declared_circumstances
from services.storage.fired_blasts import reported_papers
from uskat.blast.emission.factors import emission_factors
from uskat.blast.emission.mass import Emission, blast_emission, rate_20min_g_s
from uskat.blast.emission.month import emission_months
from uskat.blast.emission.puff import (
    ESTIMATE_RU,
    CalmError,
    cloud_of,
    no2_range_t,
    puff_at,
    puff_norms,
    stability_class,
)
from uskat.blast.explosive.register import explosive_register
from uskat.blast.fume import fume_norms
from uskat.blast.geometry import centre
from uskat.blast.passport.lifecycle import Declaration
from uskat.blast.restriction.conflict import Circumstances
from uskat.blast.restriction.rules import Place, restriction_rules
from uskat.blast.restriction.weather import Weather, is_daylight, nearest_weather

USUAL, LONGEST = timedelta(days=366), timedelta(days=1100)
NO_WEATHER_RU = "Ветер на время взрыва не известен: куда ушло облако, не оценено."
CALM_RU = "Штиль: у ветра нет направления, куда ушло облако, не оценено."
NO_FACTOR_RU = "Для одного из ВМ нет никакого коэффициента: оценка NO2 была бы занижена и не даётся."
router = APIRouter(prefix=API, tags=["blasting emissions"])

AMOUNT = {"own_t": 0.1, "low_t": 0.08, "high_t": 0.14, "level": "verified", "level_ru": "проверено по документу"}
EXAMPLE = {
    "enterprise": "kedrovaya-pad-demo", "blast_id": "kp-2026-061", "basis": "report",
    "emission": {
        "method": "coal-4.5", "amounts": {"CO": AMOUNT, "NO2": None}, "covered_t": 2.0, "total_t": 2.8,
        "complete": False,
        "without_factor": [{
            "product": "anfo", "mass_t": 0.8, "word": "нет официального коэффициента", "comparison_id": "ap-42",
            "comparison_t": {"CO": 0.027},
        }],
        "notes": [],
    },
    "rate_20min_g_s": {"CO": {"low": 66.7, "high": 116.7}},
    "drift": {
        "note": ESTIMATE_RU, "why_not": None, "wind": {"from_deg": 251.0, "speed_m_s": 4.1},
        "weather_at": "2026-06-10T06:00:00Z", "weather_source": "модель погоды, api.open-meteo.com",
        "limit_mg_m3": 0.2, "limit_level": "memory",
        "places": [{
            "name": "Талда", "distance_m": 3100.0, "towards": True, "arrival_s": 756.0, "peak_mg_m3": [0.1, 0.3],
            "mean_20min_mg_m3": [0.02, 0.06], "stability": "C", "estimate": True, "note": ESTIMATE_RU,
            "level": "memory",
        }],
    },
}  # fmt: skip
MONTH_EXAMPLE = {
    "enterprise": "kedrovaya-pad-demo", "month": "2026-06", "blasts": 9, "amounts": {"CO": AMOUNT}, "covered_t": 20.0,
    "total_t": 25.0, "complete": False, "without_factor": ["anfo"],
}  # fmt: skip


class Drift(Struct):
    """Where the NO2 may have gone, a simple model: `note` says so. why_not: in words, when there is no estimate.

    limit_mg_m3: the 20-minute limit of NO2 to compare with; places: low and high by the range of factors, mg/m³.
    """

    note: str
    why_not: str | None
    wind: dict[str, float] | None
    weather_at: datetime | None
    weather_source: str | None
    limit_mg_m3: float
    limit_level: str
    places: list[dict[str, Any]]


class BlastEmission(Struct):
    """basis: the report, or before it the plan. rate_20min_g_s: amounts over 1200 s, low and high, by pollutant.

    A product without an official factor is named and is not in the amounts: that is not zero.
    """

    enterprise: str
    blast_id: str
    basis: str
    emission: dict[str, Any]
    rate_20min_g_s: dict[str, dict[str, float]]
    drift: Drift


class EmissionMonths(Struct):
    """Reported blasts of [start, end) by local month, yearly form (CO with the gas that leaves the muck later)."""

    enterprise: str
    start: datetime
    end: datetime
    method: str
    act_level: str
    months: list[dict[str, Any]]


@router.get(
    "/blasts/{enterprise}/{blast_id}/emission",
    summary="Emission of a blast, and where its NO2 may have drifted",
    responses=answers(BlastEmission, "Tonnes, rates, estimate", example=EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def get_emission(context: Shared, asking: Asking, enterprise: PathCode, blast_id: PathCode) -> Response:
    """By the coal-industry method, of what was reported; before the report of what is planned."""
    ensure_insider(asking, enterprise)
    rules = restriction_rules()
    blast, circumstances = await context.database.ask(
        declared_circumstances, enterprise, blast_id, now=context.now(), zone=LOCAL, rules=rules
    )
    paper = blast.report or blast.passport
    factors = emission_factors()
    emission = blast_emission(paper.explosives, paper.suppression, factors=factors, register=explosive_register())
    rates = {
        name: {"low": rate_20min_g_s(amount.low_t, 1.0, factors=factors),
               "high": rate_20min_g_s(amount.high_t, 1.0, factors=factors)}
        for name, amount in emission.amounts.items() if amount is not None
    }  # fmt: skip
    basis = "report" if blast.report else "plan"
    drift = _drift(blast, circumstances, emission)
    return json_reply(BlastEmission(enterprise, blast_id, basis, emission.to_json(), rates, drift), headers=PRIVATE)


@router.get(
    "/enterprises/{enterprise}/emissions",
    summary="Emissions of an enterprise's blasts by month",
    responses=answers(
        EmissionMonths,
        "Months with reported blasts",
        example={
            "enterprise": "kedrovaya-pad-demo", "start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z",
            "method": "coal-4.5", "act_level": "secondary", "months": [MONTH_EXAMPLE],
        },
        problems=(401, 403, 404, 422),
    ),
    openapi_extra=SECURED,
)  # fmt: skip
async def get_emissions(
    context: Shared, asking: Asking, enterprise: PathCode, start: Start = None, end: End = None
) -> Response:
    """Of [start, end), by default the last year. Blasts without a report are not in it: nobody said what was fired."""
    await ensure_books_open(context, asking, enterprise)
    since, until = period(context, start, end, usual=USUAL, longest=LONGEST)
    papers = await context.database.ask(reported_papers, enterprise=enterprise, since=since, until=until)
    factors = emission_factors()
    months = emission_months([report for _, report in papers], LOCAL, factors=factors, register=explosive_register())
    found = EmissionMonths(
        enterprise, since, until, factors.id, factors.act_level.value, [month.to_json() for month in months]
    )
    return json_reply(found, headers=PRIVATE)


def _drift(blast: Declaration, circumstances: Circumstances, emission: Emission) -> Drift:
    limit = fume_norms().max_once_mg_m3["NO2"]
    weather = _weather(blast, circumstances)
    places: list[dict[str, Any]] = []
    why_not = None
    if weather is None or weather.wind is None:
        why_not = NO_WEATHER_RU
    else:
        try:
            places = _estimate(blast, circumstances.places, weather=weather, emission=emission)
        except CalmError:
            why_not = CALM_RU
        except LookupError:
            why_not = NO_FACTOR_RU
    wind: Mapping[str, float] | None = weather.wind.to_json() if weather and weather.wind else None
    return Drift(
        note=ESTIMATE_RU,
        why_not=why_not,
        wind=dict(wind) if wind else None,
        weather_at=weather.at if weather else None,
        weather_source=weather.source if weather else None,
        limit_mg_m3=limit.value,
        limit_level=limit.level.value,
        places=places,
    )


def _weather(blast: Declaration, circumstances: Circumstances) -> Weather | None:
    """Nearest to the firing, before it to the begin of the window."""
    moment = blast.fired_at or blast.passport.window.planned_from
    return nearest_weather(circumstances.weather, moment, rules=restriction_rules())


def _estimate(
    blast: Declaration, places: Sequence[Place], *, weather: Weather, emission: Emission
) -> list[dict[str, Any]]:
    """Places down the wind first; raises CalmError, LookupError as the domain does."""
    factors, norms, wind = emission_factors(), puff_norms(), weather.wind
    if wind is None:
        return []
    source = centre(blast.passport.ring)
    night = not is_daylight(weather.at, source, rules=restriction_rules())
    stability = stability_class(norms, wind_m_s=wind.speed_m_s, inversion=bool(weather.inversion), night=night)
    depth = max(hole.depth_m for hole in blast.passport.holes)
    charge_t = (blast.report or blast.passport).total_charge_kg / 1000
    cloud = cloud_of(no2_range_t(emission, factors), charge_t, hole_depth_m=depth, factors=factors, norms=norms)
    found = puff_at(
        cloud, source, places={place.name: (place.longitude, place.latitude) for place in places}, wind=wind,
        stability=stability, norms=norms, averaging_s=factors.averaging_s.value,
    )  # fmt: skip
    return [item.to_json() for item in found]
