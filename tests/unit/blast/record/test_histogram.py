import json
from datetime import timedelta

import numpy as np
import pytest

from tests.unit.blast.record.made import CALIBRATION, START, Piece, record, wavelet
from uskat.blast.record.histogram import histogram_of, missed_events
from uskat.blast.record.trigger import LevelTrigger
from uskat.blast.waveform import measure_record
from uskat.wire.status import decode_histogram


def blast():
    shapes = (("V", 4.0, 25), ("L", 3.0, 21), ("T", 2.0, 30), ("MIC", 12.0, 9))
    return record({axis: wavelet(peak, frequency, seconds=4.5) for axis, peak, frequency in shapes})


def test_1_3_every_interval_keeps_its_peaks_frequency_and_vector_sum():
    intervals = histogram_of(blast(), CALIBRATION, length_s=1.0, pre_trigger_s=0.5)
    assert [interval.start for interval in intervals] == [START + timedelta(seconds=s) for s in range(5)]
    whole = measure_record(blast(), CALIBRATION, pre_trigger_s=0.5)
    strongest = max(intervals, key=lambda interval: interval.peak["V"])
    assert strongest.start == START + timedelta(seconds=1)
    assert strongest.peak == pytest.approx(
        {a: m.peak for a, m in whole.components.items()} | {"MIC": whole.airblast.peak}
    )
    assert strongest.freq_hz["V"] == pytest.approx(whole.components["V"].zc_hz)
    assert strongest.pvs_mm_s == pytest.approx(whole.pvs_mm_s)
    assert intervals[4].peak["V"] < 0.1


def test_1_3_without_three_axes_there_is_no_vector_sum():
    intervals = histogram_of(blast()[:2], CALIBRATION, length_s=2.0)
    assert all(interval.pvs_mm_s is None for interval in intervals)


def test_an_interval_without_samples_is_left_out_and_a_bad_length_refused():
    late = Piece("GHZ", np.arange(64, dtype=np.int32), START + timedelta(seconds=60))
    intervals = histogram_of([*blast(), late], CALIBRATION, length_s=10.0)
    assert [(interval.start - START).total_seconds() for interval in intervals] == [0.0, 60.0]
    assert histogram_of([], CALIBRATION, length_s=1.0) == []
    with pytest.raises(ValueError, match="interval"):
        histogram_of(blast(), CALIBRATION, length_s=0.0)


def test_overload_is_told_of_the_interval_that_has_it():
    flat = np.clip(blast()[0].counts, -3000, 3000)
    intervals = histogram_of([Piece("GHZ", flat)], CALIBRATION, length_s=1.0, pre_trigger_s=0.5)
    assert [interval.over for interval in intervals] == [(), ("V",), (), (), ()]


def test_1_3_a_missed_event_is_seen_in_the_intervals_alone():
    intervals = histogram_of(blast(), CALIBRATION, length_s=1.0, pre_trigger_s=0.5)
    trigger = LevelTrigger(ground_mm_s=0.3, air_pa=None)
    assert [m.start for m in missed_events(intervals, [], trigger=trigger)] == [START + timedelta(seconds=1)]
    covered = [(START + timedelta(seconds=1.2), START + timedelta(seconds=3))]
    assert missed_events(intervals, covered, trigger=trigger) == []


def test_the_interval_is_what_the_wire_understands():
    (interval, *_) = histogram_of(blast(), CALIBRATION, length_s=60.0)
    (read,) = decode_histogram(json.dumps(interval.to_json()).encode())
    assert read.peak == interval.peak
    assert read.freq_hz == interval.freq_hz
    (rising,) = histogram_of(
        [Piece("GHZ", np.arange(1, 65, dtype=np.int32))], CALIBRATION, length_s=1.0, pre_trigger_s=0.001
    )
    assert rising.freq_hz == {"V": None}
    assert decode_histogram(json.dumps(rising.to_json()).encode())[0].freq_hz == {}
