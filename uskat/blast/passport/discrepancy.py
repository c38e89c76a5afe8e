"""What a check of a passport or report found, and the comparisons that all checks share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from uskat.blast.explosive.detonation import linear_charge_kg_m
from uskat.blast.explosive.register import Product, Register
from uskat.blast.passport.delay import charge_per_delay_of
from uskat.blast.passport.model import ExplosiveLoad, Hole
from uskat.blast.passport.rules import PassportRules
from uskat.blast.provenance import Level, Sourced, weakest
from uskat.finding import number_en, number_ru


class Weight(StrEnum):
    """error: the document contradicts itself or the record; warning: possible, but outside what is usual."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing that does not fit. path: dotted place in the document; expected, found in `unit`; level of the rule."""

    code: str
    weight: Weight
    path: str
    text: str
    text_en: str
    expected: float | None = None
    found: float | None = None
    unit: str | None = None
    level: Level = Level.VERIFIED

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "code": self.code, "weight": self.weight.value, "path": self.path, "text": self.text,
            "text_en": self.text_en, "expected": self.expected, "found": self.found, "unit": self.unit,
            "level": self.level.value,
        }  # fmt: skip


def apart(expected: float, found: float, *, share: float) -> bool:
    """True when two amounts differ by more than a share of the larger."""
    return abs(found - expected) > share * max(abs(expected), abs(found))


def compared(
    code: str,
    path: str,
    *,
    expected: float,
    found: float,
    unit: str,
    words: tuple[str, str],
    rule: Sourced,
    weight: Weight = Weight.ERROR,
) -> Discrepancy:
    """A discrepancy of two numbers. words: sentences in Russian and English with {found} and {expected}.

    The places are replaced, not formatted: names of holes and products in the sentences are foreign text.
    """
    ru, en = words
    return Discrepancy(
        code=code,
        weight=weight,
        path=path,
        text=ru.replace("{found}", number_ru(found)).replace("{expected}", number_ru(expected)),
        text_en=en.replace("{found}", number_en(found)).replace("{expected}", number_en(expected)),
        expected=expected,
        found=found,
        unit=unit,
        level=rule.level,
    )


def charge_sums(
    total_kg: float, holes: Sequence[Hole], *, loads: Sequence[ExplosiveLoad], rules: PassportRules
) -> list[Discrepancy]:
    """Charges of the holes, and masses of the products, against the declared total."""
    tolerance = rules.sum_tolerance
    found = []
    by_holes = sum(hole.charge_kg for hole in holes)
    if holes and apart(total_kg, by_holes, share=tolerance.value):
        words = (
            "Сумма зарядов скважин {found} кг, а общая масса {expected} кг.",
            "The charges of the holes sum to {found} kg, the declared total is {expected} kg.",
        )
        found.append(compared("charge_sum", "total_charge_kg", expected=total_kg, found=by_holes, unit="кг",
                              words=words, rule=tolerance))  # fmt: skip
    by_products = sum(load.mass_kg for load in loads)
    if apart(total_kg, by_products, share=tolerance.value):
        words = (
            "Сумма масс ВМ {found} кг, а общая масса {expected} кг.",
            "The masses of the products sum to {found} kg, the declared total is {expected} kg.",
        )
        found.append(compared("explosive_sum", "explosives", expected=total_kg, found=by_products, unit="кг",
                              words=words, rule=tolerance))  # fmt: skip
    return found


def hole_number(count: int, holes: Sequence[Hole], *, rules: PassportRules) -> list[Discrepancy]:
    """Listed holes against the declared number, and charges listed twice."""
    found = []
    listed = len({hole.number for hole in holes})
    if holes and listed != count:
        words = ("В списке скважин {found}, а заявлено {expected}.", "{found} holes are listed, {expected} declared.")
        found.append(compared("hole_count", "hole_count", expected=count, found=listed, unit="шт.",
                              words=words, rule=rules.sum_tolerance))  # fmt: skip
    listed_charges = Counter((hole.number, hole.deck) for hole in holes)
    twice = [f"{number}/{deck}" for (number, deck), times in sorted(listed_charges.items()) if times > 1]
    if twice:
        shown = ", ".join(twice[:5])
        found.append(Discrepancy("hole_twice", Weight.ERROR, "holes", f"Заряд записан дважды: {shown}.",
                                 f"Charges listed twice: {shown}."))  # fmt: skip
    return found


