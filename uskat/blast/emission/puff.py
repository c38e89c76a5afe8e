"""Where the NO2 of a blast may drift: a Gaussian puff down the measured wind. An estimate, and marked as one.

The cloud starts with the size of §4.3 of `blasting/norms.md` and grows by Martin's dispersion (1976); it is reflected
at the ground. The 20-minute mean at a settlement is the passing of the puff spread over 1200 s, with the size it has
on arrival. It is not the legal dispersion model (order 273) and says nothing of chemistry, terrain or changing wind.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import Field

from uskat.blast.emission.factors import EmissionFactors
from uskat.blast.emission.mass import Emission, cloud_height_m, cloud_volume_m3
from uskat.blast.geometry import Point, bearing_deg, distance_m
from uskat.blast.provenance import Act, Frozen, Level, Number, Sourced, parse_data

ESTIMATE_RU = "Оценка по простой модели облака, не измерение и не нормативный расчёт."
MG_PER_T = 1e9


class Growth(Frozen):
    """σz = c·x^d + f, x in km, σ in m."""

    c: float
    d: float
    f: float


class StabilityClass(Sourced):
    """σy = a·x^0.894 and σz near and far."""

    a: float
    near: Growth
    far: Growth


class StabilityRule(Sourced):
    """Class by wind speed: rows (below m/s, class), the last one without a bound."""

    when: str
    classes: tuple[tuple[float | None, str], ...]


class PuffNorms(Act):
    """Dispersion and the rules of the estimate."""

    classes: dict[str, StabilityClass]
    lateral_power: Number
    near_km: Number
    width_per_sigma: Number
    height_per_sigma: Number
    calm_below_m_s: Number
    farthest_m: Number
    stability: tuple[StabilityRule, ...]


class Wind(Frozen):
    """Measured wind: direction it comes from, degrees, and speed."""

    from_deg: float = Field(ge=0, le=360)
    speed_m_s: float = Field(ge=0)

    @property
    def to_deg(self) -> float:
        """Direction it blows to."""
        return (self.from_deg + 180) % 360


@dataclass(frozen=True, slots=True)
class Cloud:
    """The cloud at the start: NO2 mass range in t, standard deviations and height of the centre in m."""

    no2_t: tuple[float, float]
    sigma_y_m: float
    sigma_z_m: float
    height_m: float


@dataclass(frozen=True, slots=True)
class PuffAtPlace:
    """What may reach a place. peak, mean of 20 minutes: NO2 in mg/m³, low and high by the range of factors.

    towards False: the place does not lie down the wind; all concentrations are 0 by the model.
    """

    name: str
    distance_m: float
    along_m: float
    across_m: float
    towards: bool
    arrival_s: float | None
    peak_mg_m3: tuple[float, float]
    mean_20min_mg_m3: tuple[float, float]
    stability: str
    level: Level = Level.MEMORY

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, marked as an estimate."""
        return {
            "name": self.name, "distance_m": self.distance_m, "towards": self.towards, "arrival_s": self.arrival_s,
            "peak_mg_m3": list(self.peak_mg_m3), "mean_20min_mg_m3": list(self.mean_20min_mg_m3),
            "stability": self.stability, "estimate": True, "note": ESTIMATE_RU, "level": self.level.value,
        }  # fmt: skip


class CalmError(ValueError):
    """Too little wind to say where a cloud goes."""


def no2_range_t(emission: Emission, factors: EmissionFactors) -> tuple[float, float]:
    """NO2 of official and of comparison factors together, low and high, for the estimate only; (0, 0) knows nothing.

    Raises LookupError when a product has neither factor: an estimate without it would be too low.
    """
    official = emission.amounts.get("NO2")
    low, high = (official.low_t, official.high_t) if official else (0.0, 0.0)
    share = factors.split["NO2"].value
    for item in emission.without_factor:
        if item.comparison is None:
            raise LookupError(f"{item.product}: no factor of any document, no estimate of NO2")
        low, high = low + share * item.comparison["NOx"], high + share * item.comparison["NOx"]
    return low, high


def cloud_of(
    no2_t: tuple[float, float], charge_t: float, *, hole_depth_m: float, factors: EmissionFactors, norms: PuffNorms
) -> Cloud:
    """The cloud of a blast at the start, a cylinder of the volume and height of §4.3."""
    height = cloud_height_m(charge_t, hole_depth_m, factors=factors)
    width = 2 * math.sqrt(cloud_volume_m3(charge_t, factors) / (math.pi * height))
    return Cloud(
        no2_t=no2_t,
        sigma_y_m=width / norms.width_per_sigma.value,
        sigma_z_m=height / norms.height_per_sigma.value,
        height_m=height / 2,
    )


