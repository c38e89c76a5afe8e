"""Quality of explosives and blasts: a score with its reasons, per product and enterprise (`blasting/norms.md` §5.4).

Each indicator is a number between «good» (no points lost) and «bad» (all of its weight lost), linear between; bounds
and weights are project rules in `uskat/data/blast/quality_rules.json`. What nobody measured is not assessed: it neither
helps nor harms, and when too little was assessed there is no score at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from typing import Any

from pydantic import Field

from uskat.blast.explosive.acceptance import density_fails, vod_fails
from uskat.blast.explosive.register import Permit, Product, Register, permit_of
from uskat.blast.passport.model import Passport
from uskat.blast.passport.report import Acceptance, Report
from uskat.blast.passport.rules import PassportRules
from uskat.blast.provenance import Act, Level, Number, Sourced, parse_data
from uskat.finding import number_en, number_ru


class Indicator(Sourced):
    """Weight of an indicator and the values between which its points are lost."""

    weight: float = Field(gt=0)
    good: float
    bad: float
    unit: str
    name: str
    name_en: str


class OxygenRule(Sourced):
    """Bounds of the oxygen balance, per cent."""

    good_within: float
    nox_above: float
    co_below: float


class QualityRules(Act):
    """All rules of the score."""

    oxygen_balance: OxygenRule
    vod_share: Number
    density_tolerance: Number
    incident_level: Number
    ppv_outlier_s: Number
    least_assessed: Number
    indicators: dict[str, Indicator]


@dataclass(frozen=True, slots=True)
class BlastFacts:
    """What one reported blast says about quality. mass_kg: by product; ppv_score: mean residual in units of s."""

    blast_id: str
    enterprise: str
    fired_at: datetime
    mass_kg: Mapping[str, float]
    holes: int
    misfired: int
    powder_factor_kg_m3: float
    fume_level: int | None
    oversize_share: float | None
    acceptances: tuple[Acceptance, ...]
    ppv_score: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One indicator: its value, how many points it cost, in words. value None: not assessed."""

    indicator: str
    value: float | None
    unit: str
    points_lost: float
    text: str
    text_en: str
    level: Level

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "indicator": self.indicator, "value": self.value, "unit": self.unit, "points_lost": self.points_lost,
            "text": self.text, "text_en": self.text_en, "level": self.level.value,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quality:
    """Score 0–100 of a product or an enterprise; None when too little was assessed. Reasons: costliest first."""

    subject: str
    blasts: int
    score: float | None
    assessed_share: float
    reasons: tuple[Reason, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "subject": self.subject, "blasts": self.blasts, "score": self.score,
            "assessed_share": self.assessed_share, "reasons": [reason.to_json() for reason in self.reasons],
        }  # fmt: skip


def blast_facts(passport: Passport, report: Report, *, ppv_score: float | None = None) -> BlastFacts:
    """Facts of a reported blast; ppv_score from the site law where records exist."""
    mass: dict[str, float] = {}
    for load in report.explosives:
        mass[load.product] = mass.get(load.product, 0.0) + load.mass_kg
    return BlastFacts(
        blast_id=report.blast_id,
        enterprise=report.enterprise,
        fired_at=report.fired_at,
        mass_kg=mass,
        holes=passport.hole_count,
        misfired=report.misfired_holes,
        powder_factor_kg_m3=report.powder_factor_kg_m3,
        fume_level=report.fume.level if report.fume else None,
        oversize_share=report.oversize_share,
        acceptances=report.acceptances,
        ppv_score=ppv_score,
    )


def product_quality(
    product: Product,
    blasts: Sequence[BlastFacts],
    *,
    register: Register,
    rules: QualityRules,
    permits: Sequence[Permit] | None = None,
    delivered: Sequence[Acceptance] = (),
    zone: tzinfo,
) -> Quality:
    """Score of a product from the blasts that used it. permits None: not known, not assessed; zone: of permit dates.

    delivered: measurements outside of reports.
    """
    codes = {product.code, *product.aliases}
    used = [blast for blast in blasts if codes & set(blast.mass_kg)]
    tests = (*(test for blast in used for test in blast.acceptances), *delivered)
    accepted = [test for test in tests if test.product in codes]
    values = {
        "oxygen_balance": register.oxygen_balance_percent(product),
        "permit": _unpermitted(used, permits, codes=codes, zone=zone),
        "density": _share(density_fails(test, product, tolerance=rules.density_tolerance) for test in accepted),
        "vod": _share(vod_fails(test, product, share=rules.vod_share) for test in accepted),
        "misfires": _misfire_rate(used),
        "fume": _fume(used, rules),
    }
    return _score(product.code, values, blasts=len(used), rules=rules)


