"""Does a passport fit itself? Cross-checks that catch a bad one before the blast (`blasting/norms.md` §5.4)."""

from collections.abc import Sequence
from datetime import date

from uskat.blast.explosive.register import Permit, Register, permit_of
from uskat.blast.geometry import distance_to_area_m
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
from uskat.blast.passport.rules import PassportRules
from uskat.blast.provenance import Level

HOLE_OUTSIDE_M = 10.0
"""Holes further than this from the outline are not of this block (handheld GPS)."""


def check_passport(
    passport: Passport,
    *,
    register: Register,
    rules: PassportRules,
    permits: Sequence[Permit] | None = None,
    day: date | None = None,
) -> list[Discrepancy]:
    """Everything that does not fit, errors first. permits with day (local date): the enterprise's permits, if known."""
    found = [
        *hole_number(passport.hole_count, passport.holes, rules=rules),
        *charge_sums(passport.total_charge_kg, passport.holes, loads=passport.explosives, rules=rules),
        *_products(passport, register, rules=rules),
        *delay_charge(passport.max_charge_per_delay_kg, passport.holes, rules=rules),
        *charge_columns(passport.holes, passport.explosives, register=register, rules=rules),
        *powder_factor(passport.powder_factor_kg_m3, "rock.volume_m3", rules=rules),
        *_volume(passport, rules),
        *_depths(passport, rules),
        *_places(passport),
        *_window(passport, rules),
    ]
    if permits is not None and day is not None:
        found += _permits(passport, permits, day=day)
    return sorted(found, key=lambda item: item.weight is not Weight.ERROR)


def check_danger_zone(
    passport: Passport, people_m: float, *, level: Level, equipment_m: float | None = None
) -> list[Discrepancy]:
    """Declared radii smaller than computed ones (`uskat.blast.distance`), m; None: not computed; level: of these."""
    zone = passport.danger_zone
    pairs = (
        ("people", zone.people_m, people_m, "для людей", "for people"),
        ("equipment", zone.equipment_m, equipment_m, "для механизмов", "for equipment"),
    )
    return [
        Discrepancy(
            code=f"danger_zone_{name}",
            weight=Weight.ERROR,
            path=f"danger_zone.{name}_m",
            text=f"Опасная зона {ru} {declared:.0f} м меньше расчётной {needed:.0f} м.",
            text_en=f"The danger zone {en}, {declared:.0f} m, is smaller than the computed {needed:.0f} m.",
            expected=needed,
            found=declared,
            unit="м",
            level=level,
        )
        for name, declared, needed, ru, en in pairs
        if needed is not None and declared < needed
    ]


def _products(passport: Passport, register: Register, *, rules: PassportRules) -> list[Discrepancy]:
    found = []
    declared = {load.product: 0.0 for load in passport.explosives}
    for load in passport.explosives:
        declared[load.product] += load.mass_kg
        if register.product(load.product) is None:
            found.append(Discrepancy("product_unknown", Weight.WARNING, "explosives",
                                     f"ВМ «{load.product}» нет в реестре.",
                                     f"Product {load.product!r} is not in the register."))  # fmt: skip
    only = next(iter(declared)) if len(declared) == 1 else None
    loaded = dict.fromkeys(declared, 0.0)
    for hole in passport.holes:
        code = hole.product or only
        if code is None or code not in loaded:
            found.append(Discrepancy("hole_product", Weight.ERROR, "holes",
                                     f"Скважина {hole.number}: ВМ «{code or 'не указано'}» нет в списке ВМ.",
                                     f"Hole {hole.number}: product {code or '?'} is not in the list."))  # fmt: skip
            return found
        loaded[code] += hole.charge_kg
    if only is None:
        for code, mass in declared.items():
            if apart(mass, loaded[code], share=rules.sum_tolerance.value):
                words = (f"{code}: {{found}} кг в скважинах, {{expected}} кг в списке ВМ.",
                         f"{code}: {{found}} kg in the holes, {{expected}} kg in the list.")  # fmt: skip
                found.append(compared("product_sum", "explosives", expected=mass, found=loaded[code], unit="кг",
                                      words=words, rule=rules.sum_tolerance))  # fmt: skip
    return found


def _volume(passport: Passport, rules: PassportRules) -> list[Discrepancy]:
    pattern = passport.pattern
    by_grid = pattern.spacing_m * pattern.burden_m * pattern.bench_m * passport.hole_count
    if not apart(by_grid, passport.rock.volume_m3, share=rules.volume_tolerance.value):
        return []
    words = (
        "Объём {found} м³, а по сетке, уступу и числу скважин {expected} м³.",
        "Volume {found} m³, grid, bench and number of holes give {expected} m³.",
    )
    return [compared("volume", "rock.volume_m3", expected=by_grid, found=passport.rock.volume_m3, unit="м³",
                     words=words, rule=rules.volume_tolerance, weight=Weight.WARNING)]  # fmt: skip


def _depths(passport: Passport, rules: PassportRules) -> list[Discrepancy]:
    planned = passport.pattern.bench_m + passport.pattern.subdrill_m
    by_hole = {hole.number: hole.depth_m for hole in passport.holes}
    mean = sum(by_hole.values()) / len(by_hole)
    if not apart(planned, mean, share=rules.volume_tolerance.value):
        return []
    words = (
        "Средняя глубина скважин {found} м, а уступ с перебуром {expected} м.",
        "Mean depth of the holes {found} m, bench with subdrill {expected} m.",
    )
    return [compared("depth", "holes", expected=planned, found=mean, unit="м", words=words,
                     rule=rules.volume_tolerance, weight=Weight.WARNING)]  # fmt: skip


def _places(passport: Passport) -> list[Discrepancy]:
    outside = [
        hole.number
        for hole in passport.holes
        if hole.longitude is not None
        and hole.latitude is not None
        and distance_to_area_m(passport.ring, (hole.longitude, hole.latitude)) > HOLE_OUTSIDE_M
    ]
    if not outside:
        return []
    shown = ", ".join(outside[:5])
    return [Discrepancy("hole_outside", Weight.WARNING, "holes",
                        f"Скважины вне контура блока: {shown} (всего {len(outside)}).",
                        f"Holes outside the block: {shown} ({len(outside)} in all).", level=Level.MEMORY)]  # fmt: skip


def _window(passport: Passport, rules: PassportRules) -> list[Discrepancy]:
    hours = (passport.window.planned_to - passport.window.planned_from).total_seconds() / 3600
    longest = rules.window_longest_h
    if hours <= longest.value:
        return []
    words = (
        "Окно взрыва {found} ч, не больше {expected} ч: иначе объявление ничего не говорит.",
        "The window lasts {found} h, at most {expected} h: a longer one announces nothing.",
    )
    return [compared("window_long", "window", expected=longest.value, found=hours, unit="ч", words=words, rule=longest,
                     weight=Weight.WARNING)]  # fmt: skip


def _permits(passport: Passport, permits: Sequence[Permit], *, day: date) -> list[Discrepancy]:
    missing = [
        load
        for load in passport.explosives
        if permit_of(permits, load.product, enterprise=passport.enterprise, day=day) is None
    ]
    return [
        Discrepancy("permit", Weight.ERROR, "explosives",
                    f"Нет разрешения на применение «{load.name}», действующего {day:%d.%m.%Y}.",
                    f"No permit for {load.product} that holds on {day.isoformat()}.")
        for load in missing
    ]  # fmt: skip
