"""An exceedance in words and figures."""

from dataclasses import dataclass
from typing import Any

from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru
from uskat.water.background import Background, BackgroundSource
from uskat.water.exceedance import Exceedance
from uskat.water.interval import INTERVAL
from uskat.water.norms import LOCAL_ZONE, Level, Norm
from uskat.water.parameters import Parameter
from uskat.water.verdict import VERDICT_RU, Accuracy, Verdict, judge

DETECTOR = "exceedance"
CONFIRMING_INTERVALS = 2
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
SEASON_RU = {"ice": "подлёдный период", "open_water": "открытая вода"}
STATES_RU = {1: "автоматическая система", 2: "оборудование", 4: "пломба"}


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


def exceedance_finding(episode: Exceedance, subject: Subject, *, accuracy: Accuracy | None = None) -> Finding:
    """The episode as a Finding; accuracy: of the series, None when nothing is known of it."""
    parameter = subject.parameter
    limit, above = _broken_limit(episode.peak_norm, episode.peak)
    uncertainty = accuracy.uncertainty(episode.peak) if accuracy is not None else None
    verdict = _verdict(episode, uncertainty)
    figures = _figures(episode, parameter, limit=limit, above=above)
    if uncertainty is not None:
        figures["uncertainty"] = Figure(uncertainty, parameter.unit_ru)
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
        reasons=_reasons(episode, parameter, verdict=verdict, uncertainty=uncertainty),
        norm=episode.peak_norm.to_json(),
        detail=_detail(episode, verdict=verdict, uncertainty=uncertainty, accuracy=accuracy),
        published=subject.published,
    )


def _verdict(episode: Exceedance, uncertainty: float | None) -> Verdict | None:
    """On the peak. A limit over a background already holds the uncertainty, so what breaks it is certain."""
    norm = episode.peak_norm
    if norm.background is not None:
        uncertainty = 0.0
    if uncertainty is None:
        return None
    return judge(episode.peak, uncertainty, minimum=norm.minimum, maximum=norm.maximum)


def _figures(episode: Exceedance, parameter: Parameter, *, limit: float, above: bool) -> dict[str, Figure]:
    ratio = (episode.peak / limit if above else limit / episode.peak) if limit and episode.peak > 0 else None
    figures = {
        "peak": Figure(episode.peak, parameter.unit_ru),
        "limit": Figure(limit, parameter.unit_ru),
        "intervals": Figure(float(episode.intervals), "шт."),
        "mean_excess": Figure(episode.excess_sum / episode.intervals, parameter.unit_ru),
    }
    if ratio is not None and parameter.code not in {"ph", "temp"}:
        figures["ratio"] = Figure(ratio, "раз")
    background = episode.peak_norm.background
    if background is not None:
        figures["background"] = Figure(background.value, parameter.unit_ru)
    if episode.ended_at is not None:
        figures["duration"] = Figure((episode.ended_at - episode.started_at).total_seconds() / 3600, "ч")
    return figures


def _detail(
    episode: Exceedance, *, verdict: Verdict | None, uncertainty: float | None, accuracy: Accuracy | None
) -> dict[str, Any]:
    norm = episode.peak_norm
    detail: dict[str, Any] = {
        "verdict": verdict.value if verdict is not None else None,
        "uncertainty": None,
        "confirmed": episode.intervals >= CONFIRMING_INTERVALS,
        "norm_verified": norm.level is Level.VERIFIED,
        "norm_level": norm.level.value,
        "peak_at": episode.peak_at.isoformat(),
        "states": [bit for bit in STATES_RU if episode.states & bit],
        "background": norm.background.to_json() if norm.background is not None else None,
    }
    if accuracy is not None and uncertainty is not None:
        detail["uncertainty"] = {
            "value": uncertainty,
            "k": 2,
            "instrument": accuracy.instrument,
            "level": accuracy.level.value,
            "source": accuracy.source,
        }
    return detail


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


