"""The pre-check of a passport: every part of the blasting room asked once, for every receptor (`norms.md` §1–§6).

Distances run from the nearest point of the block to the nearest point of the receptor: the worst charge may lie at the
edge. The charge is the larger of the declared one and the heaviest 8 ms window of the holes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from uskat.blast.distance import formulas
from uskat.blast.distance.block import BlockDistances, Site, block_distances, firing_groups
from uskat.blast.distance.norms import DistanceNorms, distance_norms_on
from uskat.blast.emission.factors import emission_factors
from uskat.blast.emission.mass import Emission, blast_emission
from uskat.blast.emission.puff import (
    CalmError,
    PuffAtPlace,
    cloud_of,
    no2_range_t,
    puff_at,
    puff_norms,
    stability_class,
)
from uskat.blast.explosive.register import explosive_register
from uskat.blast.geometry import Point, centre
from uskat.blast.norm.receptor import airblast_limit_dbl, ground_norms
from uskat.blast.passport.delay import charge_per_delay_of
from uskat.blast.passport.in_order import passport_in_order
from uskat.blast.passport.model import Ground as Soil
from uskat.blast.passport.model import Passport
from uskat.blast.passport.rules import passport_rules
from uskat.blast.precheck.outlook import (
    CALM_RU,
    NO_ACT_RU,
    NO_HOURS_RU,
    NO_NO2_RU,
    NO_RECEPTORS_RU,
    NO_ZONES_RU,
    Precheck,
    ReceptorOutlook,
)
from uskat.blast.propagation.forecast import (
    Ground,
    ReceptorForecast,
    ReceptorPlace,
    forecast_blast,
    frequency_band,
)
from uskat.blast.propagation.law import PpvRecord, SiteLaw
from uskat.blast.propagation.prior import prior_law
from uskat.blast.provenance import Choice, NoActError
from uskat.blast.restriction.conflict import Circumstances, judge_plan
from uskat.blast.restriction.rules import restriction_rules
from uskat.blast.restriction.weather import Weather, is_daylight, nearest_weather
from uskat.blast.shape import nearest_points
from uskat.blast.surroundings import PROTECTED_PLACES, ReceptorSite


@dataclass(frozen=True, slots=True)
class Surrounded:
    """What lies around a pit and what is known of its ground. outline: of the pit, where it is known."""

    receptors: Sequence[ReceptorSite]
    ground: Ground
    outline: Sequence[Point] | None = None


def ground_of(law: SiteLaw | None, records: Sequence[PpvRecord] = ()) -> Ground:
    """What a pit's law and the records under it say; without them the prior law with its wide bounds speaks."""
    return Ground(law, prior_law().updated(records), frequency_band(records))


def precheck(passport: Passport, around: Surrounded, *, circumstances: Circumstances, now: datetime) -> Precheck:
    """What the blast will do by what is known at `now` (UTC).

    Raises ValueError for a receptor without a shape (the registry gives every one its own).
    """
    charge = charge_per_delay_of(passport.holes, passport_rules().delay_window)
    charge_kg = reckoned_charge_kg(passport)
    weather = weather_of(passport, circumstances)
    emission = blast_emission(
        passport.explosives, passport.suppression, factors=emission_factors(), register=explosive_register()
    )
    act = _act_of(passport, circumstances)
    clouds, clouds_unknown = _clouds(passport, emission, receptors=around.receptors, weather=weather)
    forecasts = receptor_forecasts(passport, around, weather=weather)
    norms, groups = ground_norms(), _groups(passport, act)
    outlooks = [
        ReceptorOutlook(
            site=site,
            forecast=forecast,
            norm=norms[site.receptor],
            airblast_limit_dbl=airblast_limit_dbl(site.receptor),
            seismic=_seismic(passport, site, act=act, groups=groups),
            no2=clouds.get(site.code),
        )
        for site, forecast in zip(around.receptors, forecasts, strict=True)
    ]
    unchecked = _unchecked(around, circumstances, act=act)
    return Precheck(
        passport=passport,
        at=now,
        charge=charge,
        charge_kg=charge_kg,
        ground=around.ground,
        receptors=tuple(sorted(outlooks, key=_nearness)),
        weather=weather,
        distances=_distances(passport, outlooks, act=act, weather=weather),
        emission=emission,
        restrictions=judge_plan(passport, circumstances, rules=restriction_rules(), now=now),
        unchecked=(*unchecked, *clouds_unknown),
        discrepancies=passport_in_order(passport, zone=circumstances.zone, outline=around.outline),
    )


def reckoned_charge_kg(passport: Passport) -> float:
    """The charge within one delay that is reckoned with: the larger of the declared and the heaviest window."""
    charge = charge_per_delay_of(passport.holes, passport_rules().delay_window)
    return max(charge.charge_kg, passport.max_charge_per_delay_kg)


