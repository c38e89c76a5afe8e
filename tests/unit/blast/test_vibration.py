from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from uskat.blast.limits import VibrationLimit, default_limit
from uskat.blast.vibration import Shake, find_vibration, shake_of_histogram, shake_of_measures, was_handled
from uskat.finding import FindingKind, Severity

T0 = datetime(2026, 6, 1, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def record(ppv, *, start=0, seconds=3, zc=30.0, pvs=None, device=1, clipped=()):
    begin = T0 + start * SECOND
    return Shake(device, begin, begin + seconds * SECOND, True, ppv, dict.fromkeys(ppv, zc), pvs, None, clipped)


def histogram(ppv, *, start=0, seconds=60):
    begin = T0 + start * SECOND
    return Shake(1, begin, begin + seconds * SECOND, False, ppv, {}, None, None)


def find(*shakes):
    return find_vibration(shakes, default_limit())


def test_the_default_limit_is_five_and_unverified():
    assert default_limit().ppv_mm_s == 5.0
    assert default_limit().to_json()["verified"] is False


def test_the_largest_component_is_compared_and_the_limit_itself_does_not_break_it():
    assert find(record({"V": 5.0, "L": 1.0, "T": 2.0}, pvs=5.5)) == []
    (found,) = find(record({"V": 1.0, "L": 5.01, "T": 2.0}, pvs=5.5))
    assert (found.kind, found.severity) == (FindingKind.VIBRATION, Severity.VIOLATION)
    assert found.title == "Колебания грунта 5,01 мм/с при пороге 5 мм/с"
    assert found.figures["pvs"].value == 5.5
    assert "продольная" in found.reasons[0]
    assert (found.started_at, found.ended_at) == (T0, T0 + 3 * SECOND)


def test_a_clipped_channel_is_said_to_be_at_least_so_strong():
    (found,) = find(record({"V": 20.0, "L": 1.0, "T": 1.0}, clipped=("V",)))
    assert "не менее 20" in found.title


def test_handling_is_told_from_a_blast():
    handled = record({"V": 174.8, "L": 141.3, "T": 151.5}, zc=6.0, pvs=213.2)
    assert was_handled(handled, default_limit())
    (found,) = find(handled)
    assert (found.kind, found.published) == (FindingKind.HANDLING, False)
    assert not was_handled(record({"V": 174.8, "L": 141.3, "T": 151.5}, zc=40.0, pvs=213.2), default_limit())
    assert not was_handled(record({"V": 90.0, "L": 20.0, "T": 15.0}, zc=6.0, pvs=95.0), default_limit())


def test_a_record_replaces_the_histogram_interval_it_lies_in():
    interval, wave = histogram({"V": 6.0}), record({"V": 6.1, "L": 1.0, "T": 1.0}, start=30)
    (found,) = find(interval, wave)
    assert found.started_at == T0 + 30 * SECOND
    assert len(find(histogram({"V": 6.0}), record({"V": 6.1}, start=61))) == 2


def test_two_versions_of_one_start_are_one_event():
    weak, strong = record({"V": 6.0}), record({"V": 9.0}, seconds=2)
    for order in ((weak, strong), (strong, weak)):
        (found,) = find(*order)
        assert found.figures["ppv"].value == 9.0


def test_peaks_are_read_from_measures_and_from_the_wire():
    measures = {"ppv_mm_s": {"V": 6.0}, "zc_hz": {"V": None}, "pvs_mm_s": None, "airblast_pa": 4.0, "clipped": ["MIC"]}
    wave = shake_of_measures(measures, device_id=1, start=T0, end=T0)
    assert (wave.ppv_mm_s, wave.airblast_pa, wave.clipped) == ({"V": 6.0}, 4.0, ("MIC",))
    peaks = {"peak": {"V": 6, "MIC": 3.0}, "freq_hz": {"V": 11.0}, "over": ["V"]}
    interval = shake_of_histogram(peaks, device_id=1, start=T0, end=T0 + SECOND)
    assert (interval.ppv_mm_s, interval.airblast_pa, interval.clipped) == ({"V": 6.0}, 3.0, ("V",))
    assert find(shake_of_measures({}, device_id=1, start=T0, end=T0)) == []


def test_a_faulty_limit_file_is_refused():
    good = default_limit().model_dump(by_alias=True)
    with pytest.raises(ValidationError):
        VibrationLimit.model_validate(good | {"ppv_mm_s": 0})
