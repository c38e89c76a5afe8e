"""Acceptance measurements against the register (norms.md §5.4: VOD at least 90 % of the passport)."""

import pytest

from tests.unit.blast.passports import passport, report
from tests.unit.blast.test_explosive_quality import ANFO, of_enterprise, of_product
from uskat.blast.explosive.acceptance import judge_acceptance
from uskat.blast.explosive.quality import blast_facts, quality_rules
from uskat.blast.passport.report import Acceptance
from uskat.blast.provenance import Level

RULES = quality_rules()


def measured(**values):
    return Acceptance.model_validate({"product": "anfo", "measured_at": "2026-06-09T03:00:00Z"} | values)


def judge(product=ANFO, **values):
    return judge_acceptance(measured(**values), product, density_tolerance=RULES.density_tolerance,
                            vod_share=RULES.vod_share)  # fmt: skip


@pytest.mark.parametrize(("vod_m_s", "ok"), [(2250.0, True), (2249.0, False), (4000.0, True), (None, None)])
def test_a_velocity_below_ninety_per_cent_of_the_lowest_published_one_fails(vod_m_s, ok):
    assert judge(vod_m_s=vod_m_s).vod_ok is ok  # ANFO: 2500–4500 m/s (§5.3)


@pytest.mark.parametrize(("density", "ok"), [(0.85, True), (0.76, True), (0.75, False), (0.95, False), (None, None)])
def test_a_density_outside_the_published_range_and_its_tolerance_fails(density, ok):
    assert judge(density_g_cm3=density).density_ok is ok  # ANFO: 0.8–0.9 (§5.3), tolerance 5 %


def test_a_product_nobody_registered_is_not_judged():
    verdict = judge(None, density_g_cm3=0.1, vod_m_s=1.0)
    assert (verdict.density_ok, verdict.vod_ok, verdict.declared) == (None, None, {})
    assert verdict.level is Level.MEMORY


def test_deliveries_outside_of_reports_count_in_the_score():
    blasts = [blast_facts(passport(), report())]
    bad = (measured(vod_m_s=1000.0),)
    for score in (of_product, of_enterprise):
        before, after = score(blasts), score(blasts, delivered=bad)
        values = {reason.indicator: reason.value for reason in after.reasons}
        assert values["vod"] == 1.0
        assert {reason.indicator: reason.value for reason in before.reasons}["vod"] is None
