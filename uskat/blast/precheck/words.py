"""A pre-check in plain words, Russian and English: one page that a person reads before the blast."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from uskat.blast.emission.mass import NO_FACTOR_RU
from uskat.blast.explosive.register import explosive_register
from uskat.blast.norm.curve import RECEPTOR_RU
from uskat.blast.passport.discrepancy import Weight
from uskat.blast.precheck.outlook import (
    CALM_RU,
    NO_ACT_RU,
    NO_HOURS_RU,
    NO_NO2_RU,
    NO_RECEPTORS_RU,
    NO_ZONES_RU,
    Outcome,
    Precheck,
    ReceptorOutlook,
)
from uskat.blast.provenance import LEVEL_RU, Level, weakest
from uskat.blast.restriction.conflict import UNKNOWN_WEATHER_RU
from uskat.finding import number_en, number_ru

VERDICT: dict[Outcome, tuple[str, str]] = {
    Outcome.STOP: ("Так взрывать нельзя: есть запрет или ошибка в паспорте.",
                   "Not to be fired so: a restriction or an error in the passport forbids it."),
    Outcome.ABOVE: ("Предел может быть превышен.", "A limit may be exceeded."),
    Outcome.UNKNOWN: ("Насколько известно, в пределах; известно не всё.",
                      "Within limits as far as is known; not everything is."),
    Outcome.WITHIN: ("По расчёту в пределах у всех объектов.", "Reckoned to keep the limits everywhere."),
}  # fmt: skip
UNKNOWN_INVERSION_RU = "Есть ли инверсия, не известно."
UNCHECKED_EN = {
    NO_ACT_RU: "No act of safe distances for that day: not computed.",
    NO_ZONES_RU: "No zones of adverse weather (НМУ) are set for the pit: not checked.",
    NO_HOURS_RU: "No hours of blasting are set for the pit: not checked.",
    NO_RECEPTORS_RU: "No receptor is registered around.",
    CALM_RU: "Almost calm: where the cloud goes was not computed.",
    NO_NO2_RU: "The explosive has no factor of NO2 in any document: the cloud was not computed.",
    UNKNOWN_WEATHER_RU: "The weather of that time is not known: wind, inversion and visibility not checked.",
    UNKNOWN_INVERSION_RU: "Whether there is an inversion is not known.",
}
POLLUTANT_RU = {"dust": "пыль", "CO": "CO", "NOx": "NOₓ", "NO2": "NO₂", "NO": "NO"}
LEAST_SHOWN_PERCENT = 0.1


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence or two about one topic."""

    topic: str
    text: str
    text_en: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"topic": self.topic, "text": self.text, "text_en": self.text_en}


def precheck_lines(found: Precheck) -> list[Line]:
    """The page, the verdict first."""
    parts = (_verdict, _basis, _worst, _charge, _air, _distances, _emission, _restrictions, _papers, _verified)
    return [line for part in parts for line in part(found)]


def chance_ru(probability: float | None) -> str:
    """A probability in per cent as it is read; never nought, never certain."""
    if probability is None:
        return "–"
    percent = 100 * probability
    if percent < LEAST_SHOWN_PERCENT:
        return "меньше 0,1 %"
    return "больше 99,9 %" if percent > 100 - LEAST_SHOWN_PERCENT else f"{number_ru(percent)} %"


def range_ru(low: float, high: float) -> str:
    """«97,2–107», or one number where both read alike."""
    first, last = number_ru(low), number_ru(high)
    return first if first == last else f"{first}–{last}"


def _verdict(found: Precheck) -> Iterator[Line]:
    text, text_en = VERDICT[found.outcome]
    above = sum(receptor.kept is False for receptor in found.receptors)
    if above:
        text += f" Объектов, где это возможно: {above} из {len(found.receptors)}."
        text_en += f" Receptors where it may: {above} of {len(found.receptors)}."
    if found.unchecked or found.restrictions.unchecked:
        text += " Проверено не всё."
        text_en += " Not everything was checked."
    yield Line("verdict", text, text_en)


