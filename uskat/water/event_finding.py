"""An event as a finding: what moved, how far from what was expected, and what the pattern looks like."""

from collections.abc import Set as AbstractSet
from typing import Any

from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru
from uskat.water.event import Contribution, EventEpisode
from uskat.water.parameters import parameters
from uskat.water.passing import TRACERS, Excess, Passing
from uskat.water.signature import UNKNOWN, Scoring, score_changes, signatures

DETECTOR = "event"
WEATHER_SHARE = 0.3
"""Probability of rain or melt that is enough where the detector itself saw the water rise."""
DEPARTED, DEPARTED_PH = 2.5, 6.0
"""Scales beyond the band of the days before, below which nothing has left it."""
TOLD = 4
EFFLUENT_ONLY = frozenset({"nh4", "no2", "oil", "phenol", "ph", "do"})
"""What the end of a flood does not bring back by itself."""


def event_key(station_id: int) -> str:
    """Key of the events of a station."""
    return f"event:{station_id}"


def event_finding(
    episode: EventEpisode,
    passing: Passing | None,
    *,
    broken: AbstractSet[str],
    station_id: int,
    published: bool,
) -> Finding | None:
    """The finding of an episode; None when all that moved are parameters under an instrument's fault.

    passing: the same time against the day before, for the signature; None: nothing to compare with.
    """
    moved = [item for item in episode.moved if item.parameter not in broken]
    if not moved:
        return None
    scoring = score_changes(passing.changes if passing is not None else {})
    natural = _natural(episode, passing, scoring=scoring)
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.NATURAL if natural else FindingKind.EVENT,
        severity=Severity.NOTICE,
        key=event_key(station_id),
        started_at=episode.started_at,
        knowable_at=episode.knowable_at,
        ended_at=episode.ended_at,
        settled_at=episode.settled_at,
        title=_title(scoring, natural=natural),
        title_en=_title_en(scoring, natural=natural),
        figures={"score": Figure(round(episode.peak_score, 2), "порогов"), "intervals": Figure(episode.steps, "шт.")},
        reasons=(*(_told(item) for item in moved[:TOLD]), *_why(scoring, natural=natural)),
        detail={
            "moved": [_moved(item) for item in moved],
            "signature": scoring.to_json() | {"natural": natural},
            "peak_at": episode.peak_at.isoformat(),
            "weather": episode.natural,
        },
        published=published,
    )


def _natural(episode: EventEpisode, passing: Passing | None, *, scoring: Scoring) -> bool:
    """Rain or melt by the pattern; by a weaker pattern while the water rose; nothing but dilution, or the way back."""
    if scoring.natural:
        return True
    rain = scoring.probabilities.get("rain_melt", 0.0)
    if episode.natural and rain >= WEATHER_SHARE:
        return True
    if passing is not None and _usual(episode, passing):
        return True
    if _clears(episode):
        return True
    moved = [item for item in episode.moved if item.parameter != "temp"]
    diluted = bool(moved) and all(
        item.parameter in {"ec25", "tds", "so4", "cl"} and item.direction < 0 for item in moved
    )
    return diluted and (passing is None or not passing.tracers)


def _clears(episode: EventEpisode) -> bool:
    """True when the water above all becomes clear again: the end of a flood, which no effluent looks like."""
    leading = episode.moved[0] if episode.moved else None
    falls = leading is not None and leading.parameter == "turb" and leading.direction < 0
    return falls and not any(item.parameter in EFFLUENT_ONLY and item.score >= 1 for item in episode.moved)


def _usual(episode: EventEpisode, passing: Passing) -> bool:
    """True when nothing that moved departed for the worse from what the days before were like."""
    departures = [passing.excesses[item.parameter] for item in episode.moved if item.parameter in passing.excesses]
    return bool(departures) and not any(_worse(excess) for excess in departures)


def _worse(excess: Excess) -> bool:
    """True for a departure that pollution may mean: tracers rise, oxygen and redox fall, pH goes far either way."""
    if excess.parameter == "ph":
        return excess.significance >= DEPARTED_PH
    bad = excess.peak < 0 if excess.parameter in {"do", "orp"} else excess.parameter in TRACERS and excess.peak > 0
    return bad and excess.significance >= DEPARTED


def _title(scoring: Scoring, *, natural: bool) -> str:
    if natural:
        return "Природная причина: вода изменилась от дождя, таяния, попуска или по сезону"
    if scoring.best == UNKNOWN:
        return "Необычное изменение воды, причина не установлена"
    named, share = scoring.to_json()["name"], 100 * scoring.probabilities[scoring.best]
    return f"Необычное изменение воды: похоже на {named} ({share:.0f} %)"


def _title_en(scoring: Scoring, *, natural: bool) -> str:
    if natural:
        return "Natural cause: the water changed with rain, melt, dilution or season"
    if scoring.best == UNKNOWN:
        return "Unusual change of the water, cause not established"
    named, share = scoring.to_json()["name_en"], 100 * scoring.probabilities[scoring.best]
    return f"Unusual change of the water: looks like {named} ({share:.0f} %)"


def _told(item: Contribution) -> str:
    parameter = parameters().get(item.parameter)
    name = parameter.name_ru if parameter else item.parameter
    unit = parameter.unit_ru if parameter else ""
    way = {1: "выше", -1: "ниже", 0: "иначе"}[item.direction]
    times = f" в {number_ru(abs(item.deviation) / item.scale)} обычных отклонений" if item.scale > 0 else ""
    return f"{name}: {number_ru(item.observed)} {unit}, {way} ожидаемых {number_ru(item.expected)}{times}."


def _why(scoring: Scoring, *, natural: bool) -> tuple[str, ...]:
    rules = "Правила признаков не сверены с первоисточником."
    if natural:
        return (
            "Так вода меняется от дождя, таяния, попуска и по сезону и возвращается после них: это не загрязнение.",
            rules,
        )
    ranked = sorted(scoring.probabilities.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    names = "; ".join(f"{_name(code)} {100 * share:.0f} %" for code, share in ranked)
    return (f"Возможные причины по признакам: {names}.", rules)


def _name(code: str) -> str:
    named = signatures().get(code)
    return named.name_ru if named else "неизвестная причина"


def _moved(item: Contribution) -> dict[str, Any]:
    return {
        "parameter": item.parameter,
        "time_scale": item.time_scale,
        "observed": float(number_en(item.observed)),
        "expected": float(number_en(item.expected)),
        "deviation": float(number_en(item.deviation)),
        "scale": float(number_en(item.scale)),
        "score": round(item.score, 3),
        "direction": {1: "up", -1: "down", 0: "none"}[item.direction],
    }
