"""The demo's invented weather: every hour, both sides of what a pre-check looks at, the same when asked again."""

from datetime import UTC, datetime, timedelta

from services.cli.demo.weather import SOURCE, demo_weather
from uskat.blast.restriction.rules import restriction_rules
from uskat.blast.restriction.weather import nearest_weather
from uskat.water.network import demo_network

SINCE = datetime(2026, 6, 1, 3, 20, tzinfo=UTC)
NETWORK = demo_network()


def hours(days=6):
    return demo_weather(NETWORK, since=SINCE, until=SINCE + timedelta(days=days))


def test_every_moment_of_the_period_has_weather_near_enough_at_every_pit():
    found = hours()
    for pit in NETWORK.pits:
        own = [one.weather for one in found if one.site == pit.code]
        assert len(own) == 6 * 24
        for minutes in range(60, 6 * 24 * 60 - 60, 97):
            assert nearest_weather(own, SINCE + timedelta(minutes=minutes), rules=restriction_rules()) is not None


def test_winds_of_all_quarters_and_nights_with_an_inversion_are_among_it():
    weather = [one.weather for one in hours()]
    assert {int(one.wind.from_deg // 90) for one in weather} == {0, 1, 2, 3}
    assert all(0.5 <= one.wind.speed_m_s <= 10 for one in weather)
    inverted = [(one.at + timedelta(hours=7)).hour for one in weather if one.inversion]
    assert inverted
    assert all(not 7 <= hour < 21 for hour in inverted)
    assert all("демо" in one.source and one.source == SOURCE for one in weather)


def test_an_hour_is_told_the_same_whenever_it_is_asked_for():
    later = demo_weather(NETWORK, since=SINCE + timedelta(days=2), until=SINCE + timedelta(days=6))
    assert later == [one for one in hours() if one.weather.at >= SINCE + timedelta(days=2)]