def weather_of(passport: Passport, circumstances: Circumstances) -> Weather | None:
    """The weather that is reckoned with: nearest to the middle of the window, if any is near enough in time."""
    window = passport.window
    middle = window.planned_from + (window.planned_to - window.planned_from) / 2
    return nearest_weather(circumstances.weather, middle, rules=restriction_rules())


def _nearness(outlook: ReceptorOutlook) -> tuple[bool, float]:
    """Largest share of the limit first; without a limit last, by distance."""
    forecast = outlook.forecast
    if forecast.limit_mm_s is None:
        return True, forecast.distance_m
    return False, -forecast.bound_mm_s / forecast.limit_mm_s


def receptor_forecasts(
    passport: Passport, around: Surrounded, *, weather: Weather | None = None
) -> list[ReceptorForecast]:
    """Vibration and airblast at every receptor, in their order; weather None: calm.

    Raises ValueError for a receptor without a shape.
    """
    places = []
    for site in around.receptors:
        if site.shape is None:
            raise ValueError(f"{site.code} lies nowhere")
        source, point = nearest_points(passport.ring, site.shape)
        places.append(ReceptorPlace(site.name, site.receptor, point, source))
    return forecast_blast(
        centre(passport.ring),
        reckoned_charge_kg(passport),
        places=places,
        ground=around.ground,
        norm=ground_norms(),
        wind_from_deg=weather.wind.from_deg if weather is not None and weather.wind is not None else None,
    )


def _act_of(passport: Passport, circumstances: Circumstances) -> Choice[DistanceNorms] | None:
    try:
        return distance_norms_on(passport.window.planned_from.astimezone(circumstances.zone).date())
    except NoActError:
        return None


def _groups(passport: Passport, act: Choice[DistanceNorms] | None) -> int:
    return 1 if act is None else sum(1 for _ in firing_groups(passport.holes, act.act.short_delay_below_ms.value))


def _seismic(
    passport: Passport, site: ReceptorSite, *, act: Choice[DistanceNorms] | None, groups: int
) -> formulas.Distance | None:
    if act is None:
        return None
    return formulas.seismic(
        act.act, charge_kg=passport.total_charge_kg, ground=site.ground, building=site.building, groups=groups
    )


def _distances(
    passport: Passport,
    outlooks: Sequence[ReceptorOutlook],
    *,
    act: Choice[DistanceNorms] | None,
    weather: Weather | None,
) -> BlockDistances | None:
    """Zones around the block for the most endangered kind of receptor; without any for a settlement on wet soil."""
    if act is None:
        return None
    worst = max(outlooks, key=lambda one: one.seismic.metres if one.seismic else 0.0, default=None)
    site = Site(
        ground=worst.site.ground if worst is not None else Soil.SOIL_WET,
        building=worst.site.building if worst is not None else "settlement",
        temperature_c=weather.temperature_c if weather is not None else None,
        wind_m_s=weather.wind.speed_m_s if weather is not None and weather.wind is not None else None,
    )
    return block_distances(passport, site, norms=act, delay=passport_rules().delay_window)


def _clouds(
    passport: Passport, emission: Emission, *, receptors: Sequence[ReceptorSite], weather: Weather | None
) -> tuple[dict[str, PuffAtPlace], tuple[str, ...]]:
    """NO2 at the places where people live, by code, or why it was not estimated."""
    if weather is None or weather.wind is None:
        return {}, ()
    norms = puff_norms()
    places = {
        site.code: site.shape.middle for site in receptors if site.kind in PROTECTED_PLACES and site.shape is not None
    }
    source = centre(passport.ring)
    dark = not is_daylight(passport.window.planned_from, source, rules=restriction_rules())
    stability = stability_class(norms, wind_m_s=weather.wind.speed_m_s, inversion=bool(weather.inversion), night=dark)
    depth = max(hole.depth_m for hole in passport.holes)
    try:
        cloud = cloud_of(
            no2_range_t(emission, emission_factors()),
            passport.total_charge_kg / 1000,
            hole_depth_m=depth,
            factors=emission_factors(),
            norms=norms,
        )
        found = puff_at(cloud, source, places=places, wind=weather.wind, stability=stability, norms=norms)
    except CalmError:
        return {}, (CALM_RU,)
    except LookupError:
        return {}, (NO_NO2_RU,)
    return {item.name: item for item in found}, ()


def _unchecked(around: Surrounded, circumstances: Circumstances, *, act: Choice[DistanceNorms] | None) -> list[str]:
    local = circumstances.local
    return [
        words
        for words, missing in (
            (NO_RECEPTORS_RU, not around.receptors),
            (NO_ACT_RU, act is None),
            (NO_ZONES_RU, not circumstances.zones),
            (NO_HOURS_RU, local is None or not local.hours),
        )
        if missing
    ]
