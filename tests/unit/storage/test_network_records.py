from datetime import UTC, datetime, timedelta

from services.storage.network_records import HEARD_STEP, silences

T0 = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = {"since": T0, "until": T0 + 96 * HOUR, "within": 24 * HOUR}


def test_an_instrument_that_never_spoke_is_silent_throughout():
    assert silences([], **SPAN) == ((T0, T0 + 96 * HOUR),)


def test_one_word_is_believed_a_day_before_and_after_it():
    heard = T0 + 48 * HOUR
    assert silences([heard], **SPAN) == (
        (T0, T0 + 24 * HOUR),
        (heard + HEARD_STEP + 24 * HOUR, T0 + 96 * HOUR),
    )


def test_words_outside_of_the_period_count_and_a_chatty_one_is_never_silent():
    assert silences([T0 - 12 * HOUR], **SPAN) == ((T0 - 12 * HOUR + HEARD_STEP + 24 * HOUR, T0 + 96 * HOUR),)
    every = [T0 + n * HEARD_STEP for n in range(-4, 20)]
    assert silences(every, **SPAN) == ()
