"""Station magnitude from a Wood–Anderson amplitude: the attenuation laws of `local_magnitude.json`.

norms.md 3.1.1 (Bakun & Joyner 1984), 3.1.2 (Hutton & Boore 1987), 3.1.3 (IASPEI), 3.1.4 (SeisComP table).
"""

import math
from functools import cache
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from uskat.blast.provenance import Act, Number, Sourced, parse_data

NM_PER_MM = 1e6


class OutsideRangeError(ValueError):
    """A distance, amplitude or magnitude for which the law says nothing; nothing is extrapolated."""


class _Law(Sourced):
    code: str
    amplitude: Literal["mm", "nm"]
    least_km: float = Field(ge=0)
    greatest_km: float = Field(gt=0)


class CurveLaw(_Law):
    """ML = log10 A + n·log10(R/R0) + k·(R − R1) + c; A in mm, or in nm on an instrument of magnification 1."""

    kind: Literal["curve"]
    geometric: float
    reference_km: float = Field(gt=0)
    linear: float
    linear_from_km: float
    constant: float

    def correction(self, distance_km: float) -> float:
        """What is added to log10 of the amplitude at a hypocentral distance in km."""
        spreading = self.geometric * math.log10(distance_km / self.reference_km)
        return spreading + self.linear * (distance_km - self.linear_from_km) + self.constant


class TableLaw(_Law):
    """ML = log10 A − log10 A0(R), log10 A0 linear between the points (R km, log10 A0)."""

    kind: Literal["table"]
    points: tuple[tuple[float, float], ...] = Field(min_length=2)

    def correction(self, distance_km: float) -> float:
        """What is added to log10 of the amplitude at a hypocentral distance in km."""
        distances, values = zip(*self.points, strict=True)
        return -float(np.interp(distance_km, distances, values))


MagnitudeLaw = Annotated[CurveLaw | TableLaw, Field(discriminator="kind")]


class EnergyScale(Sourced):
    """quantity = constant + slope · M."""

    code: str
    quantity: str
    slope: float = Field(gt=0)
    constant: float


class WoodAnderson(Sourced):
    """Static magnification of the simulated instrument."""

    sensitivity: float = Field(gt=0)


class ChargeRules(Sourced):
    """When a regression of magnitude on charge may be used. interval: probability of its prediction interval."""

    least_events: int = Field(ge=3)
    least_r2: float = Field(ge=0, le=1)
    least_span_log10: float = Field(ge=0)
    slope_p: float = Field(gt=0, lt=1)
    interval: float = Field(gt=0, lt=1)


class MatchRules(Sourced):
    """How near an event of a regional catalogue must be to a declared blast to be its magnitude."""

    within_s: float = Field(gt=0)
    within_km: float = Field(gt=0)


class MagnitudePack(Act):
    """All of `local_magnitude.json`."""

    wood_anderson: WoodAnderson
    nominal_sensitivity: Number
    near_field_km: Number
    station_sd: Number
    laws: tuple[MagnitudeLaw, ...]
    energy: tuple[EnergyScale, ...]
    charge_regression: ChargeRules
    catalogue_match: MatchRules

    @model_validator(mode="after")
    def _codes_differ(self) -> Self:
        codes = [item.code for item in (*self.laws, *self.energy)]
        if len(set(codes)) != len(codes):
            raise ValueError("two laws of one code")
        return self

    def law(self, code: str) -> CurveLaw | TableLaw:
        """The law of a code; raises LookupError for an unknown one."""
        for law in self.laws:
            if law.code == code:
                return law
        raise LookupError(f"no magnitude law {code!r}; known: {', '.join(law.code for law in self.laws)}")

    def scale(self, code: str) -> EnergyScale:
        """The energy scale of a code; raises LookupError for an unknown one."""
        for scale in self.energy:
            if scale.code == code:
                return scale
        raise LookupError(f"no energy scale {code!r}")


@cache
def magnitude_pack() -> MagnitudePack:
    """The pack that ships with the product."""
    return parse_data("local_magnitude.json", MagnitudePack)


def station_magnitude(amplitude_mm: float, distance_km: float, *, law: CurveLaw | TableLaw) -> float:
    """ML of one station (norms.md §3.1) from half the peak-to-peak Wood–Anderson amplitude in mm.

    distance_km: hypocentral. Raises OutsideRangeError for an amplitude that is not positive and for a distance
    outside the law's range – a seismograph beside the pit is.
    """
    if not (math.isfinite(amplitude_mm) and amplitude_mm > 0):
        raise OutsideRangeError(f"amplitude {amplitude_mm} mm")
    if not law.least_km <= distance_km <= law.greatest_km:
        raise OutsideRangeError(
            f"{distance_km:.3g} km is outside {law.least_km:g}…{law.greatest_km:g} km of {law.code}"
        )
    amplitude = amplitude_mm
    if law.amplitude == "nm":
        amplitude *= NM_PER_MM / magnitude_pack().wood_anderson.sensitivity
    return math.log10(amplitude) + law.correction(distance_km)


def energy_class(magnitude: float, *, scale: str = "rautian-class") -> float:
    """Energy class K, or log10 of the energy in joules with scale='gutenberg-richter' (norms.md §3.2).

    The two are different quantities and must not be mixed; both scales are of level memory.
    """
    found = magnitude_pack().scale(scale)
    return found.constant + found.slope * magnitude


def magnitude_of_class(energy: float, *, scale: str = "rautian-class") -> float:
    """Magnitude of an energy class: the inverse of `energy_class`."""
    found = magnitude_pack().scale(scale)
    return (energy - found.constant) / found.slope
