"""What a planned blast will do at each receptor, before it is fired.

Velocity with its bound from the law of the site – outside the site's data, and before there is a law, from the prior
one, whichever is larger outside; the limit at the least favourable frequency that the site's records show; the
probability of exceeding it; the largest charge that keeps the bound below it; airblast with wind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uskat.blast.geometry import Point, bearing_deg, distance_m
from uskat.blast.norm.curve import LimitCurve, Place, Receptor
from uskat.blast.norm.pack import LimitNorm
from uskat.blast.propagation.airblast import AirblastForecast, forecast_airblast
from uskat.blast.propagation.law import PpvRecord, SiteLaw
from uskat.blast.propagation.prior import PriorLaw
from uskat.blast.propagation.rules import AirLaw, propagation_rules
from uskat.blast.propagation.spread import Spread, Values, largest_charges_kg
from uskat.blast.provenance import Level, weakest

FREQUENCY_QUANTILES = (0.1, 0.5, 0.9)
REACH_DECADES = (0.0, 5.0)
LEAST_DISTANCE_M = 1.0
"""A receptor on the block itself is taken to be so far away: the laws know no distance of nothing."""


@dataclass(frozen=True, slots=True)
class FrequencyBand:
    """Which frequencies to expect: low … high Hz, middle; own: from the site's records, else the instrument's band."""

    low_hz: float
    middle_hz: float | None
    high_hz: float
    own: bool

    @property
    def class_ru(self) -> str:
        """The class by the corners of DIN 4150-3, of the middle frequency."""
        if self.middle_hz is None:
            return "не известна: своих записей мало"
        if self.middle_hz < 10:
            return "низкая, до 10 Гц"
        return "средняя, 10–50 Гц" if self.middle_hz < 50 else "высокая, от 50 Гц"


@dataclass(frozen=True, slots=True)
class ReceptorPlace:
    """What may be hurt: name, class, point (longitude, latitude); source: of the block, nearest to it; None: origin."""

    name: str
    receptor: Receptor
    point: Point
    source: Point | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the site: its law (None, or one that may not be used: the prior speaks), prior, frequencies."""

    law: SiteLaw | None
    prior: PriorLaw
    band: FrequencyBand

    @property
    def usable(self) -> SiteLaw | None:
        """The site's law when its records carry it."""
        return self.law if self.law is not None and not self.law.refused else None


@dataclass(frozen=True, slots=True)
class ReceptorForecast:
    """One receptor. basis: site, prior, or both (outside the site's data the larger of the two).

    limit_mm_s None: the norm has none for this receptor. probability: of exceeding the limit. largest_charge_kg:
    within 8 ms, so that the bound keeps the limit.
    """

    place: ReceptorPlace
    distance_m: float
    azimuth_deg: float
    median_mm_s: float
    bound_mm_s: float
    limit_mm_s: float | None
    probability: float | None
    largest_charge_kg: float | None
    airblast: AirblastForecast
    basis: str
    curve_id: str | None
    level: Level

    @property
    def kept(self) -> bool | None:
        """True when the bound is within the limit; None without a limit."""
        return None if self.limit_mm_s is None else self.bound_mm_s <= self.limit_mm_s

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.place.name,
            "receptor": self.place.receptor.value,
            "point": list(self.place.point),
            "distance_m": self.distance_m,
            "azimuth_deg": self.azimuth_deg,
            "ppv_median_mm_s": self.median_mm_s,
            "ppv_bound_mm_s": self.bound_mm_s,
            "limit_mm_s": self.limit_mm_s,
            "kept": self.kept,
            "probability_above": self.probability,
            "largest_charge_kg": self.largest_charge_kg,
            "airblast": self.airblast.to_json(),
            "basis": self.basis,
            "curve": self.curve_id,
            "level": self.level.value,
        }


