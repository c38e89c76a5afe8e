"""A fault in words and figures: what broke, how it was seen, and what the technician should look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uskat.finding import Figure, Finding, FindingKind, Severity, number_ru
from uskat.water.fault import Fault, FaultEpisode
from uskat.water.parameters import Parameter

DETECTOR = "fault"
EXCLUDED_RU = "Показания за это время не сравниваются с нормами."
DOUBTED_RU = "Показания пока сравниваются с нормами, но могут быть неточны."


@dataclass(frozen=True, slots=True)
class FaultWords:
    """Title with {what}, its English, how it was seen, what to do."""

    title_ru: str
    title_en: str
    seen_ru: str
    hint_ru: str


WORDS: dict[Fault, FaultWords] = {
    Fault.STUCK: FaultWords(
        "Датчик застыл: {what}",
        "Sensor is stuck: {what}",
        "Прибор повторяет одно и то же значение не менее двух часов, вода так не ведёт себя.",
        "Проверьте датчик и кабель, перезапустите прибор, сравните с переносным.",
    ),
    Fault.DEAD: FaultWords(
        "Датчик показывает ноль: {what}",
        "Sensor reads zero: {what}",
        "Прибор не менее двух часов показывает ровно ноль.",
        "Проверьте питание и контакты датчика, срок службы мембраны или электрода.",
    ),
    Fault.SPIKE: FaultWords(
        "Скачки и шум показаний: {what}",
        "Spikes and noise: {what}",
        "Отдельные показания резко уходят от соседних и тут же возвращаются.",
        "Проверьте разъёмы, заземление и пузырьки или мусор у датчика; очистите его.",
    ),
    Fault.ICE: FaultWords(
        "Лёд или шуга на датчиках: {what}",
        "Ice on the sensors: {what}",
        "Вода около 0 °C, электропроводность, мутность или уровень скачут.",
        "Проверьте, не обмёрз ли зонд и свободно ли течёт вода у датчиков.",
    ),
    Fault.OUT_OF_WATER: FaultWords(
        "Зонд вне воды: {what}",
        "Probe is out of the water: {what}",
        "Электропроводность почти нулевая, остальные каналы показывают воздух.",
        "Проверьте, не опустился ли уровень ниже зонда и на месте ли он.",
    ),
    Fault.RANGE: FaultWords(
        "Показания за физическими пределами: {what}",
        "Readings outside physical limits: {what}",
        "Прибор передаёт числа, которых у воды не бывает.",
        "Проверьте датчик, его кабель и настройку единиц в регистраторе.",
    ),
    Fault.DRIFT: FaultWords(
        "Показания медленно уходят: {what}",
        "Readings drift: {what}",
        "Один показатель день за днём уходит от соседних постов в одну сторону, другие показатели поста – нет.",
        "Проверьте калибровку, очистите датчик и сравните с переносным прибором.",
    ),
    Fault.FOULING: FaultWords(
        "Обрастание или уход, снятые при обслуживании: {what}",
        "Fouling or drift removed by service: {what}",
        "После обслуживания показания изменились скачком: до него прибор ошибался.",
        "Проверьте записи обслуживания и внесите линейную поправку от прошлого визита до этого.",
    ),
}


@dataclass(frozen=True, slots=True)
class FaultSubject:
    """A series, or a whole device (parameter and series_id None) with its code."""

    device_id: int
    device: str
    published: bool
    series_id: int | None = None
    parameter: Parameter | None = None


def fault_key(fault: Fault, subject: FaultSubject) -> str:
    """Key of its alerts: `fault:stuck:17` of a series, `fault:out_of_water:device:3` of a device."""
    name = f"device:{subject.device_id}" if subject.series_id is None else str(subject.series_id)
    return f"{DETECTOR}:{fault.value}:{name}"


def fault_finding(
    episode: FaultEpisode,
    subject: FaultSubject,
    *,
    figures: Mapping[str, Figure] | None = None,
    reasons: tuple[str, ...] = (),
    detail: Mapping[str, Any] | None = None,
    excluded: bool | None = True,
) -> Finding:
    """The episode as a maintenance finding, never a violation. figures, reasons, detail: beyond the usual ones.

    excluded: quality control keeps the readings of the fault from being judged by norms; None: nothing is said of it.
    """
    words, parameter = WORDS[episode.fault], subject.parameter
    own = dict(figures or {})
    seen = words.seen_ru
    if episode.value is not None and parameter is not None:
        own["value"] = Figure(episode.value, parameter.unit_ru)
        seen += f" Значение: {number_ru(episode.value)} {parameter.unit_ru}."
    if episode.ended_at is not None:
        own["duration"] = Figure((episode.ended_at - episode.started_at).total_seconds() / 3600, "ч")
    told = () if excluded is None else (EXCLUDED_RU if excluded else DOUBTED_RU,)
    name_ru = f"{parameter.name_ru} ({subject.device})" if parameter else subject.device
    name_en = f"{parameter.name_en} ({subject.device})" if parameter else subject.device
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.FAULT,
        severity=Severity.MAINTENANCE,
        key=fault_key(episode.fault, subject),
        started_at=episode.started_at,
        knowable_at=episode.knowable_at,
        ended_at=episode.ended_at,
        settled_at=episode.settled_at,
        title=words.title_ru.format(what=name_ru),
        title_en=words.title_en.format(what=name_en),
        series_id=subject.series_id,
        device_id=subject.device_id,
        figures=own,
        reasons=(seen, *reasons, *told, words.hint_ru),
        detail={"fault": episode.fault.value, "hint": words.hint_ru, **(detail or {})},
        published=subject.published,
    )


def drift_words(
    departure: Mapping[str, Any], parameter: Parameter
) -> tuple[dict[str, Figure], tuple[str, ...], dict[str, Any]]:
    """Figures, reasons and the proposal of a linear correction for a drift. departure: `drift.Departure` as JSON.

    The correction (USGS TM1-D3, from memory) takes the drift for linear since the last service: a reading t days after
    it is reduced by per_day · t.
    """
    shift, per_day, days = departure["shift"], departure["per_day"], departure["days"]
    figures = {"shift": Figure(shift, parameter.unit_ru), "per_day": Figure(per_day, f"{parameter.unit_ru} в сутки")}
    reason = (
        f"За {days} сут. уход от обоих соседних постов – {number_ru(shift)} {parameter.unit_ru}, "
        f"обычное расхождение – до {number_ru(departure['usual'])}."
    )
    correction = {"kind": "linear", "per_day": -per_day, "days": days, "at_end": -shift, "proposal": True}
    return figures, (reason,), {"correction": correction}