def enterprise_quality(
    enterprise: str,
    blasts: Sequence[BlastFacts],
    *,
    register: Register,
    rules: QualityRules,
    passport_rules: PassportRules,
    permits: Sequence[Permit] | None = None,
    delivered: Sequence[Acceptance] = (),
    zone: tzinfo,
) -> Quality:
    """Score of an enterprise from all of its reported blasts; delivered: its measurements outside of reports."""
    own = [blast for blast in blasts if blast.enterprise == enterprise]
    products = {code: register.product(code) for blast in own for code in blast.mass_kg}
    tests = (*(test for blast in own for test in blast.acceptances), *delivered)
    pairs = [(test, product) for test in tests
             if (product := products.get(test.product) or register.product(test.product)) is not None]  # fmt: skip
    known = passport_rules.powder_factor_kg_m3
    oversize = [blast.oversize_share for blast in own if blast.oversize_share is not None]
    scores = [blast.ppv_score for blast in own if blast.ppv_score is not None]
    values = {
        "oxygen_balance": _mean_balance(own, products, register=register),
        "permit": _unpermitted(own, permits, codes=None, zone=zone),
        "density": _share(density_fails(test, product, tolerance=rules.density_tolerance) for test, product in pairs),
        "vod": _share(vod_fails(test, product, share=rules.vod_share) for test, product in pairs),
        "misfires": _misfire_rate(own),
        "fume": _fume(own, rules),
        "powder_factor": _share(blast.powder_factor_kg_m3 not in known for blast in own),
        "ppv_residual": _share(abs(score) > rules.ppv_outlier_s.value for score in scores),
        "oversize": sum(oversize) / len(oversize) if oversize else None,
    }
    return _score(enterprise, values, blasts=len(own), rules=rules)


def oxygen_word(balance_percent: float, rules: QualityRules) -> tuple[str, str]:
    """What an oxygen balance means, in Russian and English (§5.1, unverified bounds)."""
    rule = rules.oxygen_balance
    if balance_percent > rule.nox_above:
        return "избыток кислорода: больше NOx", "excess of oxygen: more NOx"
    if balance_percent < rule.co_below:
        return "недостаток кислорода: больше CO", "lack of oxygen: more CO"
    if abs(balance_percent) <= rule.good_within:
        return "близок к нулю", "close to zero"
    return "небольшой недостаток кислорода", "slight lack of oxygen"


def _score(subject: str, values: Mapping[str, float | None], *, blasts: int, rules: QualityRules) -> Quality:
    total = sum(rules.indicators[name].weight for name in values)
    assessed = sum(rules.indicators[name].weight for name, value in values.items() if value is not None)
    reasons = sorted(
        (_reason(name, value, assessed=assessed, rules=rules) for name, value in values.items()),
        key=lambda reason: (-reason.points_lost, reason.indicator),
    )
    enough = assessed >= rules.least_assessed.value * total and blasts > 0
    lost = sum(reason.points_lost for reason in reasons)
    return Quality(subject, blasts, max(0.0, 100 - lost) if enough else None, assessed / total, tuple(reasons))


def _reason(name: str, value: float | None, *, assessed: float, rules: QualityRules) -> Reason:
    item = rules.indicators[name]
    if value is None:
        return Reason(name, None, item.unit, 0.0, f"{item.name}: не оценено, данных нет.",
                      f"{item.name_en}: not assessed, no data.", item.level)  # fmt: skip
    badness = min(1.0, max(0.0, (abs(value) - item.good) / (item.bad - item.good)))
    shown, unit = (100 * value, "%") if item.unit == "доля" else (value, item.unit)
    text, text_en = f"{item.name}: {number_ru(shown)} {unit}", f"{item.name_en}: {number_en(shown)} {unit}"
    if name == "oxygen_balance":
        word, word_en = oxygen_word(value, rules)
        text, text_en = f"{text} – {word}", f"{text_en} – {word_en}"
    points = 100 * item.weight / assessed * badness
    return Reason(name, value, item.unit, points, f"{text}.", f"{text_en}.", item.level)


def _mean_balance(
    blasts: Sequence[BlastFacts], products: Mapping[str, Product | None], *, register: Register
) -> float | None:
    """Balance of what was fired, by mass, over products whose balance is known."""
    weighted = [
        (mass, balance)
        for blast in blasts
        for code, mass in blast.mass_kg.items()
        if (product := products[code]) is not None and (balance := register.oxygen_balance_percent(product)) is not None
    ]
    mass = sum(part for part, _ in weighted)
    return sum(part * balance for part, balance in weighted) / mass if mass else None


def _unpermitted(
    blasts: Sequence[BlastFacts], permits: Sequence[Permit] | None, *, codes: set[str] | None, zone: tzinfo
) -> float | None:
    if permits is None:
        return None
    return _share(
        any(
            permit_of(permits, code, enterprise=blast.enterprise, day=blast.fired_at.astimezone(zone).date()) is None
            for code in blast.mass_kg
            if codes is None or code in codes
        )
        for blast in blasts
    )


def _misfire_rate(blasts: Sequence[BlastFacts]) -> float | None:
    holes = sum(blast.holes for blast in blasts)
    return sum(blast.misfired for blast in blasts) / holes if holes else None


def _fume(blasts: Sequence[BlastFacts], rules: QualityRules) -> float | None:
    levels = [blast.fume_level for blast in blasts if blast.fume_level is not None]
    return _share(level >= rules.incident_level.value for level in levels)


def _share(marks: Iterable[bool | None]) -> float | None:
    """Share of True among the known marks; None for none."""
    known = [mark for mark in marks if mark is not None]
    return sum(known) / len(known) if known else None


@cache
def quality_rules() -> QualityRules:
    """The packaged rules."""
    return parse_data("quality_rules.json", QualityRules)
