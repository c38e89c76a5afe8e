"""Two stations that hear a blast place it: a rough ellipse is enough then, and no earthquake passes for it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.blast.event.district_world import AT, PIT, blast_records, district
from uskat.blast.event.heard import heard_near, is_heard_by_two
from uskat.blast.event.judge import judge_events
from uskat.blast.event.verdict import Verdict

WORLD = district()
EDGE = district([(54.200, 86.750), (54.160, 86.780)])
OUTSIDE = (54.2027, 86.6891)
"""Seen from a pair of stations at the edge of the network: their circles cross twice."""


def records(*, place=OUTSIDE):
    return [replace(record, peak_snr=20.0) for record in blast_records(EDGE, place=place, charge_kg=240.0)]


def test_a_blast_at_the_edge_is_undeclared_although_its_place_is_rough():
    (event,) = judge_events(records(), [], district=EDGE, utc_offset_h=7)
    assert event.location.uncertainty_km > 3.0
    assert event.verdict is Verdict.UNDECLARED
    assert any("звуковая волна на двух приборах" in reason for reason in event.reasons)


def test_without_its_sound_the_same_records_accuse_nobody():
    deaf = [replace(record, air_after_s=None, air_pa=0.1) for record in records()]
    (event,) = judge_events(deaf, [], district=EDGE, utc_offset_h=7)
    assert event.verdict is Verdict.UNRESOLVED


def test_the_moments_of_firing_must_agree_and_the_circles_must_meet():
    first, second = records()
    assert is_heard_by_two([first, second], EDGE)
    assert is_heard_by_two([second, first], EDGE)
    assert not is_heard_by_two([first], EDGE)
    assert not is_heard_by_two([first, replace(second, air_after_s=second.air_after_s + 6.0)], EDGE)
    near = replace(first, air_after_s=1.2), replace(second, air_after_s=1.2, onset_at=first.onset_at)
    assert not is_heard_by_two(near, EDGE), "two small circles that do not touch are two sources"


@pytest.mark.parametrize("lag", [None, 0.3])
def test_a_lag_that_means_nothing_is_no_hearing(lag):
    first, second = records()
    assert first.onset_at > AT
    assert not is_heard_by_two([first, replace(second, air_after_s=lag)], EDGE)


def test_one_clear_instrument_that_heard_the_blast_close_by_names_its_distance():
    records = blast_records(WORLD, only=[0, 5])
    station, reach = heard_near(records)
    assert station == "S0"
    assert reach == pytest.approx(float(np.hypot(*(WORLD.place_of["S0"] - WORLD.to_km(*PIT)))), abs=0.1)


@pytest.mark.parametrize(
    "change",
    [{"peak_snr": 8.0}, {"air_after_s": None}, {"air_after_s": 0.1}, {"air_after_s": 20.0}],
    ids=["weak ground", "no air wave", "air first", "far"],
)
def test_what_one_instrument_did_not_clearly_hear_close_by_says_nothing(change):
    assert heard_near([replace(record, **change) for record in blast_records(WORLD, only=[0, 5])]) is None
