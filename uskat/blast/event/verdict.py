"""What an event is, with probabilities and reasons in Russian: the value that services store and serve."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from uskat.blast.event.association import Candidate, ChargeEstimate
from uskat.blast.event.location import Location
from uskat.blast.event.signal import SourceClass


class Verdict(StrEnum):
    """What an event is. unresolved: not enough to say; clock: a record of another event by a wrong clock."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    EARTHQUAKE = "earthquake"
    TRAFFIC = "traffic"
    HANDLING = "handling"
    THUNDER = "thunder"
    NOISE = "noise"
    CLOCK = "clock"
    UNRESOLVED = "unresolved"


VERDICT_RU = {
    Verdict.DECLARED: "объявленный взрыв",
    Verdict.UNDECLARED: "взрыв без объявления",
    Verdict.EARTHQUAKE: "землетрясение",
    Verdict.TRAFFIC: "транспорт",
    Verdict.HANDLING: "прибор трогали",
    Verdict.THUNDER: "гром",
    Verdict.NOISE: "помеха прибора",
    Verdict.CLOCK: "запись с неверными часами",
    Verdict.UNRESOLVED: "не определено",
}
QUAKEML_TYPE = {
    Verdict.DECLARED: ("mining explosion", "known"),
    Verdict.UNDECLARED: ("mining explosion", "suspected"),
    Verdict.EARTHQUAKE: ("earthquake", "suspected"),
}
"""QuakeML type and certainty; `known` only where a declared blast matches (norms.md §3.6)."""
OF_CLASS = {
    SourceClass.EARTHQUAKE: Verdict.EARTHQUAKE,
    SourceClass.TRAFFIC: Verdict.TRAFFIC,
    SourceClass.HANDLING: Verdict.HANDLING,
    SourceClass.THUNDER: Verdict.THUNDER,
    SourceClass.NOISE: Verdict.NOISE,
}


class Deviation(StrEnum):
    """How a declared blast differs from its declaration. afterwards: it was declared only after it was fired."""

    EARLY = "early"
    LATE = "late"
    ELSEWHERE = "elsewhere"
    OTHER_SIZE = "other_size"
    AFTERWARDS = "afterwards"


@dataclass(frozen=True, slots=True)
class ClockFault:
    """A station whose clock disagrees with the network: seconds it is ahead."""

    station: str
    ahead_s: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"station": self.station, "ahead_s": round(self.ahead_s, 3)}


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """One event of the network.

    id: of the event, from its first record; at: origin time where located, else the onset, UTC. records: station and
    start of each record it holds, by station. probabilities: of the verdicts. declaration: the declared blast it is.
    clocks: stations whose clock was wrong. refers_to: for verdict `clock`, the event it is a record of.
    """

    id: str
    at: datetime
    verdict: Verdict
    probabilities: Mapping[Verdict, float]
    records: tuple[tuple[str, datetime], ...]
    location: Location | None
    charge: ChargeEstimate | None
    declaration: Candidate | None
    deviations: tuple[Deviation, ...]
    clocks: tuple[ClockFault, ...]
    reasons: tuple[str, ...]
    refers_to: str | None = None

    @property
    def stations(self) -> tuple[str, ...]:
        """Stations whose records it holds."""
        return tuple(station for station, _ in self.records)

    @property
    def event_type(self) -> tuple[str, str] | None:
        """QuakeML type and certainty; `known` only where a declared blast matches (norms.md §3.6); None: no event."""
        return QUAKEML_TYPE.get(self.verdict)

    def to_json(self) -> dict[str, Any]:
        """Plain values for storage and the API."""
        place = self.location
        found = self.declaration
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "verdict": self.verdict.value,
            "word": VERDICT_RU[self.verdict],
            "probabilities": {item.value: round(value, 6) for item, value in self.probabilities.items()},
            "records": [{"station": station, "start": start.isoformat()} for station, start in self.records],
            "location": None if place is None else {
                "latitude": place.latitude,
                "longitude": place.longitude,
                "uncertainty_km": place.uncertainty_km,
                "covariance_km2": list(place.covariance),
                "time_sd_s": place.time_sd_s,
                "misfit": place.misfit,
            },
            "charge_kg": None if self.charge is None else self.charge.kg,
            "charge_sd_log10": None if self.charge is None else self.charge.sd,
            "declaration": None if found is None else {
                "id": found.declaration,
                "dt_s": found.dt_s,
                "distance_km": found.distance_km,
                "size_log10": found.size_log10,
                "firing_log10": found.firing_log10,
                "delays": None if found.delays is None else found.delays.to_json(),
                "log_odds": found.log_odds,
            },
            "deviations": [item.value for item in self.deviations],
            "clocks": [item.to_json() for item in self.clocks],
            "reasons": list(self.reasons),
            "refers_to": self.refers_to,
        }  # fmt: skip
