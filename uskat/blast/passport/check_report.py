"""Does a report fit its passport, itself, and what the instruments saw?

Sources: `blasting/norms.md` §5.4 (indicators, PPV residual), §3.3 (magnitude against charge), §1.4.10 (clocks).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from uskat.blast.explosive.register import Register
from uskat.blast.geometry import Point, distance_to_area_m
from uskat.blast.passport.discrepancy import (
    Discrepancy,
    Weight,
    apart,
    charge_columns,
    charge_sums,
    compared,
    delay_charge,
    hole_number,
    powder_factor,
)
from uskat.blast.passport.model import Passport
from uskat.blast.passport.report import Report
from uskat.blast.passport.rules import PassportRules
from uskat.finding import number_en, number_ru


@dataclass(frozen=True, slots=True)
class Residual:
    """PPV of one record against the site law: log10(measured / predicted) and the law's s, both in log10 units."""

    station: str
    log10_ratio: float
    sigma: float

    @property
    def score(self) -> float:
        """Residual in units of s."""
        return self.log10_ratio / self.sigma


@dataclass(frozen=True, slots=True)
class Observed:
    """What instruments say of the blast; None where they say nothing.

    origin_time UTC with its uncertainty (s); place (longitude, latitude) with the radius of its 95 % area (m);
    duration_s of shaking; magnitude with the 95 % prediction interval that the declared charge gives.
    """

    origin_time: datetime | None = None
    origin_uncertainty_s: float = 0.0
    place: Point | None = None
    place_uncertainty_m: float = 0.0
    duration_s: float | None = None
    magnitude: float | None = None
    magnitude_expected: tuple[float, float] | None = None
    residuals: tuple[Residual, ...] = ()


def check_report(
    report: Report,
    passport: Passport,
    *,
    register: Register,
    rules: PassportRules,
    observed: Observed | None = None,
) -> list[Discrepancy]:
    """Everything that does not fit, errors first; raises ValueError for the passport of another blast."""
    if (report.blast_id, report.enterprise) != (passport.blast_id, passport.enterprise):
        raise ValueError(f"report of {report.blast_id}, passport of {passport.blast_id}")
    holes = report.holes or passport.holes
    found = [
        *hole_number(report.hole_count, report.holes, rules=rules),
        *charge_sums(report.total_charge_kg, report.holes, loads=report.explosives, rules=rules),
        *charge_columns(report.holes, report.explosives, register=register, rules=rules),
        *delay_charge(
            report.max_charge_per_delay_kg, holes if _as_planned(report, passport) else report.holes, rules=rules
        ),
        *powder_factor(report.powder_factor_kg_m3, "broken_volume_m3", rules=rules),
        *_against_passport(report, passport, rules),
        *_misfires(report, passport, rules),
    ]
    if observed is not None:
        found += _against_record(report, passport, observed=observed, rules=rules)
    return sorted(found, key=lambda item: item.weight is not Weight.ERROR)


def _as_planned(report: Report, passport: Passport) -> bool:
    return not report.holes and report.hole_count == passport.hole_count


def _against_passport(report: Report, passport: Passport, rules: PassportRules) -> list[Discrepancy]:
    found = []
    tolerance = rules.report_charge_tolerance
    pairs = (
        ("total_charge_kg", passport.total_charge_kg, report.total_charge_kg, "Общая масса", "Total charge", "кг"),
        ("broken_volume_m3", passport.rock.volume_m3, report.broken_volume_m3, "Объём", "Volume", "м³"),
    )
    for path, planned, done, ru, en, unit in pairs:
        if apart(planned, done, share=tolerance.value):
            words = (f"{ru}: в отчёте {{found}}, в паспорте {{expected}} {unit}.",
                     f"{en}: {{found}} reported, {{expected}} planned.")  # fmt: skip
            found.append(compared(f"report_{path}", path, expected=planned, found=done, unit=unit, words=words,
                                  rule=tolerance, weight=Weight.WARNING))  # fmt: skip
    new = sorted({load.product for load in report.explosives} - {load.product for load in passport.explosives})
    if new:
        found.append(Discrepancy("report_product", Weight.ERROR, "explosives",
                                 f"ВМ, которых не было в паспорте: {', '.join(new)}.",
                                 f"Products that the passport did not have: {', '.join(new)}."))  # fmt: skip
    if not passport.window.covers(report.fired_at):
        found.append(Discrepancy("report_window", Weight.ERROR, "fired_at",
                                 f"Взорвано в {report.fired_at:%d.%m.%Y %H:%M} UTC, вне объявленного окна.",
                                 f"Fired at {report.fired_at:%Y-%m-%d %H:%M} UTC, outside the window."))  # fmt: skip
    return found


