"""What is known before a blast is fired, put together: vibration, air, distances, emissions, restrictions, papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from uskat.blast.distance.block import BlockDistances
from uskat.blast.distance.formulas import Distance
from uskat.blast.emission.mass import Emission
from uskat.blast.emission.puff import PuffAtPlace
from uskat.blast.norm.pack import LimitNorm
from uskat.blast.passport.delay import DelayCharge
from uskat.blast.passport.discrepancy import Discrepancy, Weight
from uskat.blast.passport.model import Passport
from uskat.blast.propagation.forecast import Ground, ReceptorForecast, largest_for_all_kg
from uskat.blast.restriction.conflict import Gravity, Judgement
from uskat.blast.restriction.weather import Weather
from uskat.blast.surroundings import ReceptorSite

NO_ACT_RU = "На этот день нет акта о безопасных расстояниях: они не посчитаны."
NO_ZONES_RU = "Зоны предупреждений об НМУ для карьера не заданы: НМУ не проверены."
NO_HOURS_RU = "Часы взрывов для карьера не заданы: не проверены."
NO_RECEPTORS_RU = "Вокруг не заведено ни одного охраняемого объекта."
CALM_RU = "Почти штиль: куда уйдёт облако, не посчитано."
NO_NO2_RU = "Для ВМ нет ни одного коэффициента NO₂: облако не посчитано."


class Outcome(StrEnum):
    """What comes of it, gravest first.

    stop: a restriction or the papers forbid it; above: a limit may be exceeded; unknown: within as far as is known,
    but a receptor has no limit, or there is no receptor; within: every bound keeps its limit.
    """

    STOP = "stop"
    ABOVE = "above"
    UNKNOWN = "unknown"
    WITHIN = "within"


@dataclass(frozen=True, slots=True)
class ReceptorOutlook:
    """One receptor.

    norm: that judges it. airblast_limit_dbl: None where none is set. seismic: safe distance of ФНП 494 for what stands
    there, None without an act for that day. no2: estimate for the wind of the forecast, None without wind or where
    no people live.
    """

    site: ReceptorSite
    forecast: ReceptorForecast
    norm: LimitNorm
    airblast_limit_dbl: float | None
    seismic: Distance | None
    no2: PuffAtPlace | None

    @property
    def airblast_kept(self) -> bool | None:
        """True when the high end of the airblast is within the limit; None without a limit."""
        limit = self.airblast_limit_dbl
        return None if limit is None else self.forecast.airblast.high_dbl <= limit

    @property
    def seismic_kept(self) -> bool | None:
        """True when it lies outside the seismic safe distance; None without one."""
        return None if self.seismic is None else self.forecast.distance_m >= self.seismic.metres

    @property
    def kept(self) -> bool | None:
        """False when anything may be exceeded, None when the vibration has no limit here."""
        if False in {self.forecast.kept, self.airblast_kept, self.seismic_kept}:
            return False
        return self.forecast.kept

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return self.forecast.to_json() | {
            "code": self.site.code,
            "kind": self.site.kind.value,
            "norm": self.norm.id,
            "airblast_limit_dbl": self.airblast_limit_dbl,
            "airblast_kept": self.airblast_kept,
            "seismic_m": self.seismic.metres if self.seismic is not None else None,
            "seismic_kept": self.seismic_kept,
            "seismic_level": self.seismic.level.value if self.seismic is not None else None,
            "no2": self.no2.to_json() if self.no2 is not None else None,
            "all_kept": self.kept,
        }


@dataclass(frozen=True, slots=True)
class Precheck:
    """A pre-check of one passport by what was known at `at` (UTC).

    charge: heaviest window of the delays; charge_kg: what was reckoned with, the larger of it and the declared one.
    receptors: nearest to their limit first. weather: reckoned with, None when none is known. distances None: no act
    for that day.
    """

    passport: Passport
    at: datetime
    charge: DelayCharge
    charge_kg: float
    ground: Ground
    receptors: tuple[ReceptorOutlook, ...]
    weather: Weather | None
    distances: BlockDistances | None
    emission: Emission
    restrictions: Judgement
    unchecked: tuple[str, ...]
    discrepancies: Sequence[Discrepancy]

    @property
    def outcome(self) -> Outcome:
        """The gravest of all."""
        forbidden = self.restrictions.gravest is Gravity.STOP
        if forbidden or any(item.weight is Weight.ERROR for item in self.discrepancies):
            return Outcome.STOP
        kept = [receptor.kept for receptor in self.receptors]
        if False in kept:
            return Outcome.ABOVE
        return Outcome.UNKNOWN if None in kept or not kept else Outcome.WITHIN

    @property
    def largest_charge(self) -> tuple[float, ReceptorForecast] | None:
        """Charge within one delay, kg, that keeps every bound of vibration, and the receptor that sets it."""
        return largest_for_all_kg([receptor.forecast for receptor in self.receptors])

    @property
    def basis(self) -> str:
        """«site»: the pit's own law; «prior»: the general one, moved by what records there are."""
        return "prior" if self.ground.usable is None else "site"

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the words."""
        largest = self.largest_charge
        band = self.ground.band
        law = self.ground.usable
        return {
            "blast_id": self.passport.blast_id,
            "enterprise": self.passport.enterprise,
            "at": self.at.isoformat(),
            "outcome": self.outcome.value,
            "charge_kg": self.charge_kg,
            "charge": self.charge.to_json(),
            "basis": self.basis,
            "law": law.to_json() if law is not None else self.ground.prior.to_json(),
            "frequency": {
                "low_hz": band.low_hz, "middle_hz": band.middle_hz, "high_hz": band.high_hz, "own": band.own,
                "class_ru": band.class_ru,
            },
            "receptors": [receptor.to_json() for receptor in self.receptors],
            "largest_charge": {"charge_kg": largest[0], "receptor": largest[1].place.name} if largest else None,
            "weather": self.weather.to_json() if self.weather is not None else None,
            "distances": self.distances.to_json() if self.distances is not None else None,
            "emission": self.emission.to_json(),
            "restrictions": self.restrictions.to_json(),
            "unchecked": list(self.unchecked),
            "discrepancies": [item.to_json() for item in self.discrepancies],
        }  # fmt: skip
