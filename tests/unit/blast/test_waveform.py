"""Worked examples of the shared norms sheet, blasting §1.1, and the faults that real records have."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from uskat.blast.record.airblast import airblast_level_dbl, airblast_pressure_pa
from uskat.blast.record.calibration import read_calibration
from uskat.blast.record.motion import zero_crossing_frequency_hz
from uskat.blast.waveform import measure_record

START = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)
CALIBRATION = {
    "GHZ": {"component": "V", "unit": "mm/s", "counts_per_unit": 1000},
    "GHN": {"component": "L", "unit": "mm/s", "counts_per_unit": 1000},
    "GHE": {"component": "T", "unit": "mm/s", "counts_per_unit": 1000},
    "GDF": {"component": "MIC", "unit": "Pa", "counts_per_unit": 100},
}


@dataclass(frozen=True)
class Piece:
    code: str
    counts: np.ndarray
    start: datetime = START
    rate_hz: float = 1024.0

    @property
    def nslc(self):
        return f"US.S1..{self.code}"


def toy(rate_hz=4.0):
    return [
        Piece("GHZ", np.array([0, 3000, 1000, 0], dtype=np.int32), rate_hz=rate_hz),
        Piece("GHN", np.array([0, 4000, -6000, 0], dtype=np.int32), rate_hz=rate_hz),
        Piece("GHE", np.array([0, 12000, 2000, 0], dtype=np.int32), rate_hz=rate_hz),
    ]


def test_the_vector_sum_is_of_simultaneous_samples():
    measures = measure_record(toy(), CALIBRATION, pre_trigger_s=0.25)
    assert measures.pvs_mm_s == pytest.approx(13.0)  # the pseudo value would be 13.748
    assert measures.pvs_at == START + timedelta(seconds=0.25)
    assert {axis: part.peak for axis, part in measures.components.items()} == {"V": 3.0, "L": 6.0, "T": 12.0}
    assert measures.strongest == "T"


def test_the_offset_is_the_mean_of_the_record_unless_the_pre_trigger_is_known():
    counts = np.array([500, 500, 500, 2500], dtype=np.int32)
    assert measure_record([Piece("GHZ", counts)], CALIBRATION).components["V"].peak == pytest.approx(1.5)
    known = measure_record([Piece("GHZ", counts)], CALIBRATION, pre_trigger_s=2 / 1024)
    assert known.components["V"].peak == pytest.approx(2.0)


def test_the_zero_crossing_frequency_of_a_windowed_sine():
    times = np.arange(2048) / 1024
    values = np.exp(-(((times - 1.0) / 0.1) ** 2)) * np.sin(2 * np.pi * 25 * times)
    peak = int(np.argmax(np.abs(values)))
    assert zero_crossing_frequency_hz(values, peak, rate_hz=1024.0) == pytest.approx(25.0, abs=0.05)


def test_a_record_that_ends_before_zero_has_no_frequency():
    rising = np.linspace(1, 5, 50)
    assert zero_crossing_frequency_hz(rising, 49, rate_hz=1024.0) is None
    assert zero_crossing_frequency_hz(np.zeros(5), 2, rate_hz=1024.0) is None


@pytest.mark.parametrize(
    ("pressure", "level"),
    [(1, 93.979), (20, 120.0), (50, 127.959), (100, 133.979), (200, 140.0), (0.1873, 79.43), (2.85, 103.08)],
)
def test_airblast_levels(pressure, level):
    assert airblast_level_dbl(pressure) == pytest.approx(level, abs=0.005)


@pytest.mark.parametrize(
    ("level", "pressure"),
    [(105, 3.5566), (115, 11.2468), (120, 20), (125, 35.5656), (129, 56.3677), (133, 89.3367), (134, 100.2374)],
)
def test_airblast_pressures(level, pressure):
    assert airblast_pressure_pa(level) == pytest.approx(pressure, abs=0.0001)


def test_silence_has_no_level():
    assert airblast_level_dbl(0.0) is None


def test_the_microphone_is_measured_in_pascal():
    counts = np.array([0, 0, 2000, -300], dtype=np.int32)
    measures = measure_record([Piece("GDF", counts)], CALIBRATION, pre_trigger_s=2 / 1024)
    assert measures.airblast.peak == pytest.approx(20.0)
    assert measures.airblast_dbl == pytest.approx(120.0)
    assert measures.pvs_mm_s is None


def test_a_clipped_peak_is_flagged():
    counts = np.clip(np.round(40000 * np.sin(np.arange(512) / 20)), -30000, 30000).astype(np.int32)
    assert measure_record([Piece("GHZ", counts)], CALIBRATION).components["V"].clipped
    whole = np.round(20000 * np.sin(np.arange(512) / 20)).astype(np.int32)
    assert not measure_record([Piece("GHZ", whole)], CALIBRATION).components["V"].clipped
    scaled = CALIBRATION | {"GHZ": CALIBRATION["GHZ"] | {"full_scale_counts": 20000}}
    assert measure_record([Piece("GHZ", whole)], scaled).to_json()["clipped"] == ["V"]


def test_quiet_records_at_the_resolution_are_not_clipped():
    counts = np.array([0, 1, 1, 1, 1, 1, 0, -1], dtype=np.int32)
    assert not measure_record([Piece("GHZ", counts)], CALIBRATION).components["V"].clipped


def test_pieces_with_a_gap_are_measured_where_all_axes_have_samples():
    late = START + timedelta(days=4000)  # a piece with a wild clock must not cost memory
    pieces = [*toy(), Piece("GHZ", np.array([0, 90000, 0, 0], dtype=np.int32), start=late, rate_hz=4.0)]
    measures = measure_record(pieces, CALIBRATION, pre_trigger_s=0.25)
    assert measures.pvs_mm_s == pytest.approx(13.0)
    assert measures.components["V"].peak == pytest.approx(90.0)


def test_axes_are_aligned_by_time_not_by_place():
    shifted = Piece("GHZ", np.array([3000, 1000, 0, 0], dtype=np.int32), START + timedelta(seconds=0.25), 4.0)
    measures = measure_record([shifted, *toy()[1:]], CALIBRATION | {})
    raw = np.array([[3, 1, 0], [4, -6, 0], [12, 2, 0]], dtype=float)
    means = np.array([1.0, -0.5, 3.5])
    assert measures.pvs_mm_s == pytest.approx(float(np.sqrt(((raw.T - means) ** 2).sum(axis=1)).max()))


@pytest.mark.parametrize("later_s", [0.125, 0.15])  # half a sample; as much as rounds up to the next sample
def test_axes_half_a_sample_apart_have_no_vector_sum(later_s):
    shifted = Piece("GHZ", np.array([0, 3000, 1000, 0], dtype=np.int32), START + timedelta(seconds=later_s), 4.0)
    assert measure_record([shifted, *toy()[1:]], CALIBRATION).pvs_mm_s is None


def test_pieces_that_follow_one_another_are_one():
    halves = [
        Piece(piece.code, piece.counts[part], piece.start + timedelta(seconds=place / 4), 4.0)
        for piece in toy()
        for place, part in ((0, slice(0, 2)), (2, slice(2, 4)))
    ]
    assert measure_record(halves, CALIBRATION, pre_trigger_s=0.25) == measure_record(
        toy(), CALIBRATION, pre_trigger_s=0.25
    )


def test_clipping_of_numbers_in_units_is_seen_too():
    fine = np.round(40 * np.sin(np.arange(512) / 20), 3)
    in_units = {"GHZ": CALIBRATION["GHZ"] | {"counts_per_unit": 1}}
    assert not measure_record([Piece("GHZ", fine)], in_units).components["V"].clipped
    assert measure_record([Piece("GHZ", np.clip(fine, -30, 30))], in_units).components["V"].clipped


def test_unknown_channels_are_named_and_left_out():
    measures = measure_record([Piece("BHZ", np.array([1, 2, 3], dtype=np.int32)), *toy()], CALIBRATION)
    assert measures.uncalibrated == ("US.S1..BHZ",)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {"component": "V", "unit": "Pa", "counts_per_unit": 1},
        {"component": "MIC", "unit": "mm/s", "counts_per_unit": 1},
        {"component": "V", "unit": "furlong", "counts_per_unit": 1},
        {"component": "V", "unit": "mm/s", "counts_per_unit": 0},
        {"component": "V", "unit": "mm/s"},
        {"component": "V", "unit": "mm/s", "counts_per_unit": "many"},
    ],
)
def test_a_useless_calibration_entry_is_left_out(entry):
    assert read_calibration({"GHZ": entry}) == {}


def test_units_are_converted():
    metres = {"GHZ": {"component": "V", "unit": "m/s", "counts_per_unit": 1e6}}
    counts = np.array([0, 0, 4000, 0], dtype=np.int32)
    assert measure_record([Piece("GHZ", counts)], metres, pre_trigger_s=1 / 1024).components["V"].peak == pytest.approx(
        4.0
    )


def test_absurd_numbers_never_reach_the_database():
    huge = np.array([1e308, -1e308, 1e308], dtype=np.float64)
    calibration = {"GHZ": {"component": "V", "unit": "m/s", "counts_per_unit": 1e-6}}
    text = json.dumps(measure_record([Piece("GHZ", huge)], calibration).to_json(), allow_nan=False)
    assert json.loads(text)["ppv_mm_s"] == {}


def test_an_empty_record_measures_nothing():
    document = measure_record([], CALIBRATION).to_json()
    assert document["ppv_max_mm_s"] is None
    assert document["airblast_pa"] is None
