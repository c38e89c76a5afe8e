"""Conflicts of a planned window, or of what really happened, with the restrictions (`blasting/norms.md` §6.1–6.2).

The same checks serve both: a window is judged over its whole length with all that is known now, a firing at its moment
with what was known then. What could not be checked, since nobody told the weather, is named and is not «in order».
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from uskat.blast.geometry import Point, centre, distance_m, distance_to_area_m
from uskat.blast.passport.lifecycle import Declaration, Irregularity
from uskat.blast.passport.model import Passport
from uskat.blast.provenance import LEVEL_RU, Level, Sourced
from uskat.blast.restriction.nmu import NmuWarning, warnings_during
from uskat.blast.restriction.rules import LocalRule, Place, RestrictionRules
from uskat.blast.restriction.weather import Weather, is_daylight, nearest_weather, wind_is_towards
from uskat.finding import number_en, number_ru

DANGER_ZONE = Sourced(level=Level.SECONDARY, source="Опасная зона паспорта (ФНП 494)")
ANNOUNCEMENT = Sourced(level=Level.MEMORY, source="ФНП 494: о взрыве предупреждают заранее (пункт не прочитан)")
UNKNOWN_WEATHER_RU = "Погода на это время не известна: ветер, инверсия и видимость не проверены."


class Gravity(StrEnum):
    """stop: it should not be fired so; warning: think twice; note: worth knowing."""

    STOP = "stop"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One conflict with a restriction, in words, with its source."""

    code: str
    gravity: Gravity
    text: str
    text_en: str
    level: Level
    source: str
    place: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "code": self.code, "gravity": self.gravity.value, "text": self.text, "text_en": self.text_en,
            "level": self.level.value, "level_ru": LEVEL_RU[self.level], "source": self.source, "place": self.place,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class OtherBlast:
    """Another declared blast: its window or moment of firing, and a point of its block."""

    blast_id: str
    enterprise: str
    start: datetime
    end: datetime
    place: Point
    danger_m: float


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that restricts a blast. zones: НМУ zones of the pit, beside those of near places; zone: of local hours."""

    zone: tzinfo
    zones: frozenset[str] = frozenset()
    warnings: Sequence[NmuWarning] = ()
    weather: Sequence[Weather] = ()
    places: Sequence[Place] = ()
    others: Sequence[OtherBlast] = ()
    local: LocalRule | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Conflicts, gravest first, and sentences about what could not be checked."""

    conflicts: tuple[Conflict, ...]
    unchecked: tuple[str, ...]

    @property
    def gravest(self) -> Gravity | None:
        """None when nothing conflicts (which says nothing of what was not checked)."""
        return self.conflicts[0].gravity if self.conflicts else None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"conflicts": [item.to_json() for item in self.conflicts], "unchecked": list(self.unchecked)}


@dataclass(frozen=True, slots=True)
class _Moment:
    """What is judged: a block, a span of time, and when it is looked at."""

    passport: Passport
    start: datetime
    end: datetime
    known_at: datetime

    @property
    def source(self) -> Point:
        return centre(self.passport.ring)


def judge_plan(
    passport: Passport, circumstances: Circumstances, *, rules: RestrictionRules, now: datetime
) -> Judgement:
    """Conflicts of the planned window by what is known now (UTC)."""
    window = passport.window
    return _judge(_Moment(passport, window.planned_from, window.planned_to, now), circumstances, rules=rules)


def judge_firing(blast: Declaration, circumstances: Circumstances, *, rules: RestrictionRules) -> Judgement:
    """Conflicts of what happened, by what was known when it was fired; raises ValueError for one not fired."""
    if blast.fired_at is None:
        raise ValueError(f"{blast.passport.blast_id} was not fired")
    fired = blast.fired_at
    passport = blast.passport_as_of(fired) or blast.passport
    judged = _judge(_Moment(passport, fired, fired, fired), circumstances, rules=rules)
    order = list(Gravity)
    conflicts = sorted((*judged.conflicts, *_order(blast, passport, rules=rules)), key=lambda c: order.index(c.gravity))
    return Judgement(tuple(conflicts), judged.unchecked)