def puff_at(
    cloud: Cloud,
    source: Point,
    *,
    places: Mapping[str, Point],
    wind: Wind,
    stability: str,
    norms: PuffNorms,
    averaging_s: float = 1200.0,
) -> list[PuffAtPlace]:
    """Estimate for every place (longitude, latitude) nearer than 20 km, strongest first.

    Raises CalmError for wind below 0.5 m/s and KeyError for an unknown stability class.
    """
    if wind.speed_m_s < norms.calm_below_m_s.value:
        raise CalmError(f"wind of {wind.speed_m_s} m/s has no direction")
    near = {name: place for name, place in places.items() if distance_m(source, place) <= norms.farthest_m.value}
    found = [
        _at_place(cloud, name, offset=_offset(source, place, wind=wind), wind=wind, stability=stability, norms=norms,
                  averaging_s=averaging_s)
        for name, place in near.items()
    ]  # fmt: skip
    return sorted(found, key=lambda item: -item.mean_20min_mg_m3[1])


def stability_class(norms: PuffNorms, *, wind_m_s: float, inversion: bool, night: bool) -> str:
    """Pasquill class by wind, inversion and night (project rule, unverified)."""
    when = "inversion" if inversion else "night" if night else "day"
    rule = next(rule for rule in norms.stability if rule.when == when)
    return next(name for below, name in rule.classes if below is None or wind_m_s < below)


def sigmas_m(norms: PuffNorms, stability: str, *, along_m: float) -> tuple[float, float]:
    """σy, σz of a point source at a distance, m; never negative."""
    row, x = norms.classes[stability], along_m / 1000
    growth = row.near if x < norms.near_km.value else row.far
    return row.a * math.pow(x, norms.lateral_power.value), max(0.0, growth.c * math.pow(x, growth.d) + growth.f)


def puff_concentration(
    mass_mg: float, *, offset_m: tuple[float, float, float], sigma_m: tuple[float, float], height_m: float
) -> float:
    """Concentration of a puff at (along, across, up) metres from the point on the ground below its centre, mg/m³."""
    along, across, up = offset_m
    sigma_y, sigma_z = sigma_m
    horizontal = math.exp(-(along**2 + across**2) / (2 * sigma_y**2))
    vertical = sum(math.exp(-((up - image) ** 2) / (2 * sigma_z**2)) for image in (height_m, -height_m))
    return mass_mg / (math.pow(2 * math.pi, 1.5) * sigma_y**2 * sigma_z) * horizontal * vertical


def _offset(source: Point, place: Point, *, wind: Wind) -> tuple[float, float]:
    away = distance_m(source, place)
    turn = math.radians(bearing_deg(source, place) - wind.to_deg)
    return away * math.cos(turn), away * math.sin(turn)


def _at_place(
    cloud: Cloud,
    name: str,
    *,
    offset: tuple[float, float],
    wind: Wind,
    stability: str,
    norms: PuffNorms,
    averaging_s: float,
) -> PuffAtPlace:
    along, across = offset
    away = math.hypot(along, across)
    if along <= 0:
        return PuffAtPlace(name, away, along, across, False, None, (0.0, 0.0), (0.0, 0.0), stability)  # noqa: FBT003
    grown_y, grown_z = sigmas_m(norms, stability, along_m=along)
    sigma = math.hypot(cloud.sigma_y_m, grown_y), math.hypot(cloud.sigma_z_m, grown_z)
    per_mg = puff_concentration(1.0, offset_m=(0.0, across, 0.0), sigma_m=sigma, height_m=cloud.height_m)
    passing = sigma[0] * math.sqrt(2 * math.pi) / wind.speed_m_s
    seen = math.erf(averaging_s * wind.speed_m_s / (2 * math.sqrt(2) * sigma[0]))
    peaks = [mass * MG_PER_T * per_mg for mass in cloud.no2_t]
    means = [peak * passing * seen / averaging_s for peak in peaks]
    return PuffAtPlace(
        name=name,
        distance_m=away,
        along_m=along,
        across_m=across,
        towards=True,
        arrival_s=along / wind.speed_m_s,
        peak_mg_m3=_pair(peaks),
        mean_20min_mg_m3=_pair(means),
        stability=stability,
    )


def _pair(values: Sequence[float]) -> tuple[float, float]:
    low, high = values
    return low, high


@cache
def puff_norms() -> PuffNorms:
    """The packaged dispersion."""
    return parse_data("puff.json", PuffNorms)
