"""Floods, ice jams and gaps in words and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru
from uskat.water.flood import FloodEpisode, GapEpisode, JamEpisode
from uskat.water.flood_level import COLOUR_RU, COLOUR_SEVERITY, FloodRules, left_to
from uskat.water.network_items import FloodLevels
from uskat.water.norms import LOCAL_ZONE
from uskat.water.way_of_water import DownstreamPost

DETECTOR = "flood"
NO_LEVELS = FloodLevels(flag="", source="")
UNVERIFIED = "Отметки поста не проверены: {flag}."
NOT_KNOWN = "Отметки пойма, НЯ и ОЯ этого поста не заданы: судится только скорость подъёма."


@dataclass(frozen=True, slots=True)
class GaugeSubject:
    """The level series a flood is about, with its post's levels and the posts below it."""

    series_id: int
    device_id: int
    published: bool
    levels: FloodLevels
    downstream: tuple[DownstreamPost, ...] = ()


def flood_keys(series_id: int) -> tuple[str, str, str]:
    """Keys of a series' floods, ice jams and gaps."""
    return f"{DETECTOR}:{series_id}", f"{DETECTOR}:jam:{series_id}", f"{DETECTOR}:gap:{series_id}"


def flood_finding(episode: FloodEpisode, subject: GaugeSubject, *, rules: FloodRules) -> Finding:
    """A flood as a Finding. Severity: yellow notice, orange (НЯ) high, red (ОЯ) extreme."""
    levels, peak = subject.levels, episode.peak_cm
    figures = {
        "peak": Figure(peak, "см"),
        "rise_day": Figure(episode.rise_cm_day, "см/сут"),
        "rise_hour": Figure(episode.rise_cm_h, "см/ч"),
    }
    for name, mark in (("to_adverse", levels.adverse_cm), ("to_dangerous", levels.dangerous_cm)):
        left = left_to(peak, mark)
        if left is not None:
            figures[name] = Figure(left, "см")
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.FLOOD,
        severity=COLOUR_SEVERITY[episode.colour],
        key=flood_keys(subject.series_id)[0],
        started_at=episode.started_at,
        knowable_at=episode.knowable_at,
        ended_at=episode.ended_at,
        settled_at=episode.settled_at,
        title=f"Подъём воды, {COLOUR_RU[episode.colour]} уровень: {number_ru(peak)} см{_left_ru(peak, levels)}",
        title_en=f"High water, {episode.colour.value}: {number_en(peak)} cm over the gauge zero",
        series_id=subject.series_id,
        device_id=subject.device_id,
        figures=figures,
        reasons=_reasons(episode, subject, rules=rules),
        detail={
            "colour": episode.colour.value,
            "peak_at": episode.peak_at.isoformat(),
            "falling": _is_falling(episode, rules),
            "adverse_at": _text(episode.adverse_at),
            "dangerous_at": _text(episode.dangerous_at),
            "levels_flag": levels.flag,
            "rules_level": rules.level,
            "forecast": arrival_forecast(episode, subject.downstream, rules=rules),
        },
        published=subject.published,
    )


def arrival_forecast(
    episode: FloodEpisode, downstream: Sequence[DownstreamPost], *, rules: FloodRules
) -> list[dict[str, Any]]:
    """When the highest level seen so far reaches the posts below, as JSON values; kinematic wave, 5/3 of the velocity.

    `what` is «crest» once the level falls and «rise» while it still rises, when more may follow.
    """
    what = "crest" if _is_falling(episode, rules) else "rise"
    return [
        {
            "station": post.code,
            "name": post.name,
            "distance_km": round(post.distance_km, 1),
            "what": what,
            "expected": _after(episode.peak_at, post.wave_s),
            "earliest": _after(episode.peak_at, post.wave_earliest_s),
            "latest": _after(episode.peak_at, post.wave_latest_s),
        }
        for post in downstream
    ]