def _misfires(report: Report, passport: Passport, rules: PassportRules) -> list[Discrepancy]:
    found = []
    if report.hole_count + report.misfired_holes != passport.hole_count:
        words = ("Взорвано и отказало {found} скважин, а в паспорте {expected}.",
                 "{found} holes fired or misfired, {expected} planned.")  # fmt: skip
        found.append(compared("report_holes", "hole_count", expected=passport.hole_count,
                              found=report.hole_count + report.misfired_holes, unit="шт.", words=words,
                              rule=rules.sum_tolerance))  # fmt: skip
    planned = {hole.number for hole in passport.holes}
    unknown = sorted({misfire.hole for misfire in report.misfires} - planned)
    if unknown:
        found.append(Discrepancy("misfire_unknown", Weight.ERROR, "misfires",
                                 f"Отказ в скважине, которой нет в паспорте: {', '.join(unknown[:5])}.",
                                 f"A misfire in a hole that was not planned: {', '.join(unknown[:5])}."))  # fmt: skip
    left = [misfire for misfire in report.misfires if misfire.eliminated_at is None]
    if left:
        mass = sum(misfire.explosive_left_kg for misfire in left)
        found.append(Discrepancy("misfire_open", Weight.WARNING, "misfires",
                                 f"Не ликвидировано отказов: {len(left)}, в них {number_ru(mass)} кг ВВ.",
                                 f"{len(left)} misfires are not eliminated, {number_en(mass)} kg in them.",
                                 found=float(len(left)), unit="шт."))  # fmt: skip
    return found


def _against_record(
    report: Report, passport: Passport, *, observed: Observed, rules: PassportRules
) -> list[Discrepancy]:
    found = []
    if observed.origin_time is not None:
        late = abs((observed.origin_time - report.fired_at).total_seconds())
        allowed = rules.record_time_tolerance_s.value + observed.origin_uncertainty_s
        if late > allowed:
            words = ("Время в отчёте расходится с записью на {found} с (допуск {expected} с).",
                     "The reported time is {found} s from the record (tolerance {expected} s).")  # fmt: skip
            found.append(compared("record_time", "fired_at", expected=allowed, found=late, unit="с", words=words,
                                  rule=rules.record_time_tolerance_s))  # fmt: skip
    if observed.place is not None:
        away = distance_to_area_m(passport.ring, observed.place)
        if away > observed.place_uncertainty_m:
            words = ("Очаг в {found} м от блока, погрешность места {expected} м.",
                     "The source is {found} m from the block, its uncertainty is {expected} m.")  # fmt: skip
            found.append(compared("record_place", "block_polygon", expected=observed.place_uncertainty_m, found=away,
                                  unit="м", words=words, rule=rules.record_time_tolerance_s))  # fmt: skip
    found += _size(observed, rules)
    span_s = max((hole.delay_ms for hole in report.holes or passport.holes), default=0.0) / 1000
    longest = span_s + rules.duration_margin_s.value
    if observed.duration_s is not None and observed.duration_s > longest:
        words = ("Колебания длились {found} с, замедления с запасом {expected} с.",
                 "Shaking lasted {found} s, the delays with a margin {expected} s.")  # fmt: skip
        found.append(compared("record_duration", "holes", expected=longest, found=observed.duration_s, unit="с",
                              words=words, rule=rules.duration_margin_s, weight=Weight.WARNING))  # fmt: skip
    return found


def _size(observed: Observed, rules: PassportRules) -> list[Discrepancy]:
    found = []
    if observed.magnitude is not None and observed.magnitude_expected is not None:
        low, high = observed.magnitude_expected
        if not low <= observed.magnitude <= high:
            bound = low if observed.magnitude < low else high
            words = (f"Магнитуда {{found}} вне {number_ru(low)}–{number_ru(high)}, ожидаемых для заявленной массы.",
                     f"Magnitude {{found}}, declared charge: {number_en(low)}–{number_en(high)}.")  # fmt: skip
            found.append(compared("record_magnitude", "total_charge_kg", expected=bound, found=observed.magnitude,
                                  unit="ML", words=words, rule=rules.residual_limit_s))  # fmt: skip
    return found + _residuals(observed.residuals, rules)


def _residuals(residuals: Sequence[Residual], rules: PassportRules) -> list[Discrepancy]:
    """The mean residual speaks of the blast, a single large one of its station or site."""
    if not residuals:
        return []
    limit = rules.residual_limit_s
    mean = sum(residual.score for residual in residuals) / len(residuals)
    if abs(mean) > limit.value:
        words = ("Колебания отличаются от расчётных для заявленного заряда на {found} s (граница {expected} s).",
                 "Vibration differs from that of the declared charge by {found} s (limit {expected} s).")  # fmt: skip
        return [compared("record_ppv", "max_charge_per_delay_kg", expected=limit.value, found=mean, unit="s",
                         words=words, rule=limit)]  # fmt: skip
    single = max(residuals, key=lambda residual: abs(residual.score))
    if abs(single.score) <= limit.value:
        return []
    words = (f"Станция {single.station}: отклонение от расчёта {{found}} s (граница {{expected}} s).",
             f"Station {single.station}: {{found}} s from the prediction (limit {{expected}} s).")  # fmt: skip
    return [compared("record_ppv_station", "max_charge_per_delay_kg", expected=limit.value, found=single.score,
                     unit="s", words=words, rule=limit, weight=Weight.WARNING)]  # fmt: skip
