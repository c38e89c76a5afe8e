"""Verdicts: declared as said, early, elsewhere, of another size, undeclared, earthquake, clocks; order and lateness."""

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.blast.event.district_world import (
    AT,
    FAR_PIT,
    PIT,
    blast_records,
    declaration,
    district,
    earthquake_records,
)
from uskat.blast.event.judge import judge_events
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.verdict import VERDICT_RU, Deviation, Verdict

WORLD = district()


def judged(records, *declared, where=WORLD):
    return judge_events(records, declared, district=where, utc_offset_h=7)


def only(events):
    (event,) = events
    return event


def test_a_blast_as_declared():
    event = only(judged(blast_records(WORLD), declaration()))
    assert (event.verdict, event.deviations) == (Verdict.DECLARED, ())
    assert event.declaration.declaration == "d1"
    assert event.event_type == ("mining explosion", "known")
    assert event.charge.kg == pytest.approx(500, rel=0.15)


@pytest.mark.parametrize(("minutes", "deviation"), [(-25, Deviation.LATE), (40, Deviation.EARLY)])
def test_a_blast_at_another_time(minutes, deviation):
    event = only(judged(blast_records(WORLD), declaration(at=AT + timedelta(minutes=minutes))))
    assert (event.verdict, event.deviations) == (Verdict.DECLARED, (deviation,))


def test_a_blast_at_another_place():
    event = only(judged(blast_records(WORLD), declaration(place=(54.16, 87.10))))
    assert (event.verdict, event.deviations) == (Verdict.DECLARED, (Deviation.ELSEWHERE,))
    assert any("Место не совпадает" in reason for reason in event.reasons)


def test_a_blast_of_another_size():
    event = only(judged(blast_records(WORLD), declaration(charge_kg=110.0)))
    assert (event.verdict, event.deviations) == (Verdict.DECLARED, (Deviation.OTHER_SIZE,))


@pytest.mark.parametrize(
    "declared",
    [
        (),
        (declaration(at=AT + timedelta(hours=9)),),
        (declaration(at=AT + timedelta(hours=2), place=FAR_PIT, charge_kg=2400.0, firing_s=6.0),),
    ],
    ids=["none", "another time", "another pit"],
)
def test_an_undeclared_blast(declared):
    event = only(judged(blast_records(WORLD), *declared))
    assert event.verdict is Verdict.UNDECLARED
    assert event.declaration is None
    assert event.event_type == ("mining explosion", "suspected")
    assert "Ни один объявленный взрыв" in " ".join(event.reasons)


@pytest.mark.parametrize(
    ("north_km", "verdict"), [(4.0, Verdict.DECLARED), (11.0, Verdict.UNDECLARED)], ids=["4 km", "11 km"]
)
def test_a_declaration_explains_no_blast_farther_away_than_pit_and_location_error(north_km, verdict):
    # norms.md 3.6.7: the pit and 3-5 km; beyond that hour and size may agree as they will
    away = (54.13, 87.03)
    declared = declaration(place=(away[0] + north_km / 111.2, away[1]))
    assert only(judged(blast_records(WORLD, place=away), declared)).verdict is verdict


def test_one_declaration_is_one_blast():
    first = blast_records(WORLD)
    second = blast_records(WORLD, at=AT + timedelta(minutes=12))
    events = judged([*first, *second], declaration())
    assert [event.verdict for event in events] == [Verdict.DECLARED, Verdict.UNDECLARED]


def test_two_declarations_find_their_own_blasts():
    records = [*blast_records(WORLD), *blast_records(WORLD, at=AT + timedelta(minutes=5))]
    events = judged(records, declaration("b", at=AT + timedelta(minutes=5)), declaration("a"))
    assert [event.declaration.declaration for event in events] == ["a", "b"]


def test_an_earthquake_even_at_the_hour_of_blasts():
    event = only(judged(earthquake_records(WORLD)))
    assert event.verdict is Verdict.EARTHQUAKE
    assert event.event_type == ("earthquake", "suspected")
    assert event.location is None


def test_a_blast_at_night_is_a_blast():
    event = only(judged(blast_records(WORLD, at=AT + timedelta(hours=12))))
    assert event.verdict is Verdict.UNDECLARED


def test_probabilities_are_of_all_verdicts_and_sum_to_one():
    event = only(judged(blast_records(WORLD), declaration()))
    assert sum(event.probabilities.values()) == pytest.approx(1)
    assert max(event.probabilities, key=event.probabilities.get) is Verdict.DECLARED