def _basis(found: Precheck) -> Iterator[Line]:
    law = found.ground.usable
    if law is not None:
        yield Line(
            "basis",
            f"Колебания посчитаны по закону карьера из {law.n} его записей; вне их дальности – по большему из двух.",
            f"Vibration by the pit's own law from {law.n} records; beyond their range the larger of it and the prior.",
        )
        return
    why = "" if found.ground.law is None else f" {' '.join(found.ground.law.refused)}"
    yield Line(
        "basis",
        "Своего закона у карьера ещё нет: расчёт по общему закону, границы широкие "
        f"(своих записей {found.ground.prior.n}).{why}",
        f"The pit has no law of its own yet: general law, wide bounds ({found.ground.prior.n} records of its own).",
    )


def _worst(found: Precheck) -> Iterator[Line]:
    if not found.receptors:
        return
    one = found.receptors[0]
    forecast = one.forecast
    limit, limit_en = "предела норма не даёт", "the norm has no limit"
    if forecast.limit_mm_s is not None:
        limit = f"предел {number_ru(forecast.limit_mm_s)} мм/с ({one.norm.title})"
        limit_en = f"limit {number_en(forecast.limit_mm_s)} mm/s ({one.norm.title_en})"
    yield Line(
        "vibration",
        f"Ближе всего к пределу: {one.site.name} ({RECEPTOR_RU[one.site.receptor]}), {number_ru(forecast.distance_m)} "
        f"м: вероятнее всего {number_ru(forecast.median_mm_s)} мм/с, с вероятностью 95 % не больше "
        f"{number_ru(forecast.bound_mm_s)} мм/с; {limit}. Вероятность превышения: {chance_ru(forecast.probability)}. "
        f"Частота: {found.ground.band.class_ru}.",
        f"Nearest to its limit: {one.site.name}, {number_en(forecast.distance_m)} m: most likely "
        f"{number_en(forecast.median_mm_s)} mm/s, with 95 % not above {number_en(forecast.bound_mm_s)} mm/s; "
        f"{limit_en}.",
    )


def _charge(found: Precheck) -> Iterator[Line]:
    largest = found.largest_charge
    declared = found.passport.max_charge_per_delay_kg
    if found.charge_kg > declared:
        yield Line(
            "charge",
            f"По замедлениям скважин в {number_ru(found.charge.convention.window_ms)} мс попадает "
            f"{number_ru(found.charge_kg)} кг, а не {number_ru(declared)} кг: расчёт по большему.",
            f"By the delays {number_en(found.charge_kg)} kg fire within one window, not {number_en(declared)} kg.",
        )
    if largest is None:
        return
    most, receptor = largest
    yield Line(
        "charge",
        f"Чтобы граница 95 % осталась ниже предела у всех, в одном замедлении – не больше {number_ru(most)} кг "
        f"(решает {receptor.place.name}); сейчас {number_ru(found.charge_kg)} кг.",
        f"At most {number_en(most)} kg in one delay keep every 95 % bound below its limit "
        f"(set by {receptor.place.name}); now {number_en(found.charge_kg)} kg.",
    )


def _air(found: Precheck) -> Iterator[Line]:
    if not found.receptors:
        return
    loudest = max(found.receptors, key=_excess)
    air = loudest.forecast.airblast
    wind = "Ветер неизвестен, без поправки." if found.weather is None or found.weather.wind is None else (
        f"Ветер с {found.weather.wind.from_deg:.0f}°, {number_ru(found.weather.wind.speed_m_s)} м/с "
        f"({found.weather.source})."
    )  # fmt: skip
    limit = loudest.airblast_limit_dbl
    told = f"предел {number_ru(limit)} дБ(L)" if limit is not None else "предел не задан"
    told_en = f"limit {number_en(limit)} dB(L)" if limit is not None else "no limit"
    yield Line(
        "airblast",
        f"Воздушная волна: {loudest.site.name} – {range_ru(air.low_dbl, air.high_dbl)} дБ(L), {told}. {wind}",
        f"Airblast: {loudest.site.name}, {number_en(air.low_dbl)}–{number_en(air.high_dbl)} dB(L), {told_en}.",
    )
    clouds = [one for one in found.receptors if one.no2 is not None and one.no2.towards]
    if clouds:
        worst = max(clouds, key=lambda one: one.no2.mean_20min_mg_m3[1] if one.no2 else 0.0)
        low, high = worst.no2.mean_20min_mg_m3 if worst.no2 else (0.0, 0.0)
        yield Line(
            "cloud",
            f"Облако: {worst.site.name} – NO₂ за 20 минут {range_ru(low, high)} мг/м³. Оценка, не измерение.",
            f"Cloud: {worst.site.name}, NO2 over 20 minutes {number_en(low)}–{number_en(high)} mg/m³. An estimate.",
        )