def _judge(moment: _Moment, circumstances: Circumstances, *, rules: RestrictionRules) -> Judgement:
    checks: tuple[Callable[[_Moment, Circumstances, RestrictionRules], Iterator[Conflict]], ...] = (
        _nmu, _hours, _daylight, _distances, _others,
    )  # fmt: skip
    found = [conflict for check in checks for conflict in check(moment, circumstances, rules)]
    records = _records(moment, circumstances, rules)
    for record in records:
        found += _weather(moment, circumstances, record=record, rules=rules)
    unique: dict[tuple[str, str | None], Conflict] = {}
    for conflict in found:
        unique.setdefault((conflict.code, conflict.place), conflict)
    order = list(Gravity)
    unchecked = [] if records else [UNKNOWN_WEATHER_RU]
    if records and all(record.inversion is None for record in records):
        unchecked.append("Есть ли инверсия, не известно.")
    return Judgement(tuple(sorted(unique.values(), key=lambda c: order.index(c.gravity))), tuple(unchecked))


def _records(moment: _Moment, circumstances: Circumstances, rules: RestrictionRules) -> list[Weather]:
    inside = [record for record in circumstances.weather if moment.start <= record.at <= moment.end]
    edges = [nearest_weather(circumstances.weather, edge, rules=rules) for edge in (moment.start, moment.end)]
    records = [*inside, *(record for record in edges if record is not None)]
    return sorted({id(record): record for record in records}.values(), key=lambda record: record.at)


def _nmu(moment: _Moment, circumstances: Circumstances, rules: RestrictionRules) -> Iterator[Conflict]:
    near = {
        place.zone
        for place in circumstances.places
        if place.zone is not None
        and distance_m(moment.source, (place.longitude, place.latitude)) < rules.wind_distance_m.value
    }
    found = warnings_during(circumstances.warnings, circumstances.zones | near, start=moment.start, end=moment.end,
                            known_at=moment.known_at)  # fmt: skip
    for warning in found[:1]:
        stop = warning.degree >= rules.nmu_stop_from_degree.value
        yield _conflict("nmu", Gravity.STOP if stop else Gravity.WARNING, rules.nmu_stop_from_degree, (
            f"Действует НМУ {warning.degree}-й степени, зона «{warning.zone}».",
            f"Adverse weather (НМУ) of degree {warning.degree} is in force in zone {warning.zone}.",
        ))  # fmt: skip


def _hours(moment: _Moment, circumstances: Circumstances, rules: RestrictionRules) -> Iterator[Conflict]:  # noqa: ARG001
    local = circumstances.local
    if local is None or not local.hours:
        return
    edges = (moment.start, moment.end)
    if not any(all(hours.allow(edge, circumstances.zone) for edge in edges) for hours in local.hours):
        yield _conflict("hours", Gravity.STOP, local, ("Вне разрешённых часов взрывов.", "Outside the allowed hours."))


def _daylight(moment: _Moment, circumstances: Circumstances, rules: RestrictionRules) -> Iterator[Conflict]:  # noqa: ARG001
    if not all(is_daylight(edge, moment.source, rules=rules) for edge in (moment.start, moment.end)):
        yield _conflict("darkness", Gravity.WARNING, rules.daylight_elevation_deg,
                        ("Не в светлое время суток.", "Not in daylight."))  # fmt: skip


def _distances(moment: _Moment, circumstances: Circumstances, rules: RestrictionRules) -> Iterator[Conflict]:
    for place in circumstances.places:
        away = distance_to_area_m(moment.passport.ring, (place.longitude, place.latitude))
        danger = moment.passport.danger_zone.people_m
        if away < danger:
            yield _conflict("inside_danger_zone", Gravity.STOP, DANGER_ZONE, (
                f"{place.name}: {number_ru(away)} м, внутри опасной зоны {number_ru(danger)} м.",
                f"{place.name} lies {number_en(away)} m away, inside the danger zone of {number_en(danger)} m.",
            ), place=place.name)  # fmt: skip
        elif away < rules.sanitary_zone_m.value:
            yield _conflict("sanitary_zone", Gravity.WARNING, rules.sanitary_zone_m, (
                f"{place.name}: {number_ru(away)} м, ближе санитарно-защитной зоны.",
                f"{place.name} lies {number_en(away)} m away, inside the sanitary zone.",
            ), place=place.name)  # fmt: skip


