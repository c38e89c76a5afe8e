"""Indicators and their traps: norms.md §3.5, §1.5.4, traps 10 and 15; the real catalogue where it lies beside."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.catalogue.mean_magnitude import magnitude_years
from uskat.blast.kpi.activity import FiredBlast, blasts_by_pit_and_month
from uskat.blast.kpi.magnitude import MagnitudeBasis, completeness_estimate, magnitude_kpi
from uskat.blast.kpi.punctuality import ReportDue, punctuality
from uskat.blast.kpi.rules import kpi_rules
from uskat.blast.kpi.within_limits import ReceptorPeak, within_limits
from uskat.blast.norm.pack import AnnualRule
from uskat.blast.provenance import Level

RULES = kpi_rules()
ZONE = ZoneInfo("Asia/Novokuznetsk")
CATALOGUE = Path(__file__).parents[4] / "shared/blasting/data/pnsn_comcat_2018-2022.csv"


def event(year, magnitude, number=0, *, agency="asf", kind="ml", word="explosion"):
    at = datetime(year, 3, 1, 5, tzinfo=UTC) + timedelta(hours=number)
    return CatalogueEvent(f"{agency}{year}{kind}{number}", at, 54.0, 87.0, magnitude=magnitude, magnitude_type=kind,
                          type=word, agency=agency)  # fmt: skip


def year_of_blasts(year, *, n, shift=0.0, small=0, seed=1, **more):
    """n blasts above 1.5 with a falling number of strong ones, and small ones that a better network also sees."""
    rng = np.random.default_rng(seed)
    strong = np.round(1.45 + rng.exponential(0.3, n) + shift, 2)
    weak = np.round(rng.uniform(0.5, 1.3, small), 2)
    return [event(year, float(value), number, **more) for number, value in enumerate((*strong, *weak))]


def basis(threshold=1.8, network="asf", kind="ml", offset=7.0):
    return MagnitudeBasis(network, kind, threshold, offset)


def kpi(events, year=2024, **more):
    return magnitude_kpi(events, year, basis=basis(**more), rules=RULES)


TWO_YEARS = [*year_of_blasts(2020, n=400), *year_of_blasts(2024, n=400, shift=-0.1, seed=1)]


def test_both_means_stand_side_by_side_with_what_they_rest_on_3_5():
    found = kpi(TWO_YEARS)
    assert found.refusals == ()
    assert set(found.reduction_percent) == {"arithmetic", "energy"}
    for name, base, year in (
        ("arithmetic", found.base.arithmetic, found.year.arithmetic),
        ("energy", found.base.energy, found.year.energy),
    ):
        assert found.reduction_percent[name] == pytest.approx(100 * (base - year) / base)
        assert found.change_ml[name] == pytest.approx(year - base)
    told = found.to_json()
    assert told["threshold"] == 1.8
    assert told["base"]["n"] == sum(e.magnitude >= 1.8 for e in TWO_YEARS if e.at.year == 2020)
    assert told["base"]["p95"] > told["base"]["median"]
    assert (told["network"], told["magnitude_type"], told["level"]) == ("asf", "ml", "memory")


def test_more_small_events_do_not_move_the_indicator_trap_10():
    richer = [*TWO_YEARS, *year_of_blasts(2024, n=0, small=150)]
    assert kpi(richer).change_ml == kpi(TWO_YEARS).change_ml
    naive = [np.mean([e.magnitude for e in events if e.at.year == 2024]) for events in (TWO_YEARS, richer)]
    assert naive[1] < naive[0] - 0.1, "without a threshold the mean falls by more than a tenth"


@pytest.mark.parametrize(
    ("events", "options", "reason"),
    [
        (TWO_YEARS, {"threshold": None}, "Не задан общий порог"),
        (TWO_YEARS, {"threshold": 1.2}, "ниже полноты каталога"),
        (TWO_YEARS[400:], {}, "За 2020 год выше порога 0 взрывов"),
        ([*year_of_blasts(2020, n=400, agency="other"), *TWO_YEARS[400:]], {}, "other ml, а нужно asf ml"),
        ([*year_of_blasts(2020, n=400, kind="mb"), *TWO_YEARS[400:]], {}, "asf mb, а нужно asf ml"),
        (TWO_YEARS, {"threshold": 3.0}, "нужно не меньше 30"),
        ([*year_of_blasts(2020, n=400, word="earthquake"), *TWO_YEARS[400:]], {}, "0 взрывов"),
    ],
)
def test_the_indicator_is_refused_where_the_base_is_not_comparable_trap_10(events, options, reason):
    found = kpi(events, **options)
    assert found.reduction_percent is None
    assert found.change_ml is None
    assert any(reason in refusal for refusal in found.refusals), found.refusals


def test_means_that_move_apart_are_warned_of_trap_10():
    base = [event(2020, value, n) for n, value in enumerate([1.9] * 50 + [2.4] * 50)]
    year = [event(2024, value, n) for n, value in enumerate([1.9] * 51 + [2.1] * 40 + [3.2] * 9)]
    lower = [event(y, 1.6, 500 + n) for y in (2020, 2024) for n in range(60)]
    found = kpi([*base, *year, *lower], threshold=1.8)
    assert found.refusals == ()
    assert found.change_ml["arithmetic"] < 0 < found.change_ml["energy"]
    assert "полнота каталога" in found.warnings[0]


def test_a_year_is_local():
    eve = CatalogueEvent("x", datetime(2019, 12, 31, 18, tzinfo=UTC), 54, 87, magnitude=2.5, magnitude_type="ml",
                         type="explosion", agency="asf")  # fmt: skip
    assert kpi([*TWO_YEARS, eve]).base.n == kpi(TWO_YEARS).base.n + 1
    assert kpi([*TWO_YEARS, eve], offset=0.0).base.n == kpi(TWO_YEARS, offset=0.0).base.n


@pytest.mark.parametrize("seed", range(5))
def test_completeness_is_found_where_the_catalogue_thins_out(seed):
    rng = np.random.default_rng(seed)
    true = 0.5 + rng.exponential(1 / np.log(10), 6000)
    seen = true[rng.uniform(size=true.size) < 1 / (1 + np.exp(-(true - 1.4) / 0.05))]
    assert completeness_estimate(list(np.round(seen, 1)), rules=RULES) == pytest.approx(1.7, abs=0.15)
    assert completeness_estimate([1.0] * 29, rules=RULES) is None
    assert completeness_estimate([1.5] * 30, rules=RULES) == 1.7
    assert completeness_estimate([1.5] * 30 + [1.9] * 30, rules=RULES) == 2.1, "of two equal bins the larger: cautious"


@pytest.fixture(scope="module")
def pnsn():
    if not CATALOGUE.exists():
        pytest.skip("the PNSN catalogue is not beside the repository")
    with CATALOGUE.open(encoding="utf-8") as rows:
        return [
            CatalogueEvent(
                row["source_id"], datetime.fromtimestamp(float(row["timestamp"]), UTC), float(row["latitude"]),
                float(row["longitude"]), magnitude=float(row["magnitude"]), magnitude_type=row["magnitude_type"],
                type="explosion", agency=row["contributor"],
            )
            for row in csv.DictReader(rows) if row["event_type"] == "explosion"
        ]  # fmt: skip


def test_the_real_catalogue_has_the_published_means_3_5(pnsn):
    years = {year.year: year for year in magnitude_years(pnsn, utc_offset_h=0)}
    table = {
        2018: (494, 1.609, 1.869, 2.240), 2019: (437, 1.625, 1.910, 2.300), 2020: (545, 1.508, 1.825, 2.248),
        2021: (528, 1.475, 1.735, 2.146), 2022: (660, 1.418, 1.765, 2.160),
    }  # fmt: skip
    for year, (n, arithmetic, energy, p95) in table.items():
        found = years[year]
        assert found.n == n
        assert (found.arithmetic, found.energy, found.p95) == pytest.approx((arithmetic, energy, p95), abs=5.1e-4)


def test_the_real_catalogue_refuses_a_low_threshold_and_compares_above_its_completeness(pnsn):
    low = magnitude_kpi(pnsn, 2022, basis=MagnitudeBasis("uw", "ml", 1.0, 0), rules=RULES)
    assert low.reduction_percent is None
    assert any("ниже полноты" in reason for reason in low.refusals)
    fair = magnitude_kpi(pnsn, 2022, basis=MagnitudeBasis("uw", "ml", 2.0, 0), rules=RULES)
    assert fair.refusals == ()
    assert fair.base.n >= 30
    naive = {year.year: year.arithmetic for year in magnitude_years(pnsn, utc_offset_h=0)}
    assert abs(fair.change_ml["arithmetic"]) < naive[2020] - naive[2022], "some of the fall was small events"


def blast(pit="p1", at=datetime(2026, 5, 31, 18, tzinfo=UTC), charge=1000.0, declared=True, enterprise="a"):
    return FiredBlast(enterprise, pit, at, charge, declared)


def test_blasts_are_counted_by_pit_and_local_month():
    counted = blasts_by_pit_and_month(
        [blast(), blast(charge=None), blast(at=datetime(2026, 5, 31, 16, tzinfo=UTC)), blast("p2", declared=False)],
        ZONE,
    )
    assert [item.to_json() for item in counted] == [
        {
            "enterprise": "a",
            "pit": "p1",
            "month": "2026-05",
            "blasts": 1,
            "undeclared": 0,
            "charge_t": 1.0,
            "without_charge": 0,
        },
        {
            "enterprise": "a",
            "pit": "p1",
            "month": "2026-06",
            "blasts": 2,
            "undeclared": 0,
            "charge_t": 1.0,
            "without_charge": 1,
        },
        {
            "enterprise": "a",
            "pit": "p2",
            "month": "2026-06",
            "blasts": 1,
            "undeclared": 1,
            "charge_t": 1.0,
            "without_charge": 0,
        },
    ]


START = datetime(2026, 6, 1, tzinfo=UTC)


def due(enterprise, fired_h, reported_h=None):
    reported = None if reported_h is None else START + timedelta(hours=reported_h)
    return ReportDue(enterprise, START + timedelta(hours=fired_h), reported)


def punctual(*blasts, now_h=1000.0):
    return punctuality(
        blasts, since=START, until=START + timedelta(days=30), now=START + timedelta(hours=now_h), due_h=24
    )


def test_an_enterprise_is_on_time_when_all_its_reports_are():
    found = punctual(due("a", 0, 24), due("a", 30, 40), due("b", 0, 24.01), due("b", 2, 3), due("c", 5))
    assert [(item.enterprise, item.on_time, item.late, item.missing) for item in found.enterprises] == [
        ("a", 2, 0, 0), ("b", 1, 1, 0), ("c", 0, 0, 1),
    ]  # fmt: skip
    assert found.enterprise_share == pytest.approx(1 / 3)
    assert found.report_share == pytest.approx(3 / 5)
    assert found.to_json()["enterprises"][0]["is_on_time"] is True


def test_a_report_is_missing_only_after_its_deadline():
    waiting = punctual(due("a", 0), now_h=24)
    assert (waiting.enterprises[0].due, waiting.enterprise_share, waiting.report_share) == (0, None, None)
    assert punctual(due("a", 0), now_h=24.01).enterprises[0].missing == 1
    assert punctual(due("a", 0, 50), now_h=30).enterprises[0].missing == 1, "what came later was not known then"


def test_a_blast_of_the_future_is_not_known_yet():
    assert punctual(due("a", 50, 51), now_h=40).enterprises == ()


def test_blasts_outside_the_period_do_not_count():
    assert punctual(due("a", -1, 5), due("a", 721, 722)).enterprises == ()


RULE = AnnualRule(
    quantity="ppv_mm_s", usual=5, ceiling=10, share_percent=95, months=12, level=Level.MEMORY, source="norms.md §1.5.4"
)


def judged(values, receptor="школа"):
    peaks = [ReceptorPeak(receptor, START + timedelta(hours=n), value) for n, value in enumerate(values)]
    return within_limits(peaks, ["школа", "посёлок"], rule=RULE, since=START, until=START + timedelta(days=365))


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([1.0] * 38 + [6.0] * 2, True),
        ([1.0] * 37 + [6.0] * 3, False),
        ([1.0] * 39 + [10.1], False),
        ([1.0] * 39 + [10.0], True),
        ([1.0] * 18 + [5.1], False),
        ([5.0] * 19, True),
    ],
)
def test_the_95_percent_rule_at_a_receptor_1_5_4_trap_15(values, kept):
    found = judged(values)
    assert found.receptors[0].verdict.kept is kept
    assert found.receptor_share == float(kept)


def test_a_receptor_without_records_is_not_measured():
    found = judged([1.0] * 9 + [6.0])
    assert found.not_measured == ("посёлок",)
    assert (found.records, found.record_share) == (10, 0.9)
    assert found.to_json()["receptors"][1] == {"receptor": "посёлок", "verdict": None}
    nothing = judged([1.0], receptor="другой")
    assert (nothing.record_share, nothing.receptor_share) == (None, None)


def test_only_records_of_the_period_count():
    early = [ReceptorPeak("школа", START - timedelta(seconds=1), 20.0), ReceptorPeak("школа", START, 1.0)]
    found = within_limits(early, ["школа"], rule=RULE, since=START, until=START + timedelta(days=365))
    assert found.record_share == 1.0


@given(st.lists(st.floats(0, 20), max_size=80))
def test_shares_agree_with_counting(values):
    found = judged(values)
    assert found.records == len(values)
    if values:
        assert found.record_share == pytest.approx(sum(value <= 5 for value in values) / len(values))
