"""Score of explosives and enterprises with reasons (norms.md §5.1, §5.4)."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.unit.blast.passports import passport, report
from uskat.blast.explosive.quality import (
    blast_facts,
    enterprise_quality,
    oxygen_word,
    product_quality,
    quality_rules,
)
from uskat.blast.explosive.register import Permit, Product, explosive_register
from uskat.blast.passport.rules import passport_rules

ZONE = ZoneInfo("Asia/Novokuznetsk")
REGISTER, RULES = explosive_register(), quality_rules()
PERMIT = Permit(number="1", product="anfo", valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
ANFO = REGISTER.product("anfo")


def facts(count=1, ppv_score=None, **changes):
    return [blast_facts(passport(), report(**changes), ppv_score=ppv_score)] * count


def accepted(**values):
    return {"product": "anfo", "measured_at": "2026-06-09T03:00:00Z"} | values


def of_product(blasts, product=ANFO, permits=(PERMIT,), delivered=()):
    return product_quality(
        product, blasts, register=REGISTER, rules=RULES, permits=permits, delivered=delivered, zone=ZONE
    )


def of_enterprise(blasts, permits=(PERMIT,), delivered=()):
    return enterprise_quality(
        "kedrovaya-pad-demo", blasts, register=REGISTER, rules=RULES, passport_rules=passport_rules(),
        permits=permits, delivered=delivered, zone=ZONE,
    )  # fmt: skip


def lost(quality):
    return {reason.indicator: reason.points_lost for reason in quality.reasons if reason.points_lost > 0}


GOOD = facts(10, fume={"rating": "1A"}, acceptances=[accepted(density_g_cm3=0.85, vod_m_s=3900.0)])


def test_a_product_without_complaint_has_all_points():
    quality = of_product(GOOD)
    assert (quality.score, quality.blasts, quality.assessed_share) == (100, 10, 1)
    assert lost(quality) == {}


def test_every_complaint_costs_points_and_says_why():
    bad = facts(
        1,
        fume={"rating": "4C"},
        hole_count=9,
        misfires=[{"hole": "3", "found_at": "2026-06-10T08:00:00Z", "explosive_left_kg": 10.0}],
        acceptances=[accepted(density_g_cm3=0.98, vod_m_s=2200.0)],
    )
    quality = of_product([*GOOD, *bad], permits=())
    assert set(lost(quality)) == {"permit", "misfires", "fume", "density", "vod"}
    assert quality.reasons[0].indicator == "permit"
    fume = next(reason for reason in quality.reasons if reason.indicator == "fume")
    assert fume.value == pytest.approx(1 / 11)
    assert fume.points_lost == pytest.approx(100 * 3 / 14 * (1 / 11) / 0.2)
    assert fume.text == "Взрывы с облаком 3-го уровня и выше: 9,09 %."
    assert quality.score == pytest.approx(100 - sum(lost(quality).values()))


@pytest.mark.parametrize(("vod", "fails"), [(2250.0, 0), (2249.0, 1)])
def test_vod_is_accepted_from_90_percent_of_the_declared_5_4(vod, fails):
    quality = of_product(facts(acceptances=[accepted(vod_m_s=vod)]))
    assert next(reason.value for reason in quality.reasons if reason.indicator == "vod") == fails


def test_a_product_nobody_measured_has_no_score():
    unknown = Product(code="new-1", name="Новое", name_en="New", family="emulsion")
    blasts = facts(3, explosives=[{"product": "new-1", "name": "Новое", "mass_kg": 2777.0}])
    quality = of_product(blasts, unknown, permits=None)
    assert quality.score is None
    assert quality.assessed_share == pytest.approx(3 / 14), "only misfires are known"
    assert "не оценено" in quality.reasons[-1].text
    assert of_product([]).score is None


def test_an_enterprise_is_judged_by_all_of_its_blasts_only():
    other = facts(5, fume={"rating": "5C"})
    foreign = [
        type(fact)(**{name: getattr(fact, name) for name in fact.__slots__} | {"enterprise": "b"}) for fact in other
    ]
    quality = of_enterprise([*GOOD, *foreign])
    assert (quality.score, quality.blasts) == (100, 10)
    strange = facts(2, ppv_score=2.5, broken_volume_m3=2000.0, oversize_share=0.15)
    worse = of_enterprise([*GOOD, *strange])
    assert set(lost(worse)) == {"powder_factor", "ppv_residual", "oversize"}
    assert worse.score < 100


def test_the_day_of_a_permit_is_local():
    late = facts(fired_at="2026-12-30T18:00:00Z")
    assert lost(of_product(late))["permit"] > 0, "31.12 has begun in Novokuznetsk"
    assert "permit" not in lost(of_product(facts(fired_at="2026-12-30T16:00:00Z")))


@pytest.mark.parametrize(
    ("balance", "word"), [(0.07, "близок к нулю"), (5.5, "больше NOx"), (-45.8, "больше CO"), (-1.74, "небольшой")]
)
def test_what_an_oxygen_balance_means_5_1(balance, word):
    assert word in oxygen_word(balance, RULES)[0]


def test_an_unbalanced_product_loses_points_5_1():
    granulotol = REGISTER.product("granulotol")
    blasts = facts(explosives=[{"product": "granulotol", "name": "Гранулотол", "mass_kg": 2777.0}])
    assert lost(of_product(blasts, granulotol, permits=None))["oxygen_balance"] == pytest.approx(100 * 2 / 5)


def test_the_time_of_firing_is_kept():
    assert facts()[0].fired_at == report().fired_at
    assert facts()[0].fired_at.utcoffset() == timedelta(0)
