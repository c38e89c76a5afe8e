"""Answers of the weather feed. `weather_feed/two_pits.json` was made by hand after the documentation of Open-Meteo."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.blast.restriction.rules import restriction_rules
from uskat.blast.restriction.weather_feed import HOURLY, FeedError, feed_query, read_feed

ANSWER = (Path(__file__).parent / "weather_feed" / "two_pits.json").read_bytes()
SITES = ("kedrovaya-pad", "sukhoy-log")
RULES = restriction_rules()
SEVEN = datetime(2026, 5, 12, 7, tzinfo=UTC)


def read(payload=ANSWER, sites=SITES):
    return read_feed(payload, sites, source="модель", rules=RULES)


def changed(**columns):
    answer = json.loads(ANSWER)
    answer[0]["hourly"] |= columns
    return json.dumps(answer).encode()


def test_every_hour_of_every_site_is_read_with_wind_as_where_it_comes_from():
    found = read()
    assert found.refused == ()
    assert [item.site for item in found.weather] == ["kedrovaya-pad"] * 6 + ["sukhoy-log"] * 6
    [seven] = [item.weather for item in found.weather if item.site == "kedrovaya-pad" and item.weather.at == SEVEN]
    assert (seven.wind.from_deg, seven.wind.speed_m_s) == (251, 4.1)
    assert (seven.temperature_c, seven.visibility_m, seven.source) == (7.9, 24140.0, "модель")


def test_warmer_above_than_below_is_an_inversion_and_what_is_not_told_stays_unknown():
    first, second = [item.weather for item in read().weather][:2]
    assert first.inversion is True  # 3.1 °C at 2 m, 5.4 at 80 m
    assert second.inversion is True  # 4.6 at 2 m, 5.2 at 80 m
    assert [item.weather.inversion for item in read().weather[2:5]] == [False, False, False]
    assert read().weather[5].weather.temperature_c is None
    other = [item.weather for item in read().weather if item.site == "sukhoy-log"]
    assert other[2].wind is None
    assert all(item.visibility_m is None for item in other)
    bare = read(changed(temperature_80m=[None] * 6, temperature_120m=[None] * 6, temperature_180m=[None] * 6))
    assert bare.weather[0].weather.inversion is None


def test_one_place_is_an_object_without_a_list():
    alone = json.dumps(json.loads(ANSWER)[0]).encode()
    assert len(read(alone, SITES[:1]).weather) == 6


@pytest.mark.parametrize("payload", [
    b"", b"<html>502</html>", b"[]", b"{}", b'{"error": true, "reason": "Latitude must be in range"}', b"[" * 2000,
    json.dumps([{"hourly": {"time": [1]}, "hourly_units": {"time": "iso8601"}}] * 2).encode(),
])  # fmt: skip
def test_what_is_no_weather_is_refused_whole(payload):
    with pytest.raises(FeedError):
        read(payload)


def test_another_unit_is_refused_for_it_would_be_a_silent_factor():
    answer = json.loads(ANSWER)
    answer[1]["hourly_units"]["wind_speed_10m"] = "km/h"
    with pytest.raises(FeedError, match="km/h"):
        read(json.dumps(answer).encode())


def test_columns_of_different_length_are_refused():
    with pytest.raises(FeedError, match="lengths"):
        read(changed(visibility=[1.0]))


def test_an_impossible_hour_is_refused_alone():
    found = read(changed(wind_speed_10m=[1.2, -3.0, 3.6, 4.1, 4.4, 4.0]))
    assert len(found.weather) == 11
    [why] = found.refused
    assert why.startswith("kedrovaya-pad")


def test_the_question_names_places_in_order_and_every_column_that_is_read():
    query = feed_query([(87.0872, 54.1305), (87.048, 54.1585)])
    assert (query["longitude"], query["latitude"]) == ("87.0872,87.0480", "54.1305,54.1585")
    assert query["hourly"].split(",") == list(HOURLY)
    assert (query["wind_speed_unit"], query["timeformat"], query["timezone"]) == ("ms", "unixtime", "GMT")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["time", "hourly", "x"]), inner),
    max_leaves=8,
)


@given(st.sampled_from(["time", *HOURLY]), st.lists(json_values, min_size=6, max_size=6))
def test_odd_columns_are_refused_or_read_but_never_break_the_reader(name, column):
    try:
        found = read(changed(**{name: column}))
    except FeedError:
        return
    assert len(found.weather) + len(found.refused) == 12
