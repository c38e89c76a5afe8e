"""Travel time and peak of a pulse after Jobson (USGS WRIR 96-4013, 1996; J. Hydraul. Eng. 123(11), 1997).

Coefficients: `uskat/data/travel.json`, from memory, unverified (shared norms sheet §5.2).
"""

import math
from dataclasses import dataclass

from uskat.water.travel_coefficient import travel_coefficients

GRAVITY = 9.81
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class RiverFlow:
    """What Jobson's equations ask of a place: basin in m², annual mean and present discharge in m³/s, slope in m/m.

    slope None: unknown.
    """

    basin_m2: float
    mean_discharge_m3_s: float
    discharge_m3_s: float
    slope: float | None = None

    @property
    def relative_discharge(self) -> float:
        """Q'a = Q / Qa."""
        return self.discharge_m3_s / self.mean_discharge_m3_s

    @property
    def relative_area(self) -> float:
        """D'a = Da^1.25 · √g / Qa."""
        return math.pow(self.basin_m2, 1.25) * math.sqrt(GRAVITY) / self.mean_discharge_m3_s


def probable_velocity(flow: RiverFlow) -> float:
    """Most probable velocity Vp of a pulse's peak in m/s."""
    return _velocity(flow, largest=False)


def largest_velocity(flow: RiverFlow) -> float:
    """Maximum probable velocity Vmp in m/s: what came could hardly have come faster."""
    return _velocity(flow, largest=True)


def _velocity(flow: RiverFlow, *, largest: bool) -> float:
    jobson = travel_coefficients().jobson
    form = jobson.without_slope if flow.slope is None else jobson.with_slope
    intercept, factor = form.vmp if largest else form.vp
    scale = math.pow(flow.relative_area, form.area) * math.pow(flow.relative_discharge, form.discharge)
    steep = 1.0 if flow.slope is None else math.pow(flow.slope, form.slope)
    return intercept + factor * scale * steep * flow.discharge_m3_s / flow.basin_m2


def leading_edge_h(peak_h: float) -> float:
    """Travel time of the front in hours for a peak that travels `peak_h`."""
    return travel_coefficients().jobson.leading_edge * peak_h


def unit_peak(peak_h: float, relative_discharge: float) -> float:
    """Unit peak concentration Cup in 1e-6 s⁻¹ for a peak that travels `peak_h` hours."""
    form = travel_coefficients().jobson.unit_peak
    return form.factor * math.pow(peak_h, form.time * math.pow(relative_discharge, form.discharge))


def passing_time_s(unit_peak_1e6: float) -> float:
    """Td10: seconds from the front until the concentration has fallen to a tenth of the peak."""
    return 2e6 / unit_peak_1e6


def peak_mg_l(*, mass_kg: float, unit_peak_1e6: float, discharge_m3_s: float, recovery: float = 1.0) -> float:
    """Peak concentration in mg/L of a mass let in at once. recovery: share that still travels."""
    return unit_peak_1e6 * 1e-6 * mass_kg * 1e6 * recovery / (discharge_m3_s * 1000.0)


def wave_celerity(velocity_m_s: float) -> float:
    """Speed of a flood wave in m/s in water that flows at `velocity_m_s`."""
    return travel_coefficients().wave.celerity * velocity_m_s


@dataclass(frozen=True, slots=True)
class UnitResponse:
    """Jobson's triangle: what a unit let in at once looks like further down. Times in s after the release.

    It rises from `front_s` to its height at `peak_s` and is gone at `end_s`; its area is 1, as Td10 = 2 / Cup says.
    """

    front_s: float
    peak_s: float
    end_s: float

    def passed(self, since_s: float) -> float:
        """Share of the unit that has passed `since_s` seconds after the release."""
        if since_s >= self.end_s:
            return 1.0
        if since_s <= self.front_s:
            return 0.0
        base = self.end_s - self.front_s
        if since_s <= self.peak_s:
            return (since_s - self.front_s) ** 2 / (base * (self.peak_s - self.front_s))
        return 1.0 - (self.end_s - since_s) ** 2 / (base * (self.end_s - self.peak_s))

    def share(self, since_s: float, duration_s: float) -> float:
        """Concentration as a share of the source's own, for a release that lasts `duration_s` from moment 0."""
        return self.passed(since_s) - self.passed(since_s - duration_s)


def unit_response(peak_h: float, relative_discharge: float) -> UnitResponse:
    """The triangle for a peak that travels `peak_h` hours."""
    front_s = leading_edge_h(peak_h) * HOUR_S
    passing_s = passing_time_s(unit_peak(peak_h, relative_discharge)) if peak_h > 0 else 0.0
    peak_s = peak_h * HOUR_S
    return UnitResponse(front_s, peak_s, max(front_s + passing_s, peak_s))
