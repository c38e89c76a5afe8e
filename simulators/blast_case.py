"""A month of a mining district as a plan: blasts declared, undeclared and misreported, earthquakes, trucks, hands.

Ground truth of the evaluation of events. Everything is a pure function of the seed. Blasts and earthquakes keep
`APART_S` between them: what overlaps in one record is outside of what the evaluation claims. Trucks pass at any time.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from simulators.noise import key_of
from simulators.waveform import FloatArray

DAY_S = 86400.0
APART_S = 150.0
UTC_OFFSET_S = 7 * 3600.0
ZERO_S = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
EVENTS_PER_DAY = 10.0
KM_PER_DEGREE = 111.2
SHARES = {
    "declared": 0.50,
    "undeclared": 0.18,
    "earthquake": 0.14,
    "truck": 0.08,
    "handling": 0.04,
    "thunder": 0.04,
    "glitch": 0.02,
}
MISREPORT = {"time": 0.12, "place": 0.08, "size": 0.08}
NEVER_FIRED = 0.05
OFF_PIT = 0.25
ANYWHERE = 0.15
WORKING_HOURS = (11.0, 17.5)


@dataclass(frozen=True, slots=True)
class Pit:
    """A pit. rock_k, rock_beta: its true law; believed_k: what the site's own records say of K."""

    code: str
    enterprise: str
    latitude: float
    longitude: float
    radius_m: float
    rock_k: float
    rock_beta: float
    believed_k: float


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the enterprise told the state. at_s: Unix time of firing."""

    id: str
    pit: str
    at_s: float
    latitude: float
    longitude: float
    charge_kg: float
    groups: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """What happened. kind: declared, undeclared, earthquake, truck, handling, thunder or glitch.

    misreport: None, time, place or size. station: place of a local disturbance. depth_km, magnitude: earthquakes.
    """

    id: str
    kind: str
    at_s: float
    latitude: float = 0.0
    longitude: float = 0.0
    charge_kg: float = 0.0
    groups: int = 0
    delay_s: float = 0.0
    pit: str | None = None
    declaration: str | None = None
    misreport: str | None = None
    station: int | None = None
    size: float = 0.0
    depth_km: float = 0.0
    magnitude: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The truth in one object."""
        return {
            "id": self.id, "kind": self.kind, "at": datetime.fromtimestamp(self.at_s, UTC).isoformat(),
            "latitude": self.latitude, "longitude": self.longitude, "charge_kg": self.charge_kg,
            "groups": self.groups, "delay_s": self.delay_s, "declaration": self.declaration,
            "misreport": self.misreport, "station": self.station, "magnitude": self.magnitude,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class BlastCase:
    """The plan. days: its length."""

    seed: int
    days: float
    pits: tuple[Pit, ...]
    events: tuple[TrueEvent, ...]
    declarations: tuple[Declaration, ...]


PITS = (
    Pit("kedrovaya-pad", "kedrovaya-pad-demo", 54.1305, 87.0872, 900.0, 1140.0, -1.6, 1140.0),
    Pit("sukhoy-log", "sukhoy-log-demo", 54.1585, 87.0480, 700.0, 1140.0, -1.6, 1140.0),
    Pit("beryozovaya-griva", "beryozovaya-griva-demo", 54.1120, 86.9880, 800.0, 650.0, -1.4, 650.0),
    Pit("dalny", "kedrovaya-pad-demo", 54.1735, 86.7215, 600.0, 1140.0, -1.6, 1140.0),
)
"""Invented pits of the demo network, with its laws."""


class _Planner:
    def __init__(self, seed: int, events: int) -> None:
        self.rng = np.random.default_rng(key_of(seed, "blast case"))
        self.seed, self.total = seed, events
        self.days = max(2.0, events / EVENTS_PER_DAY)
        self.taken: list[float] = []
        self.events: list[TrueEvent] = []
        self.declarations: list[Declaration] = []
        believed = 10 ** (0.04 * self.rng.standard_normal(len(PITS)))
        self.pits = tuple(replace(pit, believed_k=pit.rock_k * float(b)) for pit, b in zip(PITS, believed, strict=True))

    def plan(self, stations: FloatArray) -> BlastCase:
        """stations: shape (n, 2), latitude and longitude."""
        counts = {kind: round(share * self.total) for kind, share in SHARES.items()}
        counts["declared"] += self.total - sum(counts.values())
        for number in range(counts["declared"]):
            self._declared(number)
        for number in range(counts["undeclared"]):
            self._undeclared(number, stations)
        for number in range(counts["earthquake"]):
            self._earthquake(number, stations)
        for kind in ("truck", "handling", "thunder", "glitch"):
            for number in range(counts[kind]):
                self._local(kind, number, len(stations))
        for number in range(round(NEVER_FIRED * counts["declared"])):
            pit = self.pits[int(self.rng.integers(len(self.pits)))]
            self._declare(f"never-{number}", self._blast(f"never-{number}", pit, self._free(working=True)))
        events = tuple(sorted(self.events, key=lambda event: event.at_s))
        declared = tuple(sorted(self.declarations, key=lambda item: item.at_s))
        return BlastCase(self.seed, self.days, self.pits, events, declared)

    def _declared(self, number: int) -> None:
        rng = self.rng
        pit = self.pits[int(rng.integers(len(self.pits)))]
        truth = self._blast(f"declared-{number}", pit, self._free(working=True))
        luck = rng.uniform()
        said = truth
        misreport = None
        for kind, share in MISREPORT.items():
            luck -= share
            if luck < 0:
                misreport = kind
                break
        if misreport == "time":
            shift_s = 60 * float(np.exp(rng.uniform(np.log(12), np.log(180))))
            said = replace(truth, at_s=truth.at_s + shift_s * float(rng.choice([-1, 1])))
        elif misreport == "place":
            said = self._moved(truth, float(rng.uniform(2.5, 7.0)))
        elif misreport == "size":
            said = replace(truth, charge_kg=truth.charge_kg / float(rng.choice([3.0, 4.0, 6.0, 0.2])))
        else:
            said = replace(
                truth,
                at_s=truth.at_s + float(rng.normal(0, 45)),
                charge_kg=truth.charge_kg * float(np.exp(0.05 * rng.standard_normal())),
            )
        code = f"decl-{number}"
        self._declare(code, said)
        self.events.append(replace(truth, declaration=code, misreport=misreport))

    def _undeclared(self, number: int, stations: FloatArray) -> None:
        rng = self.rng
        pit = self.pits[int(rng.integers(len(self.pits)))]
        near = self.declarations[int(rng.integers(len(self.declarations)))] if rng.uniform() < 0.2 else None
        at_s = self._free(working=bool(rng.uniform() < 0.6), near=None if near is None else near.at_s)
        event = replace(self._blast(f"undeclared-{number}", pit, at_s), kind="undeclared")
        event = replace(
            event, charge_kg=max(120.0, event.charge_kg * 0.7), groups=max(1, int(event.groups * rng.uniform(0.1, 1)))
        )
        luck = rng.uniform()
        if luck < OFF_PIT:
            event = replace(self._moved(event, float(rng.uniform(1.0, 4.0))), pit=None)
        elif luck < OFF_PIT + ANYWHERE:
            first, second, third = rng.choice(len(stations), 3, replace=False)
            weights = rng.dirichlet([1.0, 1.0, 1.0])
            place = weights @ stations[[first, second, third]]
            event = replace(event, latitude=float(place[0]), longitude=float(place[1]), pit=None)
        self.events.append(event)

    def _earthquake(self, number: int, stations: FloatArray) -> None:
        rng = self.rng
        middle = stations.mean(axis=0)
        if rng.uniform() < 0.5:
            distance, depth, magnitude = rng.uniform(40, 300), rng.uniform(5, 20), rng.uniform(2.8, 4.6)
        else:
            distance, depth, magnitude = rng.uniform(1, 40), rng.uniform(1.5, 12), rng.uniform(1.5, 3.2)
        azimuth = rng.uniform(0, 2 * np.pi)
        event = TrueEvent(
            f"earthquake-{number}",
            "earthquake",
            self._free(working=False),
            depth_km=float(depth),
            magnitude=float(magnitude),
        )
        event = replace(event, latitude=float(middle[0]), longitude=float(middle[1]))
        self.events.append(_shifted(event, float(distance), float(azimuth)))

    def _local(self, kind: str, number: int, stations: int) -> None:
        rng = self.rng
        at_s = ZERO_S + float(rng.uniform(0, self.days * DAY_S))
        low, high = {"truck": (0.05, 1.0), "handling": (1.0, 200.0), "thunder": (5.0, 60.0), "glitch": (0.5, 20.0)}[
            kind
        ]
        size = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        if kind == "truck" and rng.uniform() < 0.3 and self.events:
            # a truck passes while the ground shakes for another reason
            at_s = self.events[int(rng.integers(len(self.events)))].at_s + float(rng.uniform(-10, 10))
        self.events.append(TrueEvent(f"{kind}-{number}", kind, at_s, station=int(rng.integers(stations)), size=size))

    def _blast(self, code: str, pit: Pit, at_s: float) -> TrueEvent:
        rng = self.rng
        charge = float(np.clip(np.exp(rng.normal(np.log(500), 0.6)), 150, 2500))
        groups = int(np.clip(np.exp(rng.normal(np.log(40), 0.6)), 3, 120))
        delay_s = float(rng.choice([0.017, 0.025, 0.042, 0.067]))
        event = TrueEvent(code, "declared", at_s, pit.latitude, pit.longitude, charge, groups, delay_s, pit.code)
        return _shifted(event, pit.radius_m / 1000 * float(np.sqrt(rng.uniform())), float(rng.uniform(0, 2 * np.pi)))

    def _moved(self, event: TrueEvent, distance_km: float) -> TrueEvent:
        return _shifted(event, distance_km, float(self.rng.uniform(0, 2 * np.pi)))

    def _declare(self, code: str, said: TrueEvent) -> None:
        self.declarations.append(
            Declaration(
                code,
                said.pit or "",
                said.at_s,
                said.latitude,
                said.longitude,
                said.charge_kg,
                said.groups,
                said.delay_s,
            )
        )

    def _free(self, *, working: bool, near: float | None = None) -> float:
        """A moment at least APART_S from every other; in working hours, or within 40 minutes of a given one."""
        rng = self.rng
        for _ in range(10_000):
            day = int(rng.integers(int(self.days)))
            hour = float(rng.uniform(*WORKING_HOURS)) if working else float(rng.uniform(0, 24))
            at_s = ZERO_S + day * DAY_S + hour * 3600 - UTC_OFFSET_S
            if near is not None:
                at_s = near + float(rng.uniform(-2400, 2400))
            if all(abs(at_s - other) > APART_S for other in self.taken):
                self.taken.append(at_s)
                return at_s
        raise ValueError("too many events for so few days")


def plan_case(seed: int, events: int, *, stations: FloatArray) -> BlastCase:
    """The plan of a seed over stations of shape (n, 2), latitude and longitude."""
    return _Planner(seed, events).plan(stations)


def _shifted(event: TrueEvent, distance_km: float, azimuth: float) -> TrueEvent:
    north, east = distance_km * np.cos(azimuth), distance_km * np.sin(azimuth)
    latitude = event.latitude + north / KM_PER_DEGREE
    longitude = event.longitude + east / (KM_PER_DEGREE * np.cos(np.radians(event.latitude)))
    return replace(event, latitude=float(latitude), longitude=float(longitude))
