"""What each test says of readings, and what of them counts."""

import numpy as np
import pytest

from tests.unit.water.quality.columns import flags_of, noisy, readings_of, series_of
from uskat.water.quality.flag import PLACE, TESTS, Flag, QualityTest
from uskat.water.quality.judge import judge
from uskat.water.quality.limits import test_set as rules
from uskat.water.quality.readings import MICROS, empty_readings

PH = series_of("ph")


def test_the_set_of_tests_names_its_sources_and_how_far_they_are_verified():
    assert rules().name == "uskat-quality/1"
    assert rules().level == "memory"
    assert any("QARTOD" in source for source in rules().sources)
    assert {"temp", "ph", "ec25", "do", "turb"} <= set(rules().parameters)


def test_nothing_gives_nothing():
    assert judge(empty_readings(), PH).rollup.tolist() == []


def test_gross_range_fails_what_cannot_be_and_suspects_what_is_hardly_expected():
    readings = readings_of([[7.5, 14.5, 13.0, -0.1, 2.0]])
    assert flags_of("gross_range", readings, PH) == [1, 4, 3, 4, 1]


@pytest.mark.parametrize(("month", "expected"), [("2026-01-15", 3), ("2026-07-15", 1)])
def test_the_seasonal_range_follows_the_month(month, expected):
    start = int(np.datetime64(month).astype("datetime64[s]").astype(int))
    readings = readings_of([[18.0, 18.1]], start_s=start)
    assert flags_of("seasonal_range", readings, series_of("temp")) == [expected] * 2


def test_the_season_of_a_parameter_without_one_is_not_evaluated():
    assert flags_of("seasonal_range", readings_of([[1.0]]), series_of("nh4")) == [Flag.NOT_EVALUATED]


@pytest.mark.parametrize("length", [1, 2])
def test_a_spike_of_one_or_two_fast_readings_fails(length):
    values = noisy(7.5, 30)
    values[14 : 14 + length] = [9.9] * length
    flags = flags_of("spike", readings_of([values]), PH)
    assert flags[14 : 14 + length] == [4] * length
    assert flags.count(4) == length
    assert flags[:2] == flags[-2:] == [2, 2]


@pytest.mark.parametrize("every_s", [1, 10, 60, 600, 900, 1200])
def test_a_step_that_stays_is_no_spike_and_counts(every_s):
    values = noisy(0.3, 40, seed=2) + noisy(2.5, 40, seed=3)
    judgement = judge(readings_of([values], every_s=every_s), series_of("nh4", every_s=every_s))
    assert 4 not in judgement.flags
    assert judgement.counts.all()
    assert judgement.rollup[38:42].max() <= Flag.SUSPECT


def test_at_twenty_minutes_only_a_single_reading_is_a_spike():
    one, two = noisy(0.3, 30), noisy(0.3, 30)
    one[10] = 2.5
    two[10:12] = [2.5, 2.6]
    series = series_of("nh4", every_s=1200)
    assert flags_of("spike", readings_of([one], every_s=1200), series)[10] == 4
    assert 4 not in flags_of("spike", readings_of([two], every_s=1200), series)


def test_a_pulse_that_several_slow_parameters_share_may_be_the_river():
    columns = [noisy(0.3, 30), noisy(420, 30, deviation=1), noisy(7.5, 30)]
    for column, value in zip(columns, (2.5, 800, 8.9), strict=True):
        column[10] = value
    readings = readings_of(columns, every_s=1200)
    judgement = judge(readings, series_of("nh4", "ec25", "ph", every_s=1200))
    assert judgement.flags[PLACE[QualityTest.SPIKE]].reshape(3, 30)[:, 10].tolist() == [3, 3, 3]
    assert judgement.counts.reshape(3, 30)[:, 10].all()


def test_the_newest_reading_is_not_evaluated_and_waits_when_it_stands_alone():
    quiet = judge(readings_of([noisy(7.5, 30)]), PH)
    alone = judge(readings_of([[*noisy(7.5, 29), 9.9]]), PH)
    joined = judge(readings_of([[*noisy(7.5, 29), 9.9, 9.91, 9.9, 9.9]]), PH)
    place = PLACE[QualityTest.SPIKE]
    assert quiet.rollup[-1] == quiet.flags[place, -1] == alone.flags[place, -1] == Flag.NOT_EVALUATED
    assert (quiet.counts[-1], alone.counts[-1]) == (True, False)
    assert joined.counts[29:].all()


def test_a_noisy_instrument_fails_and_its_neighbours_do_not():
    wild, calm = noisy(7.5, 80, deviation=0.02), noisy(420, 80, deviation=1)
    wild[30:60] = noisy(7.5, 30, deviation=1.2, seed=5)
    flags = np.array(flags_of("spike", readings_of([wild, calm]), series_of("ph", "ec25"))).reshape(2, 80)
    assert (flags[0, 32:58] == 4).mean() > 0.9
    assert 4 not in flags[1]


def test_rate_of_change_is_suspect_at_most_and_never_within_the_noise():
    values = noisy(8.0, 20) + noisy(5.0, 20, seed=2)
    flags = flags_of("rate_of_change", readings_of([values]), series_of("do"))
    assert [place for place, flag in enumerate(flags) if flag == 3] == [20]
    assert flags[0] == Flag.NOT_EVALUATED


@pytest.mark.parametrize(("every_s", "count"), [(60, 121), (600, 13), (1200, 7)])
def test_six_equal_values_over_two_hours_are_stuck_from_the_first(every_s, count):
    series = series_of("do", every_s=every_s)
    values = [*noisy(8.0, 30, deviation=0.2), *[8.11] * count, *noisy(8.0, 10, seed=2, deviation=0.2)]
    flags = flags_of("flat_line", readings_of([values], every_s=every_s), series)
    assert flags[30 : 30 + count] == [4] * count
    assert flags.count(4) == count
    shorter = [*noisy(8.0, 30, deviation=0.2), *[8.11] * (count - 1)]
    assert 4 not in flags_of("flat_line", readings_of([shorter], every_s=every_s), series)


