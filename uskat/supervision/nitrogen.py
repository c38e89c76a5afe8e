"""Blasts and nitrogen in the river: which of them may belong together, as context on both sides, never as a charge.

Explosives are mostly ammonium nitrate; what did not detonate is washed out with the pit water, so NH4, NO2 and NO3 may
rise below a pit 6 h to 10 d after a blast (`water/norms.md`, row «Mine/pit water»; window from memory, data in
`uskat/data/blast/nitrogen_link.json`). Three things must fit: time, a way of the water from the pit to the station, and
that the water can have come so fast. The way leads through the outlets of pit water of the enterprise; where it has
none, through the nearest point of a river, which nobody surveyed and which is said so. Sewage and fertiliser carry the
same nitrogen: a fit is a reason to look.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from uskat.blast.geometry import Point
from uskat.blast.provenance import LEVEL_RU, Act, Level, Number, parse_data, weakest
from uskat.finding import number_en, number_ru
from uskat.water.network_graph import Network
from uskat.water.network_items import RiverPoint
from uskat.water.parameters import parameters
from uskat.water.river_flow import RiverState, station_point
from uskat.water.river_line import nearest_point
from uskat.water.travel_time import Travel, travel_between

NITROGEN = ("nh4", "no2", "no3")
PIT_WATER = "mine_water"
NO_CHARGE = (
    "Совпали время и путь воды. Тот же азот дают сточные воды и удобрения: это повод посмотреть, а не обвинение."
)
NO_CHARGE_EN = "Time and the way of the water fit. Sewage and fertiliser carry the same nitrogen: a reason to look."


class NitrogenRules(Act):
    """Window after a blast, and how far from a river a pit without an outlet may lie."""

    earliest_h: Number
    latest_h: Number
    relief_km: Number

    @property
    def window(self) -> tuple[timedelta, timedelta]:
        """Earliest and latest rise after a blast."""
        return timedelta(hours=self.earliest_h.value), timedelta(hours=self.latest_h.value)


class Way(StrEnum):
    """How it is known that the water of a pit comes to a river."""

    OUTLET = "outlet"
    RELIEF = "relief"


@dataclass(frozen=True, slots=True)
class BlastFired:
    """A blast that happened. place: (longitude, latitude); charge_kg None: not reported."""

    blast_id: str
    enterprise: str
    place: Point
    fired_at: datetime
    charge_kg: float | None = None


@dataclass(frozen=True, slots=True)
class NitrogenRise:
    """A water alert in which nitrogen rose, of a station on a river. parameters: which of `NITROGEN`."""

    alert: int
    station: str
    parameters: tuple[str, ...]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the water of a pit comes to the river. name: of the outlet, None for a point of the river only."""

    way: Way
    point: RiverPoint
    name: str | None = None
    away_km: float | None = None


@dataclass(frozen=True, slots=True)
class NitrogenContext:
    """One blast and one rise that may belong together. hours: from firing to the begin of the rise."""

    blast: BlastFired
    rise: NitrogenRise
    entry: Entry
    hours: float
    travel: Travel
    reasons: tuple[str, ...]
    reasons_en: tuple[str, ...]
    level: Level

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "blast": self.blast.blast_id,
            "enterprise": self.blast.enterprise,
            "fired_at": self.blast.fired_at.isoformat(),
            "charge_kg": self.blast.charge_kg,
            "alert": self.rise.alert,
            "station": self.rise.station,
            "parameters": list(self.rise.parameters),
            "started_at": self.rise.started_at.isoformat(),
            "hours": round(self.hours, 2),
            "way": self.entry.way.value,
            "way_name": self.entry.name,
            "river_km": round(self.travel.length_km, 2),
            "travel_h": [round(self.travel.earliest_h, 2), round(self.travel.latest_h, 2)],
            "reasons": list(self.reasons),
            "reasons_en": list(self.reasons_en),
            "level": self.level.value,
            "level_ru": LEVEL_RU[self.level],
        }


def nitrogen_contexts(
    blasts: Iterable[BlastFired],
    rises: Sequence[NitrogenRise],
    *,
    network: Network,
    state: RiverState,
    rules: NitrogenRules,
) -> list[NitrogenContext]:
    """Every pair that fits in time, way and travel, the newest blast first. state: flow with which water travels.

    An enterprise with outlets of pit water is reckoned from them only: that is where it says its water goes.
    """
    found = [
        context
        for blast in blasts
        for rise in rises
        if (context := _context(blast, rise, network=network, state=state, rules=rules)) is not None
    ]
    return sorted(found, key=lambda one: (-one.blast.fired_at.timestamp(), one.blast.blast_id, one.rise.alert))


