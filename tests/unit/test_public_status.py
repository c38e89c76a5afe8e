from datetime import UTC, datetime, timedelta

import pytest

from uskat.blast.passport.lifecycle import BlastStatus
from uskat.public_status import (
    BLAST_BADGES,
    REJECTION_REASONS,
    STATION_BADGES,
    BlastState,
    OpenAlert,
    StationState,
    Verdict,
    alert_words,
    blast_state,
    is_still_shown,
    station_state,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FRESH = NOW - timedelta(minutes=5)


def state(*alerts, last=FRESH):
    return station_state(alerts, last_reading=last, now=NOW)


@pytest.mark.parametrize(("badges", "states"), [(STATION_BADGES, StationState), (BLAST_BADGES, BlastState)])
def test_every_state_has_its_badge_under_its_own_code(badges, states):
    assert set(badges) == set(states)
    assert all(badge.code == code.value and badge.word and badge.shape for code, badge in badges.items())


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("badge", [*STATION_BADGES.values(), *BLAST_BADGES.values()], ids=lambda badge: badge.code)
def test_words_can_be_read_on_their_colour(badge):
    light, dark = sorted((luminance(badge.fill), luminance(badge.text)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("badge", [*STATION_BADGES.values(), *BLAST_BADGES.values()], ids=lambda badge: badge.code)
def test_nothing_is_ever_called_safe_or_clean(badge):
    text = f"{badge.word} {badge.sentence}".lower()
    assert "безопасно" not in text
    assert "чист" not in text


def test_fresh_readings_without_alerts_are_as_usual():
    assert state() is StationState.USUAL
    assert state(OpenAlert("clock"), OpenAlert("silence")) is StationState.USUAL


def test_no_data_is_never_a_norm():
    assert state(last=None) is StationState.NO_DATA
    assert state(last=NOW - timedelta(minutes=61)) is StationState.NO_DATA
    assert state(OpenAlert("exceedance"), last=NOW - timedelta(hours=5)) is StationState.NO_DATA


def test_a_deviation_is_checked_before_it_is_called_one():
    assert state(OpenAlert("exceedance")) is StationState.CHECKING
    assert state(OpenAlert("exceedance", Verdict.ACKNOWLEDGED)) is StationState.CHECKING
    assert state(OpenAlert("exceedance", Verdict.CONFIRMED)) is StationState.ABOVE_NORM
    assert state(OpenAlert("exceedance", Verdict.REJECTED)) is StationState.USUAL


def test_a_reviewed_verdict_holds_also_when_the_post_falls_silent():
    assert state(OpenAlert("exceedance", Verdict.CONFIRMED), last=None) is StationState.ABOVE_NORM


def test_the_machine_never_says_do_not_take_water():
    every = [OpenAlert("exceedance", verdict) for verdict in Verdict]
    assert {state(*every[:n]) for n in range(6)}.isdisjoint({StationState.WARNING})


@pytest.mark.parametrize(
    ("status", "announced", "hours", "expected"),
    [
        ("planned", False, 1, BlastState.PREPARED),
        ("published", True, 1, BlastState.ANNOUNCED),
        ("published", True, -1, BlastState.OVERDUE),
        ("published", False, 1, BlastState.PREPARED),
        ("postponed", True, -1, BlastState.MOVED),
        ("cancelled", True, 1, BlastState.CANCELLED),
        ("fired", False, -1, BlastState.FIRED),
        ("reported", True, -1, BlastState.FIRED),
    ],
)
def test_a_window_that_nobody_was_told_of_is_never_called_announced(status, announced, hours, expected):
    window_end = NOW + timedelta(hours=hours)
    assert blast_state(status, announced=announced, planned_to=window_end, now=NOW) is expected


def test_every_status_of_a_blast_has_a_public_state():
    for status in BlastStatus:
        assert blast_state(status.value, announced=True, planned_to=NOW, now=NOW) in BLAST_BADGES


def test_words_for_verdicts():
    assert alert_words(Verdict.NEW, {}) == alert_words(Verdict.ACKNOWLEDGED, {}) == "Проверяем"
    assert alert_words(Verdict.REJECTED, {"reason": "датчик"}) == "Не подтвердилось: датчик"
    assert alert_words(Verdict.RESOLVED, {"time": "12:30"}) == "Завершено 12:30"
    assert len(REJECTION_REASONS) == 6
    with pytest.raises(ValueError, match="unknown reason"):
        alert_words(Verdict.REJECTED, {"reason": "так захотелось"})


@pytest.mark.parametrize(("verdict", "hours"), [(Verdict.REJECTED, 48), (Verdict.RESOLVED, 24)])
def test_decided_alerts_stay_visible_for_a_while(verdict, hours):
    assert is_still_shown(verdict, decided_at=NOW, now=NOW + timedelta(hours=hours - 0.01))
    assert not is_still_shown(verdict, decided_at=NOW, now=NOW + timedelta(hours=hours))
    assert is_still_shown(Verdict.CONFIRMED, decided_at=NOW, now=NOW + timedelta(days=900))
