from datetime import UTC, datetime, timedelta

import pytest

from uskat.water.silence import Channel, SilenceEnd, ended_silence, judge_silence, silence_finding, silence_threshold

T0 = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def channel(series, last, *, device=1, every=60):
    heard = None if last is None else T0 + last * MINUTE
    return Channel(series, device, f"канал {series}", f"channel {series}", every, T0, heard)


def silent(channels, minute):
    verdict = judge_silence(channels, T0 + minute * MINUTE)
    return {silence.key: (silence.since - T0) / MINUTE for silence in verdict.silences}, verdict.next_look


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 10), (60, 10), (200, 10), (300, 15), (3600, 180)])
def test_three_missed_readings_but_at_least_ten_minutes(seconds, minutes):
    assert silence_threshold(seconds) == minutes * MINUTE


def test_nothing_is_silent_up_to_the_threshold_and_the_next_look_comes_just_after_it():
    found, look = silent([channel(1, 5), channel(2, 5)], 15)
    assert found == {}
    assert T0 + 15 * MINUTE < look < T0 + 15.01 * MINUTE
    assert silent([channel(1, 5), channel(2, 5)], 15.001)[0] == {"silence:device:1": 5}


def test_a_silent_channel_of_a_speaking_device():
    assert silent([channel(1, 5), channel(2, 20)], 21)[0] == {"silence:series:1": 5}


def test_a_channel_that_fell_silent_before_its_device_is_named_too():
    assert silent([channel(1, 5), channel(2, 20)], 31)[0] == {"silence:series:1": 5, "silence:device:1": 20}


def test_channels_that_fall_silent_with_their_device_are_not_named():
    assert silent([channel(1, 19.5), channel(2, 20)], 31)[0] == {"silence:device:1": 20}
    assert silent([channel(1, 19.5), channel(2, 20)], 29.7) == ({}, T0 + 30 * MINUTE + timedelta(milliseconds=1))


def test_a_slow_channel_keeps_its_device_alive_while_a_fast_one_is_broken():
    assert silent([channel(1, 5), channel(2, 60, every=3600)], 100)[0] == {"silence:series:1": 5}


def test_a_channel_that_never_spoke_is_silent_since_its_registration():
    assert silent([channel(1, None), channel(2, 20)], 21)[0] == {"silence:series:1": 0}
    verdict = judge_silence([channel(1, None), channel(2, None)], T0 + 11 * MINUTE)
    (silence,) = verdict.silences
    assert silence.never
    assert silence.channel is None


def test_devices_are_judged_apart():
    found, look = silent([channel(1, 5), channel(2, 18, device=2)], 20)
    assert found == {"silence:device:1": 5}
    assert look > T0 + 28 * MINUTE


def test_when_all_are_silent_there_is_nothing_more_to_look_at():
    assert silent([channel(1, 5)], 60)[1] is None


def test_words_of_a_silence_and_of_its_end():
    (silence,) = judge_silence([channel(1, 5), channel(2, 20)], T0 + 21 * MINUTE).silences
    opened = silence_finding(silence, device="D-1")
    assert opened.title == "Нет показаний: канал 1 (D-1)"
    assert "01.06.2026 07:05:00" in opened.reasons[0]
    assert opened.ended_at is None
    ended = ended_silence(
        opened, SilenceEnd(T0 + 6 * MINUTE, T0 + 90 * MINUTE, T0 + 4 * MINUTE, "Показания снова поступают.")
    )
    assert ended.ended_at == T0 + 6 * MINUTE
    assert (ended.figures["gap"].value, ended.figures["silent"].value) == (1.0, 86.0)
    assert ended.reasons[-1] == "Показания снова поступают."


def test_a_silence_never_ends_before_it_began():
    (silence,) = judge_silence([channel(1, None)], T0 + 21 * MINUTE).silences
    end = SilenceEnd(T0 - 60 * MINUTE, T0 + 30 * MINUTE, T0, "x")
    assert ended_silence(silence_finding(silence, device="D"), end).ended_at == T0


def test_the_verdict_does_not_depend_on_when_one_looked_before():
    """At every minute: what is silent grows only, and what a later look names an earlier one named too, or not yet."""
    channels = [channel(1, 5), channel(2, 20), channel(3, 20, every=600), channel(4, None)]
    before = set()
    for minute in range(20, 80):
        found = set(silent(channels, minute)[0])
        assert before <= found
        before = found
    assert before == {"silence:device:1", "silence:series:1", "silence:series:4"}