def frequency_band(records: Sequence[PpvRecord]) -> FrequencyBand:
    """10–90 % of the site's zero-crossing frequencies; with fewer than the rules ask, the band of the instrument."""
    rules = propagation_rules()
    known = [record.frequency_hz for record in records if record.frequency_hz is not None and record.frequency_hz > 0]
    if len(known) < rules.frequency_least_records.value:
        return FrequencyBand(rules.frequency_prior_low.value, None, rules.frequency_prior_high.value, own=False)
    low, middle, high = np.quantile(known, FREQUENCY_QUANTILES)
    return FrequencyBand(float(low), float(middle), float(high), own=True)


def forecast_blast(
    origin: Point,
    charge_kg: float,
    *,
    places: Sequence[ReceptorPlace],
    ground: Ground,
    norm: LimitNorm | Mapping[Receptor, LimitNorm],
    confidence: float = 0.95,
    wind_from_deg: float | None = None,
    air: AirLaw | None = None,
) -> list[ReceptorForecast]:
    """Forecasts in the order of `places`.

    origin: (longitude, latitude) of the block; charge_kg: largest within 8 ms; norm: one for all, or by class;
    wind_from_deg: None for calm. Raises ValueError for a charge that is not positive.
    """
    if not charge_kg > 0:
        raise ValueError(f"a charge of {charge_kg} kg")
    if not places:
        return []
    sources = [place.source or origin for place in places]
    pairs = [(source, place.point) for source, place in zip(sources, places, strict=True)]
    distances = np.array([max(distance_m(*pair), LEAST_DISTANCE_M) for pair in pairs])
    azimuths = np.array([bearing_deg(origin, place.point) for place in places])
    by_class = {receptor: _curve(norm, receptor) for receptor in {place.receptor for place in places}}
    limit_of = {name: np.nan if curve is None else _limit(curve, ground.band) for name, curve in by_class.items()}
    curves = [by_class[place.receptor] for place in places]
    limits = np.array([limit_of[place.receptor] for place in places])
    blend = _Blend(ground, distances, charge_kg, azimuths)
    median, bound, probability = blend.median(), blend.bound(confidence), blend.exceedance(limits)
    largest = _largest(ground, distances, azimuths=azimuths, limits=limits, confidence=confidence)
    forecasts = []
    for at, (place, curve) in enumerate(zip(places, curves, strict=True)):
        azimuth, distance = float(azimuths[at]), float(distances[at])
        airblast = forecast_airblast(distance, charge_kg, law=air, azimuth_deg=azimuth, wind_from_deg=wind_from_deg)
        forecasts.append(
            ReceptorForecast(
                place=place,
                distance_m=distance,
                azimuth_deg=azimuth,
                median_mm_s=float(median[at]),
                bound_mm_s=float(bound[at]),
                limit_mm_s=_known(limits[at]),
                probability=_known(probability[at]),
                largest_charge_kg=_known(largest[at]),
                airblast=airblast,
                basis=blend.basis(at),
                curve_id=curve.id if curve else None,
                level=weakest([airblast.level, *([curve.level] if curve else []), *blend.levels(at)]),
            )
        )
    return forecasts


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


class _Blend:
    """The site's law where it has data, the larger of it and the prior outside, the prior alone before there is one."""

    def __init__(self, ground: Ground, distances: Values, charge_kg: float, azimuths: Values) -> None:
        charges = np.full_like(distances, charge_kg)
        law = ground.usable
        self._prior = ground.prior.spread(distances, charges)
        self._site: Spread | None = law.spread(distances, charges, azimuth_deg=azimuths) if law else None
        self._outside = np.array([law is None or law.outside(float(d), charge_kg) for d in distances])

    def median(self) -> Values:
        return self._of(self._prior.median_mm_s(), self._site.median_mm_s() if self._site else None)

    def bound(self, confidence: float) -> Values:
        site = self._site.bound_mm_s(confidence) if self._site else None
        return self._of(self._prior.bound_mm_s(confidence), site)

    def exceedance(self, limits: Values) -> Values:
        site = self._site.exceedance(limits) if self._site else None
        return self._of(self._prior.exceedance(limits), site)

    def basis(self, at: int) -> str:
        if self._site is None:
            return "prior"
        return "both" if self._outside[at] else "site"

    def levels(self, at: int) -> list[Level]:
        return [] if self.basis(at) == "site" else [propagation_rules().prior.site_spread_log10.level]

    def _of(self, prior: Values, site: Values | None) -> Values:
        return prior if site is None else np.where(self._outside, np.maximum(prior, site), site)