def delay_charge(declared_kg: float, holes: Sequence[Hole], *, rules: PassportRules) -> list[Discrepancy]:
    """The declared charge per delay against that of the firing times; too small a number is an error."""
    if not holes:
        return []
    computed = charge_per_delay_of(holes, rules.delay_window).charge_kg
    if not apart(computed, declared_kg, share=rules.sum_tolerance.value):
        return []
    words = (
        "Заявлено {found} кг в одном замедлении, по временам замедления {expected} кг (окно 8 мс).",
        "{found} kg per delay declared, the firing times give {expected} kg (8 ms window).",
    )
    weight = Weight.ERROR if declared_kg < computed else Weight.WARNING
    return [compared("charge_per_delay", "max_charge_per_delay_kg", expected=computed, found=declared_kg, unit="кг",
                     words=words, rule=rules.delay_window, weight=weight)]  # fmt: skip


def powder_factor(factor_kg_m3: float, path: str, *, rules: PassportRules) -> list[Discrepancy]:
    """Charge per m³ outside the range that blasting knows (norms.md §5.4)."""
    known = rules.powder_factor_kg_m3
    if factor_kg_m3 in known:
        return []
    bound = known.low if factor_kg_m3 < known.low else known.high
    words = (
        f"Удельный расход {{found}} кг/м³ вне {number_ru(known.low)}–{number_ru(known.high)} кг/м³.",
        f"Powder factor {{found}} kg/m³ is outside {number_en(known.low)}–{number_en(known.high)} kg/m³.",
    )
    return [compared("powder_factor", path, expected=bound, found=factor_kg_m3, unit="кг/м³",
                     words=words, rule=known, weight=Weight.WARNING)]  # fmt: skip


def charge_columns(
    holes: Sequence[Hole], loads: Sequence[ExplosiveLoad], *, register: Register, rules: PassportRules
) -> list[Discrepancy]:
    """Charge and stemming that do not fit into the hole, and masses that do not fit the length of their column."""
    found = []
    lengths: dict[str, tuple[float, float]] = {}
    for hole in holes:
        used, depth = lengths.get(hole.number, (0.0, hole.depth_m))
        lengths[hole.number] = (used + hole.charge_length_m + hole.stemming_m, max(depth, hole.depth_m))
    deep = rules.depth_tolerance_m
    worst = max(lengths, key=lambda number: lengths[number][0] - lengths[number][1], default=None)
    if worst is not None and lengths[worst][0] > lengths[worst][1] + deep.value:
        used, depth = lengths[worst]
        words = (
            f"Скважина {worst}: заряд и забойка {{found}} м не помещаются в {{expected}} м.",
            f"Hole {worst}: charge and stemming of {{found}} m do not fit into {{expected}} m.",
        )
        found.append(compared("column_length", "holes", expected=depth, found=used, unit="м", words=words, rule=deep))
    return found + _masses_of_columns(holes, loads, register=register, rules=rules)


def _masses_of_columns(
    holes: Sequence[Hole], loads: Sequence[ExplosiveLoad], *, register: Register, rules: PassportRules
) -> list[Discrepancy]:
    only = loads[0].product if len(loads) == 1 else None
    bad = []
    for hole in holes:
        product = register.product(hole.product or only or "")
        limits = None if product is None else _column_kg(hole, product, rules.column_tolerance.value)
        if limits is not None and not limits[0] <= hole.charge_kg <= limits[1]:
            bound = limits[0] if hole.charge_kg < limits[0] else limits[1]
            bad.append((abs(hole.charge_kg - bound) / bound, hole, bound, product))
    if not bad:
        return []
    _, hole, bound, product = max(bad, key=lambda item: item[0])
    density = product.density_g_cm3 if product else None
    share = f"{len(bad)} из {len(holes)}", f"{len(bad)} of {len(holes)}"
    words = (
        f"Скважина {hole.number}: {{found}} кг не подходит к размерам заряда (граница {{expected}}), таких {share[0]}.",
        f"Hole {hole.number}: {{found}} kg does not fit its column (bound {{expected}} kg), {share[1]} such.",
    )
    rule = rules.column_tolerance.model_copy(
        update={"level": weakest([rules.column_tolerance.level, *([density.level] if density else [])])}
    )
    return [compared("column_mass", "holes", expected=bound, found=hole.charge_kg, unit="кг", words=words, rule=rule)]


def _column_kg(hole: Hole, product: Product, tolerance: float) -> tuple[float, float] | None:
    if product.density_g_cm3 is None:
        return None
    low, high = (
        linear_charge_kg_m(diameter_mm=hole.diameter_mm, density_g_cm3=density) * hole.charge_length_m
        for density in (product.density_g_cm3.low, product.density_g_cm3.high)
    )
    return low * (1 - tolerance), high * (1 + tolerance)
