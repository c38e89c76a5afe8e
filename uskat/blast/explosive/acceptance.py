"""An acceptance measurement against what is published of the product (`blasting/norms.md` §5.4).

Tolerances: `uskat/data/blast/quality_rules.json` – velocity at least 90 % of the lowest published one (memory), density
within 5 % of the published range (project rule). What was not measured or is not published is not judged: None.
"""

from dataclasses import dataclass
from typing import Any

from uskat.blast.explosive.register import Product
from uskat.blast.passport.report import Acceptance
from uskat.blast.provenance import LEVEL_RU, Level, Number, weakest


@dataclass(frozen=True, slots=True)
class AcceptanceVerdict:
    """density_ok, vod_ok: None where it cannot be judged. declared: the published ranges that were compared with."""

    density_ok: bool | None
    vod_ok: bool | None
    declared: dict[str, tuple[float, float]]
    level: Level

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "density_ok": self.density_ok, "vod_ok": self.vod_ok,
            "declared": {name: list(span) for name, span in self.declared.items()},
            "level": self.level.value, "level_ru": LEVEL_RU[self.level],
        }  # fmt: skip


def judge_acceptance(
    test: Acceptance, product: Product | None, *, density_tolerance: Number, vod_share: Number
) -> AcceptanceVerdict:
    """A measurement against the product; product None: not registered, nothing to compare with."""
    spans = {} if product is None else {"density_g_cm3": product.density_g_cm3, "vod_m_s": product.vod_m_s}
    known = {name: span for name, span in spans.items() if span is not None}
    density = vod = None
    if product is not None:
        density = density_fails(test, product, tolerance=density_tolerance)
        vod = vod_fails(test, product, share=vod_share)
    return AcceptanceVerdict(
        density_ok=None if density is None else not density,
        vod_ok=None if vod is None else not vod,
        declared={name: (span.low, span.high) for name, span in known.items()},
        level=weakest([density_tolerance.level, vod_share.level, *(span.level for span in known.values())]),
    )


def density_fails(test: Acceptance, product: Product, *, tolerance: Number) -> bool | None:
    """True outside the published range and its tolerance."""
    if test.density_g_cm3 is None or product.density_g_cm3 is None:
        return None
    low, high = product.density_g_cm3.low * (1 - tolerance.value), product.density_g_cm3.high * (1 + tolerance.value)
    return not low <= test.density_g_cm3 <= high


def vod_fails(test: Acceptance, product: Product, *, share: Number) -> bool | None:
    """True below the share of the lowest published velocity."""
    if test.vod_m_s is None or product.vod_m_s is None:
        return None
    return test.vod_m_s < share.value * product.vod_m_s.low