def _others(moment: _Moment, circumstances: Circumstances, rules: RestrictionRules) -> Iterator[Conflict]:
    gap = timedelta(seconds=rules.simultaneous_s.value)
    for other in circumstances.others:
        same = (other.blast_id, other.enterprise) == (moment.passport.blast_id, moment.passport.enterprise)
        apart = other.start - gap >= moment.end or moment.start >= other.end + gap
        if same or apart:
            continue
        away = distance_m(moment.source, other.place)
        close = away < moment.passport.danger_zone.people_m + other.danger_m
        yield _conflict("other_blast", Gravity.WARNING if close else Gravity.NOTE, rules.simultaneous_s, (
            f"В это же время взрыв {other.blast_id} в {number_ru(away)} м.",
            f"Blast {other.blast_id} at the same time, {number_en(away)} m away.",
        ), place=f"{other.enterprise}/{other.blast_id}")  # fmt: skip


def _weather(
    moment: _Moment, circumstances: Circumstances, *, record: Weather, rules: RestrictionRules
) -> Iterator[Conflict]:
    if record.inversion:
        yield _conflict("inversion", Gravity.WARNING, rules.inversion_below_m, (
            "Инверсия: газ и пыль останутся внизу, звук уйдёт дальше.",
            "Inversion: gas and dust stay low, sound carries farther.",
        ))  # fmt: skip
    if record.wind is not None:
        for place in circumstances.places:
            if wind_is_towards(record.wind, moment.source, place=place, rules=rules):
                yield _conflict("wind_towards", Gravity.WARNING, rules.wind_angle_deg, (
                    f"Ветер {number_ru(record.wind.speed_m_s)} м/с в сторону: {place.name}.",
                    f"Wind of {number_en(record.wind.speed_m_s)} m/s towards {place.name}.",
                ), place=place.name)  # fmt: skip
    if circumstances.local is not None:
        yield from _local_weather(circumstances.local, record)


def _local_weather(local: LocalRule, record: Weather) -> Iterator[Conflict]:
    wind, most, least = record.wind, local.wind_at_most_m_s, local.visibility_at_least_m
    if wind is not None and most is not None and wind.speed_m_s > most:
        yield _conflict("wind_strong", Gravity.STOP, local, (
            f"Ветер {number_ru(wind.speed_m_s)} м/с сильнее допустимых {number_ru(most)} м/с.",
            f"Wind of {number_en(wind.speed_m_s)} m/s, allowed {number_en(most)} m/s.",
        ))  # fmt: skip
    if record.visibility_m is not None and least is not None and record.visibility_m < least:
        yield _conflict("fog", Gravity.STOP, local, (
            f"Видимость {number_ru(record.visibility_m)} м меньше {number_ru(least)} м.",
            f"Visibility of {number_en(record.visibility_m)} m, needed {number_en(least)} m.",
        ))  # fmt: skip


def _order(blast: Declaration, passport: Passport, *, rules: RestrictionRules) -> Iterator[Conflict]:
    """Was it announced, in time, and fired in its window?"""
    fired = blast.fired_at
    marks = {change.irregular for change in blast.history}
    if Irregularity.UNPUBLISHED in marks:
        yield _conflict("unpublished", Gravity.STOP, ANNOUNCEMENT,
                        ("Взорвано без объявления.", "Fired without being announced."))  # fmt: skip
    if Irregularity.WHILE_POSTPONED in marks:
        yield _conflict("while_postponed", Gravity.STOP, ANNOUNCEMENT,
                        ("Взорвано, пока взрыв был перенесён.", "Fired while it was postponed."))  # fmt: skip
    if fired is not None and not passport.window.covers(fired):
        yield _conflict("outside_window", Gravity.STOP, ANNOUNCEMENT,
                        ("Взорвано вне объявленного окна.", "Fired outside the announced window."))  # fmt: skip
    told = blast.published_at
    if told is None and not marks & set(Irregularity):
        yield _conflict("window_unannounced", Gravity.STOP, ANNOUNCEMENT,
                        ("Окно изменено и заново не объявлено.", "The window was changed, not announced."))  # fmt: skip
    ahead = timedelta(hours=rules.publish_ahead_h.value)
    if told is not None and passport.window.planned_from - told < ahead:
        yield _conflict("published_late", Gravity.NOTE, rules.publish_ahead_h, (
            f"Объявлено позже чем за {number_ru(rules.publish_ahead_h.value)} ч.",
            f"Announced less than {number_en(rules.publish_ahead_h.value)} h ahead.",
        ))  # fmt: skip


def _conflict(
    code: str, gravity: Gravity, rule: Sourced, words: tuple[str, str], *, place: str | None = None
) -> Conflict:
    return Conflict(code, gravity, words[0], words[1], rule.level, rule.source, place)