def jam_finding(episode: JamEpisode, subject: GaugeSubject, *, rules: FloodRules) -> Finding:
    """A sudden rise in ice as a Finding."""
    jump = episode.peak_cm - episode.base_cm
    ice = (
        f"Вода {number_ru(episode.temperature_c)} °C."
        if episode.temperature_c is not None
        else "Температура воды неизвестна, время года – ледовое."
    )
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.FLOOD,
        severity=Severity.HIGH,
        key=flood_keys(subject.series_id)[1],
        started_at=episode.started_at,
        knowable_at=episode.knowable_at,
        ended_at=episode.ended_at,
        settled_at=episode.settled_at,
        title=f"Возможен ледовый затор: уровень подскочил на {number_ru(jump)} см",
        title_en=f"Possible ice jam: the level jumped by {number_en(jump)} cm",
        series_id=subject.series_id,
        device_id=subject.device_id,
        figures={
            "jump": Figure(jump, "см"),
            "base": Figure(episode.base_cm, "см"),
            "peak": Figure(episode.peak_cm, "см"),
        },
        reasons=(
            f"За час уровень вырос не меньше чем на {number_ru(rules.jam_jump_cm)} см. {ice}",
            "Вода выше затора поднимается, при прорыве ниже него пойдёт волна. Проверьте на месте.",
        ),
        detail={"peak_at": episode.peak_at.isoformat(), "rules_level": rules.level},
        published=subject.published,
    )


def gap_finding(episode: GapEpisode, subject: GaugeSubject, *, rules: FloodRules) -> Finding:
    """A gap in the data of a flood as a Finding."""
    figures = {}
    if episode.ended_at is not None:
        figures["duration"] = Figure((episode.ended_at - episode.started_at).total_seconds() / 3600, "ч")
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.FLOOD,
        severity=Severity.NOTICE,
        key=flood_keys(subject.series_id)[2],
        started_at=episode.started_at,
        knowable_at=episode.knowable_at,
        ended_at=episode.ended_at,
        settled_at=episode.settled_at,
        title="Во время подъёма воды нет данных об уровне",
        title_en="No water level during high water",
        series_id=subject.series_id,
        device_id=subject.device_id,
        figures=figures,
        reasons=(
            f"Уровня нет с {_local(episode.started_at)}, дольше {number_ru(rules.gap_min)} мин, паводок не закончился.",
            "Уровень надо узнать другим способом.",
        ),
        published=subject.published,
    )


def _reasons(episode: FloodEpisode, subject: GaugeSubject, *, rules: FloodRules) -> tuple[str, ...]:
    levels = subject.levels
    marks = {"пойма": levels.floodplain_cm, "НЯ": levels.adverse_cm, "ОЯ": levels.dangerous_cm}
    known = ", ".join(f"{name} {number_ru(mark)} см" for name, mark in marks.items() if mark is not None)
    course = "гребень прошёл" if _is_falling(episode, rules) else "вода ещё поднимается"
    reasons = [
        (
            f"Наибольший уровень {number_ru(episode.peak_cm)} см {_local(episode.peak_at)}; {course}. "
            f"Подъём до {number_ru(episode.rise_cm_day)} см за сутки, до {number_ru(episode.rise_cm_h)} см за час."
        ),
        f"Отметки поста: {known}." if known else NOT_KNOWN,
    ]
    if known and not levels.flag.startswith("verified"):
        reasons.append(UNVERIFIED.format(flag=levels.flag or "нет сведений"))
    if subject.downstream:
        post = subject.downstream[0]
        earliest = _local(episode.peak_at + timedelta(seconds=post.wave_earliest_s))
        latest = _local(episode.peak_at + timedelta(seconds=post.wave_latest_s))
        reasons.append(f"Ниже по течению, {post.name}: от {earliest} до {latest} (оценка по скорости волны).")
    return tuple(reasons)


def _left_ru(level_cm: float, levels: FloodLevels) -> str:
    """«, до НЯ осталось 38 см»: to the nearest mark not reached; above ОЯ by how much."""
    for name, mark in (("НЯ", levels.adverse_cm), ("ОЯ", levels.dangerous_cm)):
        left = left_to(level_cm, mark)
        if left is not None and left > 0:
            return f", до {name} осталось {number_ru(left)} см"
    if levels.dangerous_cm is not None:
        return f", выше ОЯ на {number_ru(level_cm - levels.dangerous_cm)} см"
    return ""


def _is_falling(episode: FloodEpisode, rules: FloodRules) -> bool:
    return episode.last_cm < episode.peak_cm - rules.falling_cm


def _after(moment: datetime, seconds: float) -> str:
    return (moment + timedelta(seconds=round(seconds))).isoformat()


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL_ZONE):%d.%m.%Y %H:%M}"