def _reasons(
    episode: Exceedance, parameter: Parameter, *, verdict: Verdict | None, uncertainty: float | None
) -> tuple[str, ...]:
    limit, above = _broken_limit(episode.norm, episode.peak)
    side = "больше" if above else "меньше"
    opening = (
        f"Среднее за 20 минут {_span(episode)} {side} нормы {number_ru(limit)} {parameter.unit_ru}; "
        f"интервалов с нарушением: {episode.intervals}."
    )
    reasons = [opening, _confidence(verdict, parameter, uncertainty=uncertainty, episode=episode)]
    if episode.peak_norm.background is not None:
        reasons += _background_reasons(episode.peak_norm, episode.peak_norm.background, parameter=parameter)
    act = f"Норма: {episode.norm.pack_title}."
    if episode.norm.values_from:
        act += f" Числа взяты из {episode.norm.values_from}."
    if episode.norm.local:
        act += " Норма установлена для этого водного объекта."
    reasons += [act, LEVEL_RU[episode.norm.level]]
    if parameter.basis:
        reasons.append(f"Значение и норма – в пересчёте на {parameter.basis}.")
    if episode.norm.season:
        reasons.append(f"Сезон нормы: {SEASON_RU.get(episode.norm.season, episode.norm.season)}.")
    if episode.states:
        named = ", ".join(text for bit, text in STATES_RU.items() if episode.states & bit)
        reasons.append(f"Каналы состояния сообщали о неисправности: {named}.")
    if episode.suspect:
        reasons.append(
            f"Контроль качества сомневается в интервалах с нарушением: {episode.suspect} из {episode.intervals} "
            "(резкое изменение, необычная для сезона величина или отдельные скачки); они учтены."
        )
    return tuple(reasons)


def _confidence(
    verdict: Verdict | None, parameter: Parameter, *, uncertainty: float | None, episode: Exceedance
) -> str:
    """How sure it is, in words: against the uncertainty, and by how many intervals."""
    if verdict is None or uncertainty is None:
        said = "Погрешность измерения неизвестна, достоверность не оценена"
    elif episode.peak_norm.background is not None:
        said = "Достоверно: рост над фоном больше неопределённости разности (k = 2)"
    else:
        said = (
            f"{VERDICT_RU[verdict].capitalize()}: неопределённость измерения "
            f"±{number_ru(uncertainty)} {parameter.unit_ru} (k = 2)"
        )
    confirmed = "подтверждено вторым интервалом" if episode.intervals >= CONFIRMING_INTERVALS else "пока один интервал"
    return f"{said}; {confirmed}."


def _background_reasons(norm: Norm, background: Background, *, parameter: Parameter) -> list[str]:
    value = f"{number_ru(background.value)} ± {number_ru(background.uncertainty)} {parameter.unit_ru}"
    allowed = f"Допустимый рост над фоном: {number_ru(norm.delta or 0.0)} {parameter.unit_ru}."
    if background.source is BackgroundSource.SEASON:
        season = (
            f"Фон {value}: медиана этого поста в тот же час за две недели до этого, постов выше нет или они молчали. "
            "Это не фоновый створ: повод присмотреться, не нарушение."
        )
        return [season, allowed]
    posts = ", ".join(
        f"{post.code} ({number_ru(post.distance_km)} км выше, вода идёт около {number_ru(post.travel_s / 3600)} ч)"
        for post in background.posts
    )
    return [
        f"Фон {value}: {posts}. Акт сравнивает с фоновым створом у самого выпуска, поэтому это повод для проверки.",
        allowed,
    ]


def _span(episode: Exceedance) -> str:
    """First interval in local time, as screens show it."""
    start = episode.started_at.astimezone(LOCAL_ZONE)
    return f"с {start:%d.%m.%Y %H:%M} до {start + INTERVAL:%H:%M}"