@pytest.mark.parametrize("seconds", [1.5, 45.0, -70.0])
def test_a_wrong_clock_makes_no_second_blast(seconds):
    records = blast_records(WORLD, late={"S4": seconds})
    events = judged(records, declaration())
    assert [event.verdict for event in events if event.verdict is not Verdict.CLOCK] == [Verdict.DECLARED]
    main = next(event for event in events if event.verdict is Verdict.DECLARED)
    assert [fault.station for fault in main.clocks] == ["S4"]
    assert main.clocks[0].ahead_s == pytest.approx(seconds, abs=0.1)
    for stray in events:
        if stray.verdict is Verdict.CLOCK:
            assert stray.refers_to == main.id


def test_a_single_record_that_its_neighbours_deny_is_no_undeclared_blast():
    event = only(judged(blast_records(WORLD, only=[1])))
    assert event.verdict is not Verdict.UNDECLARED
    assert any("Молчат" in reason for reason in event.reasons)


def test_hands_on_a_sensor_and_a_truck_and_a_glitch():
    record = blast_records(WORLD, only=[1])[0]
    hands = replace(record, frequency_hz=5.5, snr=4000.0, ppv_mm_s=150.0, axis_share=0.4, ripple=0.45, air_after_s=-0.1)
    truck = replace(record, ripple=3.5, snr=2.4, air_after_s=1.4, axis_share=0.57, p_s_log10=0.0)
    glitch = replace(record, axis_share=0.99, frequency_hz=26.0, ripple=0.2, snr=50.0, p_s_log10=None, air_after_s=None)
    verdicts = [only(judged([item])).verdict for item in (hands, truck, glitch)]
    assert verdicts == [Verdict.HANDLING, Verdict.TRAFFIC, Verdict.NOISE]


def test_a_truck_beside_one_station_leaves_the_blast_alone():
    away = next(record for record in blast_records(WORLD, only=[6]))
    moment = AT + timedelta(seconds=9)
    truck = replace(away, onset_at=moment, start=moment - timedelta(seconds=3), ripple=3.5, snr=2.4, axis_share=0.57,
                    p_s_log10=0.0, air_after_s=1.4)  # fmt: skip
    events = judged([*blast_records(WORLD, only=[0, 1, 2, 3, 4, 5, 7]), truck], declaration())
    assert sorted(event.verdict for event in events) == [Verdict.DECLARED, Verdict.TRAFFIC]


def test_order_and_repetition_do_not_matter():
    records = [
        *blast_records(WORLD, late={"S4": 40.0}),
        *blast_records(WORLD, at=AT + timedelta(minutes=31), only=[0, 1, 2, 5]),
        *earthquake_records(WORLD, at=AT + timedelta(hours=3)),
    ]
    expected = judged(records, declaration(), declaration("late", at=AT + timedelta(hours=5)))
    for seed in range(3):
        mixed = [*records, *records[:5]]
        random.Random(seed).shuffle(mixed)
        again = judged(mixed, declaration("late", at=AT + timedelta(hours=5)), declaration())
        assert [event.to_json() for event in again] == [event.to_json() for event in expected]


def test_late_records_and_declarations_judge_again():
    records = blast_records(WORLD)
    early = only(judged(records[:3]))
    late = only(judged(records))
    assert late.location.uncertainty_km < early.location.uncertainty_km
    assert only(judged(records)).verdict is Verdict.UNDECLARED
    assert only(judged(records, declaration())).verdict is Verdict.DECLARED


def test_a_dead_station_is_not_called_silent():
    alive, dead = district(), district(silent=[(AT - timedelta(hours=1), AT + timedelta(hours=1))])
    texts = [
        " ".join(only(judged(blast_records(where, only=range(1, 8)), where=where)).reasons) for where in (alive, dead)
    ]
    assert "Молчат" in texts[0]
    assert "Молчат" not in texts[1]


def test_a_judged_event_is_plain_json_with_words():
    value = json.loads(json.dumps(only(judged(blast_records(WORLD), declaration())).to_json(), ensure_ascii=False))
    assert value["word"] == "объявленный взрыв"
    assert value["declaration"]["id"] == "d1"
    assert len(value["records"]) == 8
    assert set(VERDICT_RU) == set(Verdict)


def test_features_survive_storage():
    record = blast_records(WORLD)[0]
    assert RecordFeatures.from_json(json.loads(json.dumps(record.to_json()))) == record
    assert record.key == (record.station, record.start)


def test_records_of_unknown_stations_are_left_out():
    stranger = replace(blast_records(WORLD)[0], station="X")
    assert judged([stranger]) == []
    assert judged([]) == []
    assert only(judged([*blast_records(WORLD), stranger], declaration(place=PIT))).verdict is Verdict.DECLARED
