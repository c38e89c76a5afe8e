from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.unit.blast.record.made import CALIBRATION, START, Piece, record, wavelet
from uskat.blast.record.incremental import RecordAnalyser
from uskat.blast.record.trigger import LevelTrigger
from uskat.blast.waveform import measure_record


def blast():
    shapes = (("V", 4.0, 25), ("L", 3.0, 21), ("T", 2.0, 30), ("MIC", 12.0, 9))
    return record({axis: 0.2 + wavelet(peak, frequency) for axis, peak, frequency in shapes})


def cut(channel, seconds):
    step = round(seconds * channel.rate_hz)
    return [
        replace(channel, counts=channel.counts[at : at + step], start=START + timedelta(seconds=at / channel.rate_hz))
        for at in range(0, len(channel.counts), step)
    ]


@pytest.mark.parametrize("pre_trigger_s", [0.5, None])
@pytest.mark.parametrize("seconds", [0.1, 0.37, 1.0])
def test_the_analyser_measures_pieces_as_the_whole(pre_trigger_s, seconds):
    analyser = RecordAnalyser(CALIBRATION, pre_trigger_s=pre_trigger_s)
    for pieces in zip(*(cut(channel, seconds) for channel in blast()), strict=True):
        for piece in pieces:
            analyser.feed(piece)
    whole = measure_record(blast(), CALIBRATION, pre_trigger_s=pre_trigger_s)
    assert analyser.finish() == whole
    assert analyser.so_far().peaks == pytest.approx(
        {a: m.peak for a, m in whole.components.items()} | {"MIC": whole.airblast.peak}
    )
    assert analyser.so_far().until == START + timedelta(seconds=4)


def test_the_analyser_knows_the_peak_before_the_end():
    analyser = RecordAnalyser(CALIBRATION, pre_trigger_s=0.5, trigger=LevelTrigger(0.3, 20.0))
    assert analyser.so_far().until is None
    vertical = cut(blast()[0], 0.5)
    analyser.feed(vertical[0])
    assert analyser.so_far().triggered == ()
    for piece in vertical[1:4]:
        analyser.feed(piece)
    progress = analyser.so_far()
    assert progress.triggered == ("V",)
    assert progress.peaks["V"] == pytest.approx(4.0, abs=0.05)
    assert progress.samples == {"V": 2048}


def test_the_analyser_ignores_empty_pieces_and_names_unknown_channels():
    analyser = RecordAnalyser(CALIBRATION)
    analyser.feed(Piece("GHZ", np.empty(0, dtype=np.int32)))
    analyser.feed(Piece("BHZ", np.ones(5, dtype=np.int32)))
    assert analyser.so_far().peaks == {}
    assert analyser.finish().uncalibrated == ("US.S1..BHZ",)
