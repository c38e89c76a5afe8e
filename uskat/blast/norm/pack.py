"""The norms of blasting as versioned data (`uskat/data/blast/limits`), chosen by receptor and place."""

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from uskat.blast.norm.curve import LimitCurve, Place, Receptor
from uskat.blast.provenance import Act, Sourced, parse_data

FOOT_M = 0.3048
POUND_KG = 0.45359237


class UnknownNormError(LookupError):
    """No norm, or no curve of it, by that name or for that receptor."""


class DistanceStep(Sourced):
    """A limit by distance alone, and the scaled distance that may stand for a measurement (ft/√lb)."""

    up_to_m: float | None
    ppv_mm_s: float = Field(gt=0)
    scaled_distance_ft_lb: float = Field(gt=0)

    def largest_charge_kg(self, distance_m: float) -> float:
        """W(lb) = (D(ft)/Ds)², for 8 ms: 1000 ft, Ds 55 → 330.6 lb."""
        return float((distance_m / FOOT_M / self.scaled_distance_ft_lb) ** 2 * POUND_KG)


class AirblastLimit(Sourced):
    """A limit of airblast. corner_up_to_hz: for microphones whose lower corner is at most so high (norms.md 1.4.5)."""

    quantity: Literal["peak_dbl", "slow_dbc"]
    corner_up_to_hz: float | None
    level_db: float


class AnnualRule(Sourced):
    """So many per cent of the blasts of a period at most `usual`, none above `ceiling`."""

    quantity: Literal["ppv_mm_s", "airblast_dbl"]
    usual: float = Field(gt=0)
    share_percent: int = Field(gt=0, le=100)
    ceiling: float = Field(gt=0)
    months: int = Field(gt=0)


class HumanResponse(Sourced):
    """What people feel from a velocity on; not a limit."""

    from_mm_s: float = Field(gt=0)
    title: str
    title_en: str


class LimitNorm(Act):
    """One document: curves over frequency, steps by distance, airblast, yearly shares, human response."""

    curves: tuple[LimitCurve, ...] = ()
    distance: tuple[DistanceStep, ...] = ()
    airblast: tuple[AirblastLimit, ...] = ()
    annual: tuple[AnnualRule, ...] = ()
    response: tuple[HumanResponse, ...] = ()

    def curve(self, curve_id: str) -> LimitCurve:
        """A curve by name; raises UnknownNormError."""
        found = next((curve for curve in self.curves if curve.id == curve_id), None)
        if found is None:
            raise UnknownNormError(f"{self.id}: no curve {curve_id!r}; there are {[c.id for c in self.curves]}")
        return found

    def curve_for(self, receptor: Receptor, place: Place | None = None) -> LimitCurve:
        """The curve of a receptor; place None: its foundation, a pipe's own. Raises UnknownNormError."""
        wanted = place or (Place.PIPE if receptor.value.startswith("pipe") else Place.FOUNDATION)
        found = next((c for c in self.curves if receptor in c.receptors and c.place is wanted), None)
        if found is None:
            raise UnknownNormError(f"{self.id} says nothing of {receptor.value} ({wanted.value})")
        return found

    def at_distance(self, distance_m: float) -> DistanceStep:
        """The step of a distance in metres; raises UnknownNormError where the norm has none, or for none positive."""
        if not distance_m > 0:
            raise UnknownNormError(f"{distance_m} m is no distance")
        found = next((s for s in self.distance if s.up_to_m is None or distance_m <= s.up_to_m), None)
        if found is None:
            raise UnknownNormError(f"{self.id} has no limit by distance")
        return found

    def airblast_for(self, corner_hz: float) -> AirblastLimit | None:
        """Peak limit for a microphone flat from `corner_hz` on; None when such a microphone may not judge."""
        peaks = [limit for limit in self.airblast if limit.quantity == "peak_dbl"]
        fitting = [limit for limit in peaks if limit.corner_up_to_hz is None or corner_hz <= limit.corner_up_to_hz]
        return min(fitting, key=lambda limit: limit.corner_up_to_hz or float("inf"), default=None)

    def felt(self, ppv_mm_s: float) -> HumanResponse | None:
        """What people feel at a velocity; None below all."""
        return max((r for r in self.response if ppv_mm_s >= r.from_mm_s), key=lambda r: r.from_mm_s, default=None)


@cache
def limit_norms() -> dict[str, LimitNorm]:
    """Every norm by its id; raises pydantic.ValidationError for a faulty file."""
    folder = files("uskat.data").joinpath("blast", "limits")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    norms = [parse_data(f"limits/{name}", LimitNorm) for name in names]
    return {norm.id: norm for norm in norms}


def limit_norm(norm_id: str) -> LimitNorm:
    """A norm by its id; raises UnknownNormError that names the known ones."""
    known = limit_norms()
    if norm_id not in known:
        raise UnknownNormError(f"no norm {norm_id!r}; there are {', '.join(sorted(known))}")
    return known[norm_id]


def curve_by_id(curve_id: str) -> tuple[LimitNorm, LimitCurve]:
    """A curve of whatever norm, with its norm; raises UnknownNormError."""
    for norm in limit_norms().values():
        for curve in norm.curves:
            if curve.id == curve_id:
                return norm, curve
    raise UnknownNormError(f"no curve {curve_id!r}")
