"""Areas of residents, quiet hours, keys."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.supervision.notice.area import AlertPlace, Area, AreaKind, area_of, concerns, reach_area
from uskat.supervision.notice.message_key import digest_key, notice_key
from uskat.supervision.notice.norms import Pace, packaged_norms
from uskat.supervision.notice.quiet import LOCAL, send_at

QUIET = packaged_norms().quiet
REACH = packaged_norms().reach
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 15 * 365 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
STATION = AlertPlace(53.8, 87.1, on_water=True, river="uskat", river_km=40.0)


@given(MOMENTS)
def test_what_is_urgent_never_waits(now):
    assert send_at(now, Pace.AT_ONCE, quiet=QUIET) == now


@given(MOMENTS, st.sampled_from([Pace.DAYTIME, Pace.DIGEST]))
def test_the_rest_waits_less_than_a_day_and_never_goes_out_at_night(now, pace):
    sent = send_at(now, pace, quiet=QUIET)
    assert now <= sent <= now + timedelta(days=1)
    assert 8 <= sent.astimezone(LOCAL).hour < 22
    if pace is Pace.DIGEST:
        assert sent.astimezone(LOCAL).hour in {8, 18}
        assert sent > now  # a digest is closed before it goes out


def test_quiet_hours_are_those_of_novokuznetsk():
    evening = datetime(2026, 6, 1, 14, 59, tzinfo=UTC)  # 21:59 there
    assert send_at(evening, Pace.DAYTIME, quiet=QUIET) == evening
    night = evening + timedelta(minutes=1)
    assert send_at(night, Pace.DAYTIME, quiet=QUIET) == datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="time zone"):
        send_at(night.replace(tzinfo=None), Pace.DAYTIME, quiet=QUIET)


@given(st.text(max_size=60))
def test_any_text_is_a_reach_or_is_refused(text):
    try:
        area = reach_area(text)
    except ValueError:
        assert area_of(AreaKind.REACH, text, places={}) is None
    else:
        assert area.lower_km < area.upper_km
        assert area_of(AreaKind.REACH, text, places={}) == area


@pytest.mark.parametrize(
    ("code", "told"),
    [("uskat:35-45", True), ("uskat:0-12", True), ("uskat:0-9.9", False), ("uskat:41-60", False), ("tom:35-45", False)],
)
def test_a_reach_is_told_of_its_own_water_and_of_what_flows_to_it(code, told):
    assert concerns(STATION, reach_area(code), reach=REACH) is told


def test_a_settlement_hears_from_above_on_its_river_or_from_near():
    downstream = Area("uskat", 20.0, 20.0, 53.0, 87.0)  # 90 km away as the crow flies, 20 km down the river
    upstream = Area("uskat", 60.0, 60.0, 53.0, 87.0)
    near = Area(None, None, None, 53.85, 87.1)  # 5.6 km
    assert concerns(STATION, downstream, reach=REACH)
    assert not concerns(STATION, upstream, reach=REACH)
    assert concerns(STATION, near, reach=REACH)
    blast = AlertPlace(53.8, 87.1, on_water=False, river="uskat", river_km=40.0)
    assert not concerns(blast, downstream, reach=REACH)  # the river carries no shaking


def test_a_place_that_is_gone_concerns_nobody():
    assert area_of(AreaKind.PIT, "gone", places={}) is None


def test_two_messages_never_share_a_key_and_copies_do():
    parts = [(1, "event:1", "contact:1", "email"), (1, "event:1", "contact:1", "sms"), (1, "event:1", "contact:11", "email"),
             (11, "event:1", "contact:1", "email"), (1, "event:11", "contact:1", "email")]  # fmt: skip
    keys = {notice_key(alert, source, recipient=who, channel=how) for alert, source, who, how in parts}
    assert len(keys) == len(parts)
    at = datetime(2026, 6, 1, 1, tzinfo=UTC)
    assert digest_key("contact:1", "email", at=at) == digest_key("contact:1", "email", at=at.astimezone(LOCAL))
    assert digest_key("contact:1", "email", at=at) != digest_key("contact:1", "email", at=at + timedelta(hours=10))
