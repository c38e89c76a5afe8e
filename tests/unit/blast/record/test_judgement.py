"""Norms.md §1.1 notes, 1.4.10, 1.4.12 and trap 14: what must not reach residents as a blast."""

from datetime import timedelta

import numpy as np
import pytest

from tests.unit.blast.record.made import CALIBRATION, START, Piece, record, wavelet
from uskat.blast.norm.curve import Receptor
from uskat.blast.norm.pack import limit_norm
from uskat.blast.norm.verdict import Compliance, judge_vibration, peaks_of
from uskat.blast.record.judgement import RecordFlag, RecordKind, clock_fault, judge_record
from uskat.blast.record.trigger import LevelTrigger
from uskat.blast.waveform import measure_record

TRIGGER = LevelTrigger(ground_mm_s=0.3, air_pa=20.0)


def judge(channels, **options):
    return judge_record(measure_record(channels, CALIBRATION, pre_trigger_s=0.25), trigger=TRIGGER, **options)


def three(peak, frequency, **options):
    return {axis: wavelet(share * peak, frequency, **options) for axis, share in (("V", 1), ("L", 0.8), ("T", 0.9))}


def test_a_blast_is_motion_and_is_published():
    judged = judge(record(three(4.0, 25)))
    assert (judged.kind, judged.quarantined, judged.reasons, judged.flags) == (RecordKind.MOTION, False, (), ())


def test_trap_14_the_handled_sensor_of_213_mm_s_is_kept_back():
    judged = judge(record(three(174.8, 6, width_s=0.3)))
    assert judged.kind is RecordKind.HANDLING
    assert judged.quarantined
    assert "трогали" in judged.reasons[0]
    assert judge(record(three(174.8, 40))).kind is RecordKind.MOTION


def test_trap_14_a_manual_record_below_both_triggers_is_kept_back():
    air = {"MIC": wavelet(2.85, 9)}
    judged = judge(record(three(0.0764, 25, width_s=0.2) | air))
    assert judged.kind is RecordKind.BELOW_TRIGGER
    assert judge(record(three(0.0764, 25) | {"MIC": wavelet(25, 9)})).kind is RecordKind.MOTION


def test_steady_noise_above_the_trigger_is_kept_back():
    random = np.random.default_rng(3)
    axes = {axis: random.normal(0, 0.2, 4096) for axis in ("V", "L", "T")}
    judged = judge(record(axes))
    assert judged.kind is RecordKind.NOISE
    assert "шум" in judged.reasons[0]


def test_an_electrical_spike_is_kept_back():
    axes = {axis: np.zeros(4096) for axis in ("V", "L", "T")}
    axes["V"][2000] = 3.0
    assert judge(record(axes)).kind is RecordKind.SPIKE


def test_an_empty_record_is_kept_back():
    assert judge([]).kind is RecordKind.EMPTY
    assert judge([Piece("GHZ", np.zeros(2048, dtype=np.int32))]).kind is RecordKind.EMPTY


def test_flags_tell_what_to_know_without_keeping_back():
    channels = record(three(4.0, 25))
    flat = np.clip(channels[0].counts, -3000, 3000) + 500
    late = Piece("GHN", np.zeros(64, dtype=np.int32), START + timedelta(seconds=60))
    dead = Piece("GHE", np.zeros(4096, dtype=np.int32))
    unknown = Piece("BHZ", np.zeros(4, dtype=np.int32))
    judged = judge([Piece("GHZ", flat), channels[1], late, dead, unknown], full_scale=30.0)
    assert judged.kind is RecordKind.MOTION
    assert set(judged.flags) == set(RecordFlag) - {RecordFlag.MISSING_AXIS}
    assert judged.to_json()["flags"] == [flag.value for flag in judged.flags]
    assert judge(channels[:2]).flags == (RecordFlag.MISSING_AXIS,)


@pytest.mark.parametrize(
    ("travel_s", "distance_m", "fault"),
    [(0.3, 600, None), (-0.5, 600, None), (-3.0, 600, "раньше"), (2.0, 40_000, "8 км/с"), (7.0, 40_000, None)],
)
def test_1_1_an_arrival_before_the_blast_or_too_fast_is_a_clock(travel_s, distance_m, fault):
    found = clock_fault(START + timedelta(seconds=travel_s), START, distance_m=distance_m)
    assert (found is None) == (fault is None)
    assert fault is None or fault in found


def test_a_wrong_unit_of_calibration_is_no_ground_motion():
    judged = judge(record(three(8000.0, 25)))
    assert judged.kind is RecordKind.IMPLAUSIBLE
    assert "калибровки" in judged.reasons[0]
    assert judge(record(three(240.0, 25))).kind is RecordKind.MOTION


def verdict_of(channels):
    norm = limit_norm("din4150-3")
    peaks = peaks_of(measure_record(channels, CALIBRATION))
    return judge_vibration(peaks, norm, curve=norm.curve_for(Receptor.DWELLING))


@pytest.mark.parametrize("dead", [np.zeros(4096), np.full(4096, 0.5), 0.001 * (np.arange(4096) % 2)])
def test_a_dead_axis_is_told_and_never_within_a_limit(dead):
    channels = [*record(three(4.0, 25))[:2], *record({"T": dead}, noise=0.0)]
    judged = judge(channels)
    assert RecordFlag.DEAD_AXIS in judged.flags
    assert any(reason.startswith("Канал T молчит") for reason in judged.reasons)
    assert verdict_of(record(three(4.0, 25))).compliance is Compliance.WITHIN
    assert verdict_of(channels).compliance is Compliance.AT_LEAST
    assert "молчал" in verdict_of(channels).sentence_ru()
    assert verdict_of([*record(three(40.0, 25))[:2], channels[2]]).compliance is Compliance.ABOVE


def test_a_gap_or_an_axis_that_ends_early_is_told_and_never_within_a_limit():
    whole = record(three(4.0, 25))
    values = whole[0].counts
    after = START + timedelta(seconds=1700 / 1024)
    gap = [Piece("GHZ", values[:1400]), Piece("GHZ", values[1700:], after), *whole[1:]]
    short = [whole[0], Piece("GHN", whole[1].counts[:2000]), whole[2]]
    for channels, axis in ((gap, "V"), (short, "L")):
        judged = judge(channels)
        assert judged.reasons == (f"В канале {axis} есть пропуски: пик мог попасть в пропуск.",)
        assert verdict_of(channels).compliance is Compliance.AT_LEAST
    trimmed = [Piece(one.code, one.counts[: 4096 - 60 * place]) for place, one in enumerate(whole)]
    assert judge(trimmed).flags == ()
    assert verdict_of(trimmed).compliance is Compliance.WITHIN