def _excess(one: ReceptorOutlook) -> tuple[bool, float]:
    limit = one.airblast_limit_dbl
    level = one.forecast.airblast.high_dbl
    return (limit is not None, level - limit if limit is not None else level)


def _distances(found: Precheck) -> Iterator[Line]:
    if found.distances is None:
        return
    by_kind = found.distances.distances
    declared = found.passport.danger_zone.people_m
    inside = [one.site.name for one in found.receptors if one.seismic_kept is False]
    yield Line(
        "distances",
        f"Разлёт кусков: {number_ru(by_kind['flyrock'].metres)} м (заявлена зона {number_ru(declared)} м); "
        f"сейсмическое расстояние {number_ru(by_kind['seismic'].metres)} м; остекление "
        f"{number_ru(by_kind['glazing'].metres)} м; "
        f"газы {number_ru(by_kind['gas'].metres)} м."
        + (f" Ближе сейсмического: {', '.join(inside)}." if inside else ""),
        f"Fly-rock {number_en(by_kind['flyrock'].metres)} m (declared {number_en(declared)} m), seismic "
        f"{number_en(by_kind['seismic'].metres)} m, glazing {number_en(by_kind['glazing'].metres)} m, gas "
        f"{number_en(by_kind['gas'].metres)} m.",
    )
    if found.distances.warning is not None:
        yield Line("distances", found.distances.warning, "The act of safe distances has ended; no successor is loaded.")


def _emission(found: Precheck) -> Iterator[Line]:
    shown = [(name, amount) for name, amount in found.emission.amounts.items() if amount is not None]
    if shown:
        parts = [
            f"{POLLUTANT_RU.get(name, name)} {number_ru(one.own_t)} ({number_ru(one.low_t)}–{number_ru(one.high_t)})"
            for name, one in shown
        ]
        parts_en = [
            f"{name} {number_en(one.own_t)} ({number_en(one.low_t)}–{number_en(one.high_t)})" for name, one in shown
        ]
        yield Line("emission", f"Выброс, т: {'; '.join(parts)}.", f"Emission, t: {'; '.join(parts_en)}.")
    names = {one.code: one.name for one in explosive_register().products}
    for item in found.emission.without_factor:
        yield Line(
            "emission",
            f"{names.get(item.product, item.product)}, {number_ru(item.mass_t)} т: {NO_FACTOR_RU}; это не ноль.",
            f"{item.product}, {number_en(item.mass_t)} t: no official factor; that is not zero.",
        )


def _restrictions(found: Precheck) -> Iterator[Line]:
    for conflict in found.restrictions.conflicts:
        yield Line(f"restriction.{conflict.gravity.value}", conflict.text, conflict.text_en)
    for words in (*found.restrictions.unchecked, *found.unchecked):
        yield Line("unchecked", words, UNCHECKED_EN.get(words, f"Not checked: {words}"))


def _papers(found: Precheck) -> Iterator[Line]:
    for item in found.discrepancies:
        word = "error" if item.weight is Weight.ERROR else "warning"
        yield Line(f"paper.{word}", item.text, item.text_en)


def _verified(found: Precheck) -> Iterator[Line]:
    level = weakest([one.forecast.level for one in found.receptors])
    if level is not Level.VERIFIED:
        yield Line(
            "level",
            f"Числа пределов и законов: {LEVEL_RU[level]}. Это расчёт до взрыва, не измерение.",
            f"Limits and laws: level {level.value}. A reckoning before the blast, not a measurement.",
        )
