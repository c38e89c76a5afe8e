"""Airblast at a distance: cube-root attenuation and what wind towards the place may add (norms.md 2.1.4–2.1.6)."""

from dataclasses import dataclass
from typing import Any

from uskat.blast.geometry import angle_between_deg
from uskat.blast.propagation.rules import AirLaw, airblast_rules
from uskat.blast.provenance import Level, weakest
from uskat.blast.record.airblast import airblast_level_dbl

PA_PER_KPA = 1000.0
DEFAULT_LAW = "textbook-confined"


class UnknownAirLawError(LookupError):
    """No law of airblast by that name."""


@dataclass(frozen=True, slots=True)
class AirblastForecast:
    """Peak overpressure in Pa and level in dB(L), from low to high; the wind's share in dB; how far it is verified."""

    low_pa: float
    high_pa: float
    low_dbl: float
    high_dbl: float
    wind_db: tuple[float, float]
    level: Level

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "low_pa": self.low_pa,
            "high_pa": self.high_pa,
            "low_dbl": self.low_dbl,
            "high_dbl": self.high_dbl,
            "wind_db": list(self.wind_db),
            "level": self.level.value,
        }


def air_law(law_id: str = DEFAULT_LAW) -> AirLaw:
    """A law by name; raises UnknownAirLawError."""
    found = next((law for law in airblast_rules().laws if law.id == law_id), None)
    if found is None:
        raise UnknownAirLawError(f"no airblast law {law_id!r}; there are {[law.id for law in airblast_rules().laws]}")
    return found


def pressure_pa(distance_m: float, charge_kg: float, *, k_kpa: float, exponent: float) -> float:
    """P = K·(R/Q^⅓)^exponent: R 500 m, Q 500 kg, K 3.3 kPa, −1.2 → 22.874 Pa."""
    return float(PA_PER_KPA * k_kpa * (distance_m / charge_kg ** (1 / 3)) ** exponent)


def pressure_of_ground_pa(ppv_mm_s: float) -> float:
    """What ground motion alone does to a microphone: 10 mm/s → 3.8 Pa; less than that says it is deaf."""
    return airblast_rules().ground_pa_per_mm_s.value * ppv_mm_s


def blows_towards(wind_from_deg: float, azimuth_deg: float) -> bool:
    """True when the wind, named by where it comes from, blows towards a bearing (norms.md §6.2)."""
    return angle_between_deg(wind_from_deg + 180, azimuth_deg) <= airblast_rules().wind_towards_deg.value


def forecast_airblast(
    distance_m: float,
    charge_kg: float,
    *,
    law: AirLaw | None = None,
    azimuth_deg: float | None = None,
    wind_from_deg: float | None = None,
) -> AirblastForecast:
    """Airblast of a charge (kg within 8 ms) at a distance in m.

    azimuth_deg: blast → place; wind_from_deg: None for calm or unknown – then nothing is added. Wind to the place adds
    the range of the rules to the high end.
    """
    used = law or air_law()
    rules = airblast_rules()
    towards = azimuth_deg is not None and wind_from_deg is not None and blows_towards(wind_from_deg, azimuth_deg)
    wind = (rules.wind_addition_db.low, rules.wind_addition_db.high) if towards else (0.0, 0.0)
    low = pressure_pa(distance_m, charge_kg, k_kpa=used.k_low_kpa, exponent=used.exponent) * 10 ** (wind[0] / 20)
    high = pressure_pa(distance_m, charge_kg, k_kpa=used.k_high_kpa, exponent=used.exponent) * 10 ** (wind[1] / 20)
    levels = [used.level, rules.wind_addition_db.level] if towards else [used.level]
    return AirblastForecast(
        low_pa=low,
        high_pa=high,
        low_dbl=airblast_level_dbl(low) or 0.0,
        high_dbl=airblast_level_dbl(high) or 0.0,
        wind_db=wind,
        level=weakest(levels),
    )