def risen_nitrogen(parameter: str | None, moved: Iterable[tuple[str, float, float]] = ()) -> tuple[str, ...]:
    """Which nitrogen rose: the parameter of an exceedance, and what an event moved as (parameter, before, after)."""
    risen = {name for name, before, after in moved if after > before}
    return tuple(name for name in NITROGEN if name == parameter or name in risen)


def entries(blast: BlastFired, network: Network, *, rules: NitrogenRules) -> list[Entry]:
    """Where the water of the blasted ground comes to a river; empty when that is nowhere known."""
    outlets = [
        Entry(Way.OUTLET, RiverPoint(outlet.river, outlet.km), outlet.name)
        for outlet in network.outlets
        if outlet.organisation == blast.enterprise and outlet.kind == PIT_WATER
    ]
    if outlets:
        return outlets
    longitude, latitude = blast.place
    near = nearest_point(network, longitude, latitude=latitude)
    if near is None or near[1] > rules.relief_km.value:
        return []
    return [Entry(Way.RELIEF, near[0], None, near[1])]


def _context(
    blast: BlastFired, rise: NitrogenRise, *, network: Network, state: RiverState, rules: NitrogenRules
) -> NitrogenContext | None:
    earliest, latest = rules.window
    after = rise.started_at - blast.fired_at
    station = station_point(network, rise.station)
    if not earliest <= after <= latest or station is None or not rise.parameters:
        return None
    hours = after / timedelta(hours=1)
    ways = [
        (travel.length_km, entry, travel)
        for entry in entries(blast, network, rules=rules)
        if (travel := travel_between(network, entry.point, lower=station, state=state)) is not None
        and travel.earliest_h <= hours
    ]
    if not ways:
        return None
    _, entry, travel = min(ways, key=lambda way: (way[0], way[1].name or ""))
    level = weakest([rules.earliest_h.level, rules.latest_h.level, rules.relief_km.level])
    words = list(_words(blast, rise, entry=entry, hours=hours, travel=travel))
    return NitrogenContext(
        blast, rise, entry, hours, travel, tuple(ru for ru, _ in words), tuple(en for _, en in words), level
    )


def _words(
    blast: BlastFired, rise: NitrogenRise, *, entry: Entry, hours: float, travel: Travel
) -> Iterator[tuple[str, str]]:
    known = parameters()
    names = ", ".join(known[name].name_ru for name in rise.parameters)
    names_en = ", ".join(known[name].name_en for name in rise.parameters)
    charge, charge_en = ("", "") if blast.charge_kg is None else (
        f", {number_ru(blast.charge_kg / 1000)} т ВВ", f", {number_en(blast.charge_kg / 1000)} t of explosives",
    )  # fmt: skip
    yield (
        f"Взрыв {blast.blast_id}{charge} – за {number_ru(hours)} ч до начала роста ({names}).",
        f"Blast {blast.blast_id}{charge_en}, {number_en(hours)} h before the rise began ({names_en}).",
    )
    length, length_en = number_ru(travel.length_km), number_en(travel.length_km)
    if entry.way is Way.OUTLET:
        yield (
            f"Вода карьера уходит в реку через «{entry.name}», до поста {length} км по течению.",
            f"The pit's water leaves through «{entry.name}», {length_en} km of river above the station.",
        )
    else:
        away = entry.away_km or 0.0
        nearest = f"Ближайшая к карьеру точка реки – в {number_ru(away)} км, до поста {length} км по течению"
        nearest_en = f"The nearest point of a river lies {number_en(away)} km away, {length_en} km above the station"
        yield (
            f"{nearest}; стекает ли туда вода карьера, не проверено.",
            f"{nearest_en}; whether the pit drains there is not surveyed.",
        )
    yield (
        f"Рекой вода идёт от {number_ru(travel.earliest_h)} до {number_ru(travel.latest_h)} ч.",
        f"By river the water takes {number_en(travel.earliest_h)} to {number_en(travel.latest_h)} h.",
    )
    yield NO_CHARGE, NO_CHARGE_EN


@cache
def nitrogen_rules() -> NitrogenRules:
    """The packaged rules."""
    return parse_data("nitrogen_link.json", NitrogenRules)
