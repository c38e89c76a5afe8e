"""Which cause a pattern looks like, on true changes of simulated water and on plain numbers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.scenario import Rain
from tests.unit.water.river_records import FIRST_BELOW, KIND, ZERO, discharge, records_of, world_of
from uskat.water.passing import passing_of
from uskat.water.signature import UNKNOWN, Change, score_changes, signature_set, signatures

MONTHS = [datetime(2026, month, 15, 6, tzinfo=UTC) for month in (1, 5, 7, 10)]


def best_at(station, world, zero, only=None):
    record = records_of(world, zero=zero, only=only)[station]
    return score_changes(passing_of(record, zero - timedelta(hours=3), until=zero + timedelta(hours=10)).changes)


@pytest.mark.parametrize("zero", MONTHS, ids=str)
@pytest.mark.parametrize("outlet", sorted(FIRST_BELOW))
def test_a_strong_discharge_looks_like_what_it_is(outlet, zero):
    scoring = best_at(FIRST_BELOW[outlet], world_of(discharge(outlet, share=0.2), zero=zero), zero)
    assert scoring.best == KIND[outlet]
    assert not scoring.natural


@pytest.mark.parametrize("station", ["U-36", "KU-2", "U-15"])
@pytest.mark.parametrize("mm", [8, 30])
def test_rain_is_natural(station, mm):
    assert best_at(station, world_of(rain=(Rain(start_min=0, hours=6, mm=mm),)), ZERO).natural


def test_a_step_of_ph_with_conductivity_is_acid_or_alkali():
    assert score_changes({"ph": Change(7.8, 6.6), "ec25": Change(400, 470)}).best == "acid_alkali"


def test_oil_alone_is_oil():
    assert score_changes({"oil": Change(0.02, 0.5), "ec25": Change(400, 401), "ph": Change(7.8, 7.8)}).best == "oil"


def test_little_oxygen_alone_is_a_risk_for_fish():
    assert score_changes({"do": Change(6.0, 1.8)}).best == "fish_kill"


def test_nothing_known_is_unknown():
    assert score_changes({}).best == UNKNOWN


def test_what_is_not_measured_says_nothing():
    known = {"ec25": Change(400, 600), "no3": Change(3, 12)}
    assert score_changes(known).best == "mine_water"
    assert score_changes({"ec25": Change(400, 600)}).best == "mine_water"


parameters = st.sampled_from(sorted({rule.parameter for one in signatures().values() for rule in one.rules}))
changes = st.dictionaries(parameters, st.builds(Change, st.floats(0, 1e4), st.floats(0, 1e4)))


@given(changes)
def test_probabilities_add_up_and_scores_stay_in_their_range(found):
    scoring = score_changes(found)
    assert sum(scoring.probabilities.values()) == pytest.approx(1)
    assert set(scoring.probabilities) == {*signatures(), UNKNOWN}
    assert all(0 <= score <= 1 for score in scoring.scores.values())


def test_rules_say_where_they_come_from_and_are_not_verified():
    assert signature_set().level == "memory"
    assert "§6.1" in signature_set().source
    assert [one.code for one in signatures().values() if one.natural] == ["rain_melt"]


def test_what_cannot_be_natural_is_scored_without_the_natural_causes():
    scoring = score_changes(
        {"turb": Change(5, 80), "ec25": Change(450, 300), "level": Change(180, 260), "nh4": Change(0.1, 0.9)}
    )
    rest = scoring.without_natural()
    assert sum(rest.probabilities.values()) == pytest.approx(1)
    assert not rest.natural
    assert "rain_melt" not in rest.probabilities
    assert rest.scores == scoring.scores
