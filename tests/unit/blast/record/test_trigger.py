"""Norms.md §1.2: level trigger, STA/LTA with the golden numbers of obspy."""

import numpy as np
import pytest

from uskat.blast.record.trigger import LevelTrigger, Onset, level_onsets, ratio_onsets, sta_lta


def stepped():
    values = np.ones(3000)
    values[2000:2200] = 10
    return values


def recursive_twin(values, short, long):
    """The formula of 1.2.4, step by step."""
    sta = lta = 0.0
    ratio = np.zeros(len(values))
    for place in range(1, len(values)):
        square = values[place] ** 2
        sta += (square - sta) / short
        lta += (square - lta) / long
        if place >= long:
            ratio[place] = sta / lta
    return ratio


def test_1_2_3_classic():
    ratio = sta_lta(stepped(), short=50, long=1000)
    assert ratio.max() == pytest.approx(16.8067, abs=5e-5)
    assert int(ratio.argmax()) == 2049
    assert ratio_onsets(ratio, on=4, off=1.5) == [Onset(2001, 2233)]


def test_1_2_4_recursive():
    ratio = sta_lta(stepped(), short=50, long=1000, method="recursive")
    assert ratio.max() == pytest.approx(12.1552, abs=5e-5)
    assert int(ratio.argmax()) == 2025
    assert ratio_onsets(ratio, on=4, off=1.5) == [Onset(2001, 2265)]
    assert ratio == pytest.approx(recursive_twin(stepped(), 50, 1000), abs=1e-9)


@pytest.mark.parametrize(("short", "long"), [(0, 10), (10, 10), (10, 4000)])
def test_windows_that_do_not_fit_are_refused(short, long):
    with pytest.raises(ValueError, match="windows"):
        sta_lta(stepped(), short=short, long=long)


def test_1_2_1_the_level_trigger_starts_on_any_axis_and_arms_again():
    quiet = np.zeros(5000)
    ground, air = quiet.copy(), quiet.copy()
    ground[1000], ground[1400], air[4000] = 0.3, -0.5, 25.0
    trigger = LevelTrigger(ground_mm_s=0.3, air_pa=20.0)
    axes = {"V": ground, "MIC": air}
    assert level_onsets(axes, trigger, rate_hz=1000.0) == [Onset(1000, 1400), Onset(4000, 4000)]
    assert level_onsets(axes, LevelTrigger(0.4, None), rate_hz=1000.0) == [Onset(1400, 1400)]
    assert level_onsets(axes, LevelTrigger(None, None), rate_hz=1000.0) == []
    with pytest.raises(ValueError, match="lengths"):
        level_onsets({"V": ground, "L": ground[1:]}, trigger, rate_hz=1000.0)


def test_1_2_1_a_record_of_0_0764_mm_s_reaches_neither_level():
    trigger = LevelTrigger(ground_mm_s=0.3, air_pa=20.0)
    assert trigger.reached({"V": 0.0764, "L": 0.05, "T": 0.06, "MIC": 2.85}) == ()
    assert trigger.reached({"V": 0.3, "MIC": 20.0}) == ("V", "MIC")