def test_fewer_than_six_equal_values_are_never_stuck():
    values = [8.0, 8.1, *[8.2] * 5, 8.3]
    assert 4 not in flags_of("flat_line", readings_of([values], every_s=3600), series_of("do", every_s=3600))


def test_water_at_freezing_may_stand_still_but_warmer_water_may_not():
    still = readings_of([[0.05] * 30], every_s=1200)
    assert set(flags_of("flat_line", still, series_of("temp", every_s=1200))) <= {1, 2}
    warm = readings_of([[12.05] * 30], every_s=1200)
    assert 4 in flags_of("flat_line", warm, series_of("temp", every_s=1200))


@pytest.mark.parametrize("parameter", ["level", "discharge", "precip"])
def test_level_flow_and_rain_may_stand_still_for_ever(parameter):
    readings = readings_of([[0.0] * 60], every_s=1200)
    assert set(flags_of("flat_line", readings, series_of(parameter, every_s=1200))) == {Flag.NOT_EVALUATED}


def test_a_signal_of_one_digit_is_attenuated_and_only_suspect():
    digits = [7.50, 7.51] * 30
    flags = flags_of("attenuated_signal", readings_of([digits], every_s=1200), series_of("ph", every_s=1200))
    assert set(flags[20:]) == {3}
    assert set(flags[:10]) == {2}


def test_the_first_reading_after_a_gap_is_told_but_does_not_make_the_roll_up_worse():
    values = noisy(7.5, 60)
    values[20:30] = [np.nan] * 10
    readings = readings_of([values])
    assert [place for place, flag in enumerate(flags_of("time_gap", readings, PH)) if flag == 3] == [0, 20]
    assert judge(readings, PH).rollup.max() <= 2


def in_air(count, *, ec=3.0, oxygen=8.9, temperature=21.0, air=21.3):
    return [[ec] * count, noisy(temperature, count), noisy(oxygen, count), noisy(air, count), noisy(9.2, count)]


AIR = ("ec25", "temp", "do", "airtemp", "ph")


def test_a_probe_in_the_air_fails_with_every_wetted_channel():
    flags = np.array(flags_of("multi_variate", readings_of(in_air(12)), series_of(*AIR))).reshape(5, 12)
    assert set(flags[[0, 1, 2, 4]].flatten()) == {4}
    assert set(flags[3]) == {2}


def test_melt_water_of_low_conductivity_is_not_the_air():
    columns = in_air(12, ec=60.0, temperature=2.0, air=2.2, oxygen=13.6)
    assert 4 not in flags_of("multi_variate", readings_of(columns), series_of(*AIR))


def test_conductivity_near_zero_alone_is_only_suspect():
    flags = flags_of("multi_variate", readings_of([[3.0] * 5]), series_of("ec25"))
    assert flags == [3] * 5


def test_oxygen_far_above_saturation_is_suspect_at_night_only():
    night = 1_780_000_000 - 1_780_000_000 % 86_400 + 18 * 3600  # midnight of local solar time
    columns = [[17.0] * 6, [15.0] * 6, [420.0] * 6]
    for start, expected in ((night, 3), (night - 12 * 3600, 1)):
        readings = readings_of(columns, start_s=start)
        assert set(flags_of("multi_variate", readings, series_of("do", "temp", "ec25"))[:6]) == {expected}


def test_a_ph_step_without_conductivity_is_suspect_and_with_it_is_not():
    step = noisy(7.5, 70) + noisy(8.4, 60)
    for conductivity, expected in (([420.0] * 130, {1, 3}), ([420.0] * 70 + [560.0] * 60, {1})):
        flags = flags_of("multi_variate", readings_of([step, conductivity]), series_of("ph", "ec25"))
        assert set(flags[:130]) == expected


def test_two_instruments_of_one_parameter_that_disagree_are_both_suspect():
    columns = [noisy(7.5, 10), noisy(8.4, 10)]
    series = [*series_of("ph"), series_of("ph", device=2)[0]._replace(id=11)]
    assert flags_of("neighbour", readings_of(columns), series) == [3] * 20
    assert flags_of("neighbour", readings_of([noisy(7.5, 10), noisy(7.55, 10)]), series) == [1] * 20


def test_service_calibration_and_maintenance_are_not_evaluated_and_do_not_count():
    flags = [[1] * 10 + [17] * 10 + [33] * 10 + [1] * 10]
    readings = readings_of([[7.0] * 10 + [4.0] * 10 + [20.0] * 10 + [7.0] * 10], flags=flags)
    excused = readings.time_us >= readings.time_us[35]
    judgement = judge(readings, PH, excused=excused)
    assert judgement.counts.tolist() == [True] * 10 + [False] * 20 + [True] * 5 + [False] * 5
    assert set(judgement.rollup[10:30]) == {2}
    assert set(judgement.flags[:, 10:30].flatten()) == {2}


def test_what_the_sender_doubts_does_not_count():
    readings = readings_of([noisy(7.5, 6)], flags=[[1, 1, 3, 4, 9, 1]])
    judgement = judge(readings, PH)
    assert judgement.counts.tolist() == [True, True, False, False, False, True]
    assert judgement.rollup.tolist()[2:5] == [3, 4, 9]


def test_the_rows_of_the_flags_are_the_tests_in_their_order():
    assert len(TESTS) == judge(readings_of([[7.5]]), PH).flags.shape[0]
    assert readings_of([[7.5]]).time_us[0] % MICROS == 0
