"""norms.md 3.6.5 and traps 10, 13: hours of blasts, mean magnitudes by year; on the real catalogue when it is there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from uskat.blast.catalogue.day_pattern import count_days, default_day_pattern, hour_prior
from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.catalogue.mean_magnitude import MagnitudeYear, comparison_trap, energy_mean, magnitude_years
from uskat.blast.catalogue.table import read_table

REAL = Path(__file__).parents[5] / "shared/blasting/data/pnsn_comcat_2018-2022.csv"
YEARS = {
    2018: (494, 1.609, 1.869, 2.240),
    2019: (437, 1.625, 1.910, 2.300),
    2020: (545, 1.508, 1.825, 2.248),
    2021: (528, 1.475, 1.735, 2.146),
    2022: (660, 1.418, 1.765, 2.160),
}
NOON = datetime(2026, 6, 3, 6, 30, tzinfo=UTC)
"""13:30 of a Wednesday in Kuzbass."""


@pytest.fixture(scope="module")
def real():
    if not REAL.exists():
        pytest.skip("the shared catalogue is not here")
    found = read_table(REAL.read_text(encoding="utf-8"))
    assert found.refused == ()
    return found.events


def test_the_shipped_pattern_has_the_shares_of_norms_3_6_5():
    pattern = default_day_pattern()
    assert (pattern.blast.n, pattern.earthquake.n) == (2664, 11262)
    assert 100 * pattern.blast.share_of_hours(7, 18) == pytest.approx(98.8, abs=0.05)
    assert 100 * pattern.earthquake.share_of_hours(7, 18) == pytest.approx(44.1, abs=0.05)
    assert 100 * pattern.blast.weekend_share == pytest.approx(6.8, abs=0.05)
    assert 100 * pattern.earthquake.weekend_share == pytest.approx(28.8, abs=0.05)
    assert pattern.blast.peak_hour == 13


def test_the_shipped_pattern_is_counted_from_the_real_catalogue(real):
    pattern = default_day_pattern()
    for kind, counts in (("explosion", pattern.blast), ("earthquake", pattern.earthquake)):
        assert count_days([event.at for event in real if event.type == kind], utc_offset_h=-8) == counts


def test_in_utc_the_pattern_is_shifted_trap_13(real):
    counts = count_days([event.at for event in real if event.type == "explosion"], utc_offset_h=0)
    assert counts.peak_hour == 21
    assert counts.share_of_hours(7, 18) < 0.2


def test_the_hour_is_a_prior_and_never_a_proof():
    cap = default_day_pattern().most_log_odds.value
    values = [hour_prior(NOON + timedelta(hours=hour), utc_offset_h=7).log_odds for hour in range(24 * 7)]
    assert max(values) <= cap
    assert min(values) >= -cap
    assert hour_prior(NOON, utc_offset_h=7).log_odds > 0
    night = hour_prior(NOON - timedelta(hours=11), utc_offset_h=7)
    assert night.log_odds == -cap
    assert night.capped


def test_three_means_of_norms_3_5_differ():
    magnitudes = [1.5, 2.0, 3.2]
    assert energy_mean(magnitudes) == pytest.approx(2.8873, abs=5e-5)
    assert energy_mean(magnitudes, exponent=1.8) == pytest.approx(2.9368, abs=5e-5)
    events = [CatalogueEvent(str(m), NOON, 54, 87, magnitude=m, type="explosion") for m in magnitudes]
    (year,) = magnitude_years(events, utc_offset_h=7)
    assert year.arithmetic == pytest.approx(2.2333, abs=5e-5)
    assert year.median == pytest.approx(2.0)
    assert magnitude_years(events, utc_offset_h=7, completeness=2.0)[0].n == 2
    with pytest.raises(ValueError, match="no magnitudes"):
        energy_mean([])


def test_the_table_of_norms_3_5_on_the_real_catalogue(real):
    years = magnitude_years([event for event in real if event.type == "explosion"], utc_offset_h=0)
    found = {year.year: (year.n, year.arithmetic, year.energy, year.p95) for year in years}
    assert found.keys() == YEARS.keys()
    for year, expected in YEARS.items():
        assert found[year] == pytest.approx(expected, abs=6e-4)


def test_2021_to_2022_is_a_trap_of_completeness(real):
    years = {
        year.year: year
        for year in magnitude_years([event for event in real if event.type == "explosion"], utc_offset_h=0)
    }
    assert comparison_trap(years[2021], years[2022]) is not None
    assert comparison_trap(years[2020], years[2021]) is None


def test_a_year_without_magnitudes_cannot_be_compared():
    empty = MagnitudeYear(2020, 0, 0, None, None, None, None)
    full = MagnitudeYear(2021, 5, 0, 1.5, 1.8, 1.5, 2.0)
    assert comparison_trap(empty, full) is not None
