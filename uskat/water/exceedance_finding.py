"""An exceedance in words and figures."""

from dataclasses import dataclass

from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru
from uskat.water.exceedance import Exceedance
from uskat.water.interval import INTERVAL
from uskat.water.norms import LOCAL_ZONE, Level, Norm
from uskat.water.parameters import Parameter

DETECTOR = "exceedance"
PREFIX_RU = {
    Severity.HIGH: "Высокое загрязнение (ВЗ): ",
    Severity.EXTREME: "Экстремально высокое загрязнение (ЭВЗ): ",
}
PREFIX_EN = {Severity.HIGH: "High pollution: ", Severity.EXTREME: "Extremely high pollution: "}
LEVEL_RU = {
    Level.VERIFIED: "Число нормы проверено.",
    Level.SECONDARY: "Число нормы взято из вторичного источника, сам акт не сверён.",
    Level.MEMORY: "Число нормы не проверено по действующему акту.",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """The series an exceedance is about."""

    series_id: int
    device_id: int
    parameter: Parameter
    published: bool


def exceedance_key(series_id: int) -> str:
    """Key of the alerts of one series."""
    return f"{DETECTOR}:{series_id}"


def exceedance_finding(episode: Exceedance, subject: Subject) -> Finding:
    """The episode as a Finding."""
    norm, parameter = episode.norm, subject.parameter
    limit, above = _broken_limit(norm, episode.peak)
    ratio = (episode.peak / limit if above else limit / episode.peak) if limit and episode.peak > 0 else None
    mean_excess = episode.excess_sum / episode.intervals
    figures = {
        "peak": Figure(episode.peak, parameter.unit_ru),
        "limit": Figure(limit, parameter.unit_ru),
        "intervals": Figure(float(episode.intervals), "шт."),
        "mean_excess": Figure(mean_excess, parameter.unit_ru),
    }
    if ratio is not None and parameter.code != "ph":
        figures["ratio"] = Figure(ratio, "раз")
    if episode.ended_at is not None:
        figures["duration"] = Figure((episode.ended_at - episode.started_at).total_seconds() / 3600, "ч")
    reference = norm.to_json()
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.EXCEEDANCE,
        severity=episode.severity,
        key=exceedance_key(subject.series_id),
        started_at=episode.started_at,
        knowable_at=episode.knowable_at,
        ended_at=episode.ended_at,
        settled_at=episode.settled_at,
        title=_title_ru(episode, parameter, limit=limit, above=above),
        title_en=_title_en(episode, parameter, limit=limit, above=above),
        series_id=subject.series_id,
        device_id=subject.device_id,
        figures=figures,
        reasons=_reasons(episode, parameter, limit=limit, above=above),
        norm=reference,
        published=subject.published,
    )


def _broken_limit(norm: Norm, value: float) -> tuple[float, bool]:
    """The limit that a value breaks, and whether from above."""
    if norm.maximum is not None and (norm.minimum is None or value > norm.maximum):
        return norm.maximum, True
    return (norm.minimum if norm.minimum is not None else 0.0), False


def _title_ru(episode: Exceedance, parameter: Parameter, *, limit: float, above: bool) -> str:
    side = "выше нормы" if above else "ниже нормы"
    bound = "" if above else "не менее "
    unit = f" {parameter.unit_ru}"
    return (
        f"{PREFIX_RU.get(episode.severity, '')}{parameter.name_ru} {side}: "
        f"{number_ru(episode.peak)} при норме {bound}{number_ru(limit)}{unit}"
    )


def _title_en(episode: Exceedance, parameter: Parameter, *, limit: float, above: bool) -> str:
    side, bound = ("above", "limit") if above else ("below", "least allowed")
    return (
        f"{PREFIX_EN.get(episode.severity, '')}{parameter.name_en} {side} the norm: "
        f"{number_en(episode.peak)}, {bound} {number_en(limit)} {parameter.unit}"
    )


def _reasons(episode: Exceedance, parameter: Parameter, *, limit: float, above: bool) -> tuple[str, ...]:
    side = "больше" if above else "меньше"
    opening = (
        f"Среднее за 20 минут {_span(episode)} {side} нормы {number_ru(limit)} {parameter.unit_ru}; "
        f"интервалов с нарушением: {episode.intervals}."
    )
    act = f"Норма: {episode.norm.pack_title}."
    if episode.norm.values_from:
        act += f" Числа взяты из {episode.norm.values_from}."
    reasons = [opening, act, LEVEL_RU[episode.norm.level]]
    if parameter.basis:
        reasons.append(f"Значение и норма – в пересчёте на {parameter.basis}.")
    if episode.norm.season:
        season = {"ice": "подлёдный период", "open_water": "открытая вода"}.get(
            episode.norm.season, episode.norm.season
        )
        reasons.append(f"Сезон нормы: {season}.")
    return tuple(reasons)


def _span(episode: Exceedance) -> str:
    """First interval in local time, as screens show it."""
    start = episode.started_at.astimezone(LOCAL_ZONE)
    return f"с {start:%d.%m.%Y %H:%M} до {start + INTERVAL:%H:%M}"
