"""Which outlet of a reach it was: each with a probability and the reasons, and «an unknown source» beside them.

p ∝ prior · likeness · permit · hour · shape. Prior: the square root of the usual flow. Likeness: how far the pattern
of changes is what this kind of outlet lets in. Permit: substances that rose and that the permit names. Hour: sewage
comes in the morning and in the evening. Shape: a near source arrives sharper than a far one. All factors but the shape
are judgements of the project, and the result is a ranking for an inspector, no proof.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from uskat.finding import number_ru
from uskat.water.attribution_reach import Location, River
from uskat.water.interval import INTERVAL
from uskat.water.network_items import Outlet, RiverPoint
from uskat.water.passing import Excess, Passing
from uskat.water.pulse_shape import shape_log_likelihood
from uskat.water.river_flow import station_point
from uskat.water.river_graph import outlets_within
from uskat.water.signature import UNKNOWN, Scoring, signatures
from uskat.water.travel_time import Travel, travel_between

UNKNOWN_PRIOR = 0.12
OPEN_PRIOR = 0.12
"""More for «unknown» where the reach goes up to a source, with nothing watching it."""
UNLIKE = 0.06
"""Likeness of a kind of outlet that the pattern does not speak for."""
PLAIN_FLOW_M3_S = 0.05
LOCAL = timedelta(hours=7)
SEWAGE_HOURS = ((6, 11), (17, 23))
KIND_RU = {
    "mine_water": "карьерные или шахтные воды",
    "washery": "воды обогатительной фабрики",
    "sewage": "сточные воды",
}
SHAPE_PART = timedelta(hours=30)
LEAD = 6
"""Intervals before the front that belong to the shape."""
SHAPE_TRACERS = 3
RESTLESS = 0.05


@dataclass(frozen=True)
class Candidate:
    """An outlet, or None for the unknown source; way: from it to the topmost affected station."""

    outlet: Outlet | None
    probability: float
    reasons: tuple[str, ...]
    way: Travel | None


def rank_outlets(river: River, location: Location, *, scoring: Scoring) -> tuple[Candidate, ...]:
    """Candidates of the located reach, most probable first; the probabilities add up to 1."""
    place = station_point(river.network, location.topmost.station)
    if place is None:
        return ()
    outlets = [
        (outlet, way)
        for outlet in outlets_within(river.network, location.area)
        if (way := _way(river, outlet, place)) is not None
    ]
    judged = [_judge(outlet, way, passing=location.topmost, scoring=scoring) for outlet, way in outlets]
    shapes = _shapes(location.topmost, outlets, likeness=[weight for weight, _ in judged])
    weights = [weight * shape for (weight, _), shape in zip(judged, shapes, strict=True)]
    unknown = UNKNOWN_PRIOR + (OPEN_PRIOR if location.area.open_ends else 0.0)
    unknown *= max(scoring.probabilities.get(UNKNOWN, 0.0), 0.3)
    total = sum(weights) + unknown
    found = [
        Candidate(outlet, weight / total, (*reasons, *_shape_reason(shape, len(outlets))), way)
        for (outlet, way), (_, reasons), weight, shape in zip(outlets, judged, weights, shapes, strict=True)
    ]
    nobody = Candidate(None, unknown / total, ("Источник мог быть и вне списка выпусков.",), None)
    return tuple(sorted([*found, nobody], key=lambda c: (-c.probability, c.outlet.code if c.outlet else "")))


def _way(river: River, outlet: Outlet, place: RiverPoint) -> Travel | None:
    start = RiverPoint(outlet.river, outlet.km)
    return travel_between(river.network, start, lower=place, state=river.state, calibrations=river.calibrations)


def _judge(outlet: Outlet, way: Travel, *, passing: Passing, scoring: Scoring) -> tuple[float, tuple[str, ...]]:
    """Weight of everything but the shape, and the reasons."""
    flow = outlet.normal_flow_m3_s or PLAIN_FLOW_M3_S
    likeness = likeness_of(outlet.kind, scoring)
    reasons = [
        f"Лежит на участке, вода от него идёт до станции {number_ru(way.earliest_h)}–{number_ru(way.latest_h)} ч.",
        f"Вид выпуска: {KIND_RU.get(outlet.kind, outlet.kind)}; признаки похожи на него на {100 * likeness:.0f} %.",
    ]
    weight = math.sqrt(flow) * max(likeness, UNLIKE)
    moved = [tracer.parameter for tracer in passing.tracers]
    named = sorted(set(moved) & set(outlet.permit.limits_mg_l))
    if named:
        weight *= 1 + 0.3 * len(named) / len(moved)
        reasons.append(f"Разрешение называет показатели, которые выросли: {', '.join(named)}.")
    released = passing.onset_at - timedelta(hours=way.front_h)
    if outlet.kind == "sewage":
        busy = _busy(released)
        weight *= 1.2 if busy else 0.9
        reasons += ["Сброс пришёлся на часы наибольшего стока, утро или вечер."] if busy else []
    if not outlet.permit.valid_from <= released.date().isoformat() <= outlet.permit.valid_to:
        reasons.append("Разрешение в это время не действовало.")
    return weight, tuple(reasons)


def likeness_of(kind: str, scoring: Scoring) -> float:
    """Probability of the causes that let such water in, a part of «unknown» included."""
    fitting = sum(
        probability
        for code, probability in scoring.probabilities.items()
        if code != UNKNOWN and kind in signatures()[code].outlet_kinds
    )
    return fitting + 0.25 * scoring.probabilities.get(UNKNOWN, 0.0)


def _busy(moment: datetime) -> bool:
    hour = (moment + LOCAL).hour
    return any(first <= hour < last for first, last in SEWAGE_HOURS)


def _shapes(passing: Passing, outlets: Sequence[tuple[Outlet, Travel]], *, likeness: Sequence[float]) -> list[float]:
    """Relative likelihood of each outlet by the shape of the clearest tracer; 1 where the shape cannot tell."""
    neutral = [1.0] * len(outlets)
    if len(outlets) < 2 or not passing.tracers or sorted(likeness)[-2] < 0.1 * max(likeness):
        return neutral
    ways = [way for _, way in outlets]
    logs = [0.0] * len(ways)
    for tracer in sorted(passing.tracers, key=lambda tracer: -_contrast(tracer))[:SHAPE_TRACERS]:
        first = max((tracer.onset_at - tracer.since) // INTERVAL - LEAD, 0)
        part = np.sign(tracer.peak) * tracer.course[first : first + SHAPE_PART // INTERVAL]
        found = shape_log_likelihood(part, ways, noise=_noise(tracer))
        logs = [total + value for total, value in zip(logs, found, strict=True)]
    top = max(logs)
    return [math.exp(max(value - top, -4.0)) for value in logs]


def _noise(tracer: Excess) -> float:
    """Restlessness of the water itself: its spread of the day before, and at least a share of the level."""
    return max(tracer.scale / 2, RESTLESS * tracer.level)


def _contrast(tracer: Excess) -> float:
    return abs(tracer.peak) / _noise(tracer)


def _shape_reason(shape: float, count: int) -> tuple[str, ...]:
    if count < 2 or shape == 1.0:
        return ()
    return (f"Форма волны подходит хуже лучшего кандидата в {number_ru(1 / shape)} раза.",)