def _largest(ground: Ground, distances: Values, *, azimuths: Values, limits: Values, confidence: float) -> Values:
    """By the site's law where it is inside its data at the answer, else the smaller of site and prior; NaN: none."""
    prior = largest_charges_kg(ground.prior, distances, limits_mm_s=limits, confidence=confidence)
    law = ground.usable
    if law is None:
        return prior
    own = largest_charges_kg(law, distances, limits_mm_s=limits, confidence=confidence, azimuths_deg=azimuths)
    inside = [
        not np.isnan(charge) and not law.outside(float(distance), float(charge))
        for distance, charge in zip(distances, own, strict=True)
    ]
    return np.asarray(np.where(inside, own, np.fmin(own, prior)), dtype=np.float64)


def _curve(norm: LimitNorm | Mapping[Receptor, LimitNorm], receptor: Receptor) -> LimitCurve | None:
    norm = norm if isinstance(norm, LimitNorm) else norm[receptor]
    wanted = Place.PIPE if receptor.value.startswith("pipe") else Place.FOUNDATION
    return next((c for c in norm.curves if receptor in c.receptors and c.place is wanted), None)


def _limit(curve: LimitCurve, band: FrequencyBand) -> float:
    """The lowest limit over the band, as far as the norm's table reaches; NaN when they do not meet."""
    first, last = curve.shape.range_hz
    low, high = max(band.low_hz, first), min(band.high_hz, last if last is not None else band.high_hz)
    if low >= high:
        return float("nan")
    # the last frequency of a half-open range is no part of it
    found = curve.lowest_mm_s(low, high * (1 - 1e-9))
    return float("nan") if found is None else found


def largest_for_all_kg(forecasts: Sequence[ReceptorForecast]) -> tuple[float, ReceptorForecast] | None:
    """The charge that keeps every receptor's bound, and the receptor that sets it; None when none has a limit."""
    limited = [(f.largest_charge_kg, f) for f in forecasts if f.largest_charge_kg is not None]
    return min(limited, key=lambda pair: pair[0], default=None)


def reach_m(
    ground: Ground, charge_kg: float, *, level_mm_s: float, azimuths_deg: Sequence[float], confidence: float = 0.95
) -> list[float]:
    """How far the bound reaches a level, metres, for each azimuth: the contour of a map. 0 where it never does.

    Looked for between 1 m and 100 km at steps of a hundredth of a decade and interpolated between; the outermost
    crossing counts.
    """
    law = ground.usable
    if azimuths_deg and (law is None or not law.directional):
        return [_reach(ground, charge_kg, level_mm_s, azimuths_deg[0], confidence)] * len(azimuths_deg)
    return [_reach(ground, charge_kg, level_mm_s, azimuth, confidence) for azimuth in azimuths_deg]


def _reach(ground: Ground, charge_kg: float, level_mm_s: float, azimuth_deg: float, confidence: float) -> float:
    logs = np.linspace(*REACH_DECADES, 501)
    distances = np.asarray(10.0**logs, dtype=np.float64)
    blend = _Blend(ground, distances, charge_kg, np.full_like(distances, azimuth_deg))
    room = np.log10(level_mm_s) - np.log10(blend.bound(confidence))
    places = np.flatnonzero(room <= 0)
    if not places.size:
        return 0.0
    last = int(places[-1])
    if last + 1 == logs.size:
        return float(distances[-1])
    share = room[last] / (room[last] - room[last + 1])
    return float(10.0 ** (logs[last] + share * (logs[last + 1] - logs[last])))
