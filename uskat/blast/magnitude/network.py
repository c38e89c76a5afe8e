"""Network magnitude: stations corrected, combined, with uncertainty; near-field sensors refused (norms.md 3.1.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from uskat.blast.magnitude.law import OutsideRangeError, energy_class, magnitude_pack, station_magnitude
from uskat.blast.provenance import Level

MAD_TO_SD = 1.4826
MAD_SMALL = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}
"""What the spread of few values is too small by (Croux & Rousseeuw 1992); n/(n − 0.8) from ten on."""
TRIM = 0.2
MAD_EFFICIENCY = 0.37
"""Values of a standard deviation that a median absolute deviation is worth."""
PRIOR_WEIGHT = 2.0
MEDIAN_ERROR = 1.2533
"""Standard error of a median of normal values over that of their mean: √(π/2)."""


@dataclass(frozen=True, slots=True)
class StationAmplitude:
    """Wood–Anderson amplitude in mm of one station at a hypocentral distance in km."""

    station: str
    amplitude_mm: float
    distance_km: float


@dataclass(frozen=True, slots=True)
class StationMagnitude:
    """ML of one station. correction: added for the site. refused: in Russian, why it does not count."""

    station: str
    distance_km: float
    magnitude: float | None
    correction: float = 0.0
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkMagnitude:
    """ML of an event. magnitude, sd, energy_k: None when no station was far enough.

    sd: standard error of the combined value. spread: between the stations; None for fewer than two.
    """

    magnitude: float | None
    sd: float | None
    spread: float | None
    energy_k: float | None
    law: str
    level: Level
    method: str
    stations: tuple[StationMagnitude, ...]

    @property
    def used(self) -> int:
        """Stations that count."""
        return sum(station.refused is None for station in self.stations)

    @property
    def reason(self) -> str | None:
        """Why there is no magnitude, in Russian."""
        if self.magnitude is not None:
            return None
        return (
            "Магнитуда не определена: нет региональных станций на нужном расстоянии. Рядом с карьером показатель – PPV."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "magnitude": self.magnitude,
            "type": "ML",
            "sd": self.sd,
            "spread": self.spread,
            "energy_k": self.energy_k,
            "law": self.law,
            "level": self.level.value,
            "method": self.method,
            "n": self.used,
            "reason": self.reason,
            "stations": [
                {
                    "station": item.station,
                    "distance_km": item.distance_km,
                    "magnitude": item.magnitude,
                    "correction": item.correction,
                    "refused": item.refused,
                }
                for item in self.stations
            ],
        }


def network_magnitude(
    amplitudes: Sequence[StationAmplitude],
    *,
    law: str = "hutton-boore-1987",
    corrections: Mapping[str, float] | None = None,
    method: Literal["median", "trimmed_mean"] = "median",
) -> NetworkMagnitude:
    """ML of an event from its stations, in any order.

    corrections: station → value added to its ML. Stations nearer than the near-field limit of the pack or outside the
    law's range are listed with the reason and do not count. Raises LookupError for an unknown law.
    """
    found = magnitude_pack().law(law)
    stations = [
        _of_station(item, law=law, correction=(corrections or {}).get(item.station, 0.0))
        for item in sorted(amplitudes, key=lambda item: (item.station, item.distance_km, item.amplitude_mm))
    ]
    values = np.array([item.magnitude for item in stations if item.magnitude is not None], dtype=np.float64)
    magnitude, spread, sd = _combine(values, method)
    return NetworkMagnitude(
        magnitude=magnitude,
        sd=sd,
        spread=spread,
        energy_k=None if magnitude is None else energy_class(magnitude),
        law=law,
        level=found.level,
        method=method,
        stations=tuple(stations),
    )


def _of_station(item: StationAmplitude, *, law: str, correction: float) -> StationMagnitude:
    pack = magnitude_pack()
    near = pack.near_field_km.value
    if item.distance_km < near:
        text = f"датчик в {item.distance_km:.1f} км, ближе {near:g} км: ближняя зона, показатель здесь – PPV".replace(
            ".", ","
        )
        return StationMagnitude(item.station, item.distance_km, None, correction, text)
    try:
        value = station_magnitude(item.amplitude_mm, item.distance_km, law=pack.law(law))
    except OutsideRangeError:
        text = "расстояние или амплитуда вне области действия закона"
        return StationMagnitude(item.station, item.distance_km, None, correction, text)
    return StationMagnitude(item.station, item.distance_km, value + correction, correction)


def _combine(
    values: np.ndarray[Any, np.dtype[np.float64]], method: str
) -> tuple[float | None, float | None, float | None]:
    if not values.size:
        return None, None, None
    prior_sd = magnitude_pack().station_sd.value
    if values.size == 1:
        return float(values[0]), None, prior_sd
    median = float(np.median(values))
    if method == "median":
        middle, inflation = median, MEDIAN_ERROR if values.size > 2 else 1.0
        freedom = MAD_EFFICIENCY * (values.size - 1)
        small = MAD_SMALL.get(int(values.size), values.size / (values.size - 0.8))
        spread = small * MAD_TO_SD * float(np.median(np.abs(values - median)))
    else:
        cut = int(TRIM * values.size)
        kept = np.sort(values)[cut : values.size - cut]
        middle, inflation, spread = float(np.mean(kept)), 1.0, float(np.std(values, ddof=1))
        freedom = float(values.size - 1)
    # few stations: their own spread is a poor guess, the network's prior weighs as two more of them
    pooled = np.sqrt((freedom * spread**2 + PRIOR_WEIGHT * prior_sd**2) / (freedom + PRIOR_WEIGHT))
    return middle, spread, float(inflation * pooled / np.sqrt(values.size))
