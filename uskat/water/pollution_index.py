"""УКИЗВ, the combinatorial index of water pollution of RD 52.24.643-2002, and its operational analogue from sensors.

The text of the RD was not available: formulas and bounds are those of the shared sheet `water/norms.md` §3, from memory
and consistent in themselves. The index is one of laboratory samples; from sensors it is only an operational analogue
and must be called so, with its list of ingredients. Maths: docs/algorithms/pollution-index.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from uskat.water.norm_pack import Level

LEVEL = Level.MEMORY
MANDATORY = (
    "do", "bod5", "cod", "phenol", "oil", "no2", "no3", "nh4", "fe", "cu", "zn", "ni", "mn", "cl", "so4",
)  # fmt: skip
"""The fifteen ingredients that the RD wants."""
CRITICAL_SCORE = 9.0
WORST_CRITICAL = 6
OXYGEN_ZERO = 0.01
CLASSES = (
    ("1", "условно чистая", 1.0), ("2", "слабо загрязнённая", 2.0), ("3а", "загрязнённая", 3.0),
    ("3б", "очень загрязнённая", 4.0), ("4а", "грязная", 6.0), ("4б", "грязная", 8.0), ("4в", "очень грязная", 10.0),
    ("4г", "очень грязная", 11.0), ("5", "экстремально грязная", None),
)  # fmt: skip
"""Class, name and upper bound (inclusive) for no critical ingredient; bounds scale with 1 − 0.1·F."""


@dataclass(frozen=True, slots=True)
class Ingredient:
    """Samples of one parameter: how many, how many beyond the norm, mean multiple of the norm among those (β)."""

    parameter: str
    samples: int
    exceeding: int
    mean_ratio: float | None


@dataclass(frozen=True, slots=True)
class IngredientScore:
    """An ingredient with its share of exceeding samples α (%), scores S_α, S_β and their product."""

    ingredient: Ingredient
    repeat_percent: float
    repeat_score: float
    ratio_score: float

    @property
    def score(self) -> float:
        """S_i = S_α · S_β, 0 to 16."""
        return self.repeat_score * self.ratio_score

    @property
    def critical(self) -> bool:
        """True for a critical index of pollution (КПЗ)."""
        return self.score >= CRITICAL_SCORE


@dataclass(frozen=True, slots=True)
class PollutionIndex:
    """КИЗВ and УКИЗВ with class. missing: mandatory ingredients that were not assessed."""

    scores: tuple[IngredientScore, ...]
    combined: float
    specific: float
    critical: tuple[str, ...]
    class_code: str
    class_name: str
    missing: tuple[str, ...]


def ingredient_of(parameter: str, samples: Sequence[tuple[float, float]]) -> Ingredient:
    """Ingredient of samples given as (value, limit); for oxygen the limit is from below and β = limit / value.

    An oxygen of zero counts as 0.01 mg/dm³.
    """
    if parameter == "do":
        ratios = [limit / max(value, OXYGEN_ZERO) for value, limit in samples if value < limit]
    else:
        ratios = [value / limit for value, limit in samples if value > limit]
    return Ingredient(parameter, len(samples), len(ratios), fmean(ratios) if ratios else None)


def repeat_score(percent: float) -> float:
    """S_α of the share of exceeding samples, in per cent."""
    if percent < 1:
        return 0.0
    if percent < 10:
        return 1 + 0.11 * (percent - 1)
    if percent < 30:
        return 2 + 0.05 * (percent - 10)
    return 3 + 0.05 * (percent - 30) if percent < 50 else 4.0


def ratio_score(ratio: float, *, parameter: str) -> float:
    """S_β of the mean multiple of the norm; oxygen has conditional grades of its own (norms.md §3, least certain)."""
    if parameter == "do":
        grades = ((1.0, 1.5), (1.5, 2.0), (2.0, 3.0))
        for grade, (low, high) in enumerate(grades, 1):
            if ratio <= high:
                return grade + (ratio - low) / (high - low)
        return 4.0
    if ratio < 2:
        return 1 + (ratio - 1)
    if ratio < 10:
        return 2 + 0.125 * (ratio - 2)
    return 3 + 0.025 * (ratio - 10) if ratio < 50 else 4.0


def score_of(ingredient: Ingredient) -> IngredientScore:
    """Scores of one ingredient; zero where no sample exceeds. Raises ValueError for one without samples."""
    if ingredient.samples < 1:
        raise ValueError(f"{ingredient.parameter}: no samples")
    percent = 100.0 * ingredient.exceeding / ingredient.samples
    if ingredient.mean_ratio is None or not ingredient.exceeding:
        return IngredientScore(ingredient, percent, 0.0, 0.0)
    beta = ratio_score(ingredient.mean_ratio, parameter=ingredient.parameter)
    return IngredientScore(ingredient, percent, repeat_score(percent), beta)


def class_of(specific: float, critical: int) -> tuple[str, str]:
    """Class and its name of a УКИЗВ with so many critical ingredients; six or more are class 5 at once."""
    last = CLASSES[-1]
    if critical >= WORST_CRITICAL:
        return last[0], last[1]
    share = 1 - 0.1 * critical
    for code, name, bound in CLASSES:
        if bound is None or specific <= round(share * bound, 9):
            return code, name
    return last[0], last[1]


def pollution_index(ingredients: Sequence[Ingredient]) -> PollutionIndex:
    """The index of the assessed ingredients, those without exceedance included. Raises ValueError for none."""
    if not ingredients:
        raise ValueError("an index needs at least one ingredient")
    scores = tuple(map(score_of, ingredients))
    combined = sum(score.score for score in scores)
    specific = combined / len(scores)
    critical = tuple(score.ingredient.parameter for score in scores if score.critical)
    code, name = class_of(specific, len(critical))
    assessed = {ingredient.parameter for ingredient in ingredients}
    missing = tuple(parameter for parameter in MANDATORY if parameter not in assessed)
    return PollutionIndex(scores, combined, specific, critical, code, name, missing)
