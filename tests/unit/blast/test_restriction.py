"""Restrictions: НМУ, wind, inversion, hours, daylight, distances, announcements (norms.md §6.1–6.3)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tests.unit.blast.passports import FROM, passport
from uskat.blast.emission.puff import Wind
from uskat.blast.geometry import Plane, centre
from uskat.blast.passport import lifecycle
from uskat.blast.passport.lifecycle import PostponeReason
from uskat.blast.passport.model import Window
from uskat.blast.provenance import Level
from uskat.blast.restriction.conflict import (
    Circumstances,
    Gravity,
    OtherBlast,
    judge_firing,
    judge_plan,
)
from uskat.blast.restriction.nmu import NmuWarning, listed_for, read_nmu_table, warnings_during
from uskat.blast.restriction.rules import Hours, LocalRule, Place, restriction_rules
from uskat.blast.restriction.weather import (
    Weather,
    has_inversion,
    is_daylight,
    nearest_weather,
    sun_elevation_deg,
    wind_is_towards,
)

RULES = restriction_rules()
ZONE = ZoneInfo("Asia/Novokuznetsk")
SOURCE = centre(passport().ring)
PLANE = Plane(*SOURCE)
NOW = FROM - timedelta(days=2)


def place(name, east, north):
    longitude, latitude = PLANE.to_globe((east, north))
    return Place(name=name, longitude=longitude, latitude=latitude)


def warning(**changes):
    data = {"zone": "Новокузнецк", "degree": 1, "valid_from": FROM, "valid_to": FROM + timedelta(hours=12),
            "issued_at": FROM - timedelta(days=3), "source": "ЦГМС"}  # fmt: skip
    return NmuWarning.model_validate(data | changes)


def weather(hours=0.5, from_deg=270.0, speed=4.0, **more):
    wind = Wind(from_deg=from_deg, speed_m_s=speed)
    return Weather.model_validate(
        {"at": FROM + timedelta(hours=hours), "source": "пост", "wind": wind, "inversion": False} | more
    )


FAIR = (weather(), weather(1.5))


def circumstances(**changes):
    data = {"zone": ZONE, "zones": frozenset({"Новокузнецк"}), "weather": FAIR}
    return Circumstances(**data | changes)


def planned(**changes):
    return judge_plan(passport(), circumstances(**changes), rules=RULES, now=NOW)


def codes(judgement):
    return [conflict.code for conflict in judgement.conflicts]


@pytest.mark.parametrize(("concentration", "listed"), [(0.17, True), (0.16, False)])
def test_a_substance_is_listed_when_a_fifth_more_exceeds_its_limit_6_1(concentration, listed):
    assert listed_for(1, concentration, limit=0.2, rules=RULES) is listed
    assert RULES.nmu_increase[1].level is Level.VERIFIED
    assert RULES.nmu_increase[2].level is Level.MEMORY


def test_higher_degrees_list_more_6_1():
    assert [listed_for(degree, 0.13, limit=0.2, rules=RULES) for degree in (1, 2, 3)] == [False, False, True]


def test_a_quiet_plan_has_no_conflict_and_nothing_unchecked():
    judgement = planned()
    assert (judgement.conflicts, judgement.unchecked, judgement.gravest) == ((), (), None)


@pytest.mark.parametrize(
    ("changes", "gravity"),
    [
        ({}, Gravity.WARNING),
        ({"degree": 2}, Gravity.STOP),
        ({"degree": 3}, Gravity.STOP),
        ({"zone": "Междуреченск"}, None),
        ({"withdrawn_at": FROM}, None),
        ({"withdrawn_at": FROM + timedelta(minutes=1)}, Gravity.WARNING),
        ({"valid_from": FROM + timedelta(hours=2)}, Gravity.WARNING),
        ({"valid_from": FROM + timedelta(hours=2, seconds=1)}, None),
        ({"issued_at": NOW + timedelta(seconds=1)}, None),
    ],
)
def test_a_plan_meets_the_warnings_that_are_known(changes, gravity):
    assert planned(warnings=[warning(**changes)]).gravest is gravity


def test_the_gravest_warning_is_told():
    found = planned(warnings=[warning(), warning(degree=3)])
    assert codes(found) == ["nmu"]
    assert "3-й степени" in found.conflicts[0].text


def test_warnings_come_from_a_table_and_bad_rows_are_told():
    table = (
        "\ufeffzone;degree;valid_from;valid_to;issued_at;source;withdrawn_at\n"
        "Новокузнецк;2;2026-06-10T00:00:00+07:00;2026-06-11T00:00:00+07:00;2026-06-09T12:00:00+07:00;ЦГМС;\n"
        "Новокузнецк;4;2026-06-10T00:00:00+07:00;2026-06-11T00:00:00+07:00;2026-06-09T12:00:00+07:00;ЦГМС;\n"
        "Новокузнецк;1;2026-06-11T00:00:00+07:00;2026-06-10T00:00:00+07:00;2026-06-09T12:00:00+07:00;ЦГМС;\n"
        "Новокузнецк;1;2026-06-10T00:00:00;2026-06-11T00:00:00+07:00;2026-06-09T12:00:00+07:00;ЦГМС;\n"
    )
    warnings, errors = read_nmu_table(table)
    assert [item.degree for item in warnings] == [2]
    assert warnings[0].valid_from == datetime(2026, 6, 9, 17, tzinfo=UTC)
    assert [error.row for error in errors] == [3, 4, 5]
    assert "degree" in errors[0].problem
    with pytest.raises(ValidationError):
        warning(degree=0)


def test_warnings_during_are_sorted_by_degree():
    both = [warning(), warning(degree=2)]
    found = warnings_during(both, frozenset({"Новокузнецк"}), start=FROM, end=FROM, known_at=NOW)
    assert [item.degree for item in found] == [2, 1]


def bearing(degrees, metres):
    import math

    angle = math.radians(degrees)
    return place("посёлок", metres * math.sin(angle), metres * math.cos(angle))


@pytest.mark.parametrize(
    ("from_deg", "degrees", "metres", "towards"),
    [
        (270, 100, 3000, True),  # the example of §6.2: to 90°, bearing 100°, 10° apart
        (270, 134, 3000, True),
        (270, 136, 3000, False),
        (270, 100, 5100, False),
        (90, 100, 3000, False),
        (170, 10, 3000, True),
        (10, 200, 3000, True),
    ],
)
def test_wind_towards_a_settlement_6_2(from_deg, degrees, metres, towards):
    wind = Wind(from_deg=from_deg, speed_m_s=3)
    assert wind_is_towards(wind, SOURCE, place=bearing(degrees, metres), rules=RULES) is towards


def test_wind_towards_a_settlement_is_a_conflict_of_that_settlement():
    found = planned(places=[place("Восточный", 3000, 0), place("Западный", -3000, 0)])
    assert [(item.code, item.place) for item in found.conflicts] == [("wind_towards", "Восточный")]
    assert found.conflicts[0].text == "Ветер 4 м/с в сторону: Восточный."


def test_unknown_weather_is_named_and_not_in_order():
    found = planned(weather=())
    assert found.conflicts == ()
    assert "не проверены" in found.unchecked[0]
    assert planned(weather=[weather(inversion=None)]).unchecked == ("Есть ли инверсия, не известно.",)
    assert planned(weather=[weather(-3.0)]).unchecked != ()


def test_the_nearest_weather_is_at_most_an_hour_away():
    assert nearest_weather([weather(0), weather(2)], FROM + timedelta(minutes=70), rules=RULES) == weather(2)
    assert nearest_weather([weather(0)], FROM + timedelta(minutes=61), rules=RULES) is None


def test_an_inversion_is_a_conflict():
    assert codes(planned(weather=[weather(inversion=True)])) == ["inversion"]


@pytest.mark.parametrize(
    ("profile", "inverted"),
    [
        ([(0, -10.0), (200, -11.5)], False),
        ([(0, -20.0), (100, -18.0), (400, -21.0)], True),
        ([(0, 5.0), (300, 3.0), (900, 8.0)], False),
        ([(300, 3.0), (0, 5.0)], False),
    ],
)
def test_an_inversion_is_warmth_above_within_the_layer_of_the_cloud(profile, inverted):
    assert has_inversion(profile, RULES) is inverted


def test_one_height_says_nothing_of_an_inversion():
    with pytest.raises(ValueError, match="two heights"):
        has_inversion([(0, 1.0), (900, 2.0)], RULES)


LOCAL = LocalRule(
    pit="kedrovaya-pad", level=Level.MEMORY, source="проект БВР", wind_at_most_m_s=12, visibility_at_least_m=1000,
    hours=(Hours(days=(0, 1, 2, 3, 4), opens="12:00", closes="15:00", level=Level.MEMORY, source="проект БВР"),),
)  # fmt: skip


def test_hours_of_a_local_rule_are_local():
    assert codes(planned(local=LOCAL)) == [], "13:00 to 15:00 in Novokuznetsk, a Wednesday"
    later = passport(window={"planned_from": "2026-06-10T07:00:00Z", "planned_to": "2026-06-10T08:01:00Z"})
    assert codes(judge_plan(later, circumstances(local=LOCAL), rules=RULES, now=NOW)) == ["hours"]
    sunday = passport(window={"planned_from": "2026-06-14T06:00:00Z", "planned_to": "2026-06-14T07:00:00Z"})
    assert codes(judge_plan(sunday, circumstances(local=LOCAL), rules=RULES, now=NOW)) == ["hours"]


def test_no_rule_of_hours_forbids_none_and_the_australian_one_is_for_comparison_only():
    assert codes(planned(local=None)) == []
    assert "сравнения" in RULES.hours_for_comparison.source
    assert RULES.hours_for_comparison.allow(FROM, ZONE)
    with pytest.raises(ValidationError):
        Hours(days=(0,), opens="15:00", closes="12:00", level=Level.MEMORY, source="x")


def test_strong_wind_and_fog_by_a_local_rule():
    stormy = weather(speed=14.0, visibility_m=300.0)
    assert codes(planned(local=LOCAL, weather=[stormy])) == ["wind_strong", "fog"]
    assert codes(planned(weather=[stormy])) == []


@pytest.mark.parametrize(
    ("moment", "elevation"),
    [
        # solar noon at 87.0876° E: 12:00 − 5.8050 h, minus the equation of time
        (datetime(2026, 6, 21, 6, 13, 29, tzinfo=UTC), 90 - 54.1307 + 23.436),
        (datetime(2026, 12, 21, 6, 9, 48, tzinfo=UTC), 90 - 54.1307 - 23.436),
        (datetime(2026, 3, 20, 14, 46, tzinfo=UTC), 90 - 54.1307 - 0.0),
    ],
)
def test_the_height_of_the_sun_at_noon(moment, elevation):
    if (
        moment.month == 3
    ):  # equinox 2026-03-20 14:46 UTC: at the noon of that moment's meridian the Sun is over the equator
        longitude = -((14 + 46 / 60 - 12) * 15 - 7.5 / 60 * 15)
        assert sun_elevation_deg(moment, (longitude, 54.1307)) == pytest.approx(elevation, abs=0.05)
    else:
        assert sun_elevation_deg(moment, SOURCE) == pytest.approx(elevation, abs=0.05)


def test_darkness_is_a_conflict():
    assert is_daylight(FROM, SOURCE, rules=RULES)
    assert not is_daylight(datetime(2026, 12, 21, 11, 0, tzinfo=UTC), SOURCE, rules=RULES), "18:00 in December"
    night = passport(window={"planned_from": "2026-06-10T15:00:00Z", "planned_to": "2026-06-10T19:00:00Z"})
    assert "darkness" in codes(judge_plan(night, circumstances(), rules=RULES, now=NOW))


def test_settlements_in_the_danger_zone_and_in_the_sanitary_zone():
    found = planned(places=[place("А", -400, 0), place("Б", -900, 0), place("В", -2000, 0)])
    assert [(item.code, item.place) for item in found.conflicts] == [
        ("inside_danger_zone", "А"),
        ("sanitary_zone", "Б"),
    ]


@pytest.mark.parametrize(
    ("start", "east", "expected"),
    [
        (0, 700, Gravity.WARNING),
        (0, 3000, Gravity.NOTE),
        (134, 700, Gravity.WARNING),
        (135, 700, None),
        (-200, 700, None),
    ],
)
def test_another_blast_at_the_same_time(start, east, expected):
    begin = FROM + timedelta(minutes=start)
    other = OtherBlast("b-1", "other", begin, begin + timedelta(minutes=30), PLANE.to_globe((east, 0)), 300)
    assert planned(others=[other]).gravest is expected


def test_the_same_blast_is_no_other():
    own = OtherBlast("kp-2026-061", "kedrovaya-pad-demo", FROM, FROM, SOURCE, 300)
    assert planned(others=[own]).conflicts == ()


FIRED = FROM + timedelta(minutes=34)


def fired(blast, at=FIRED):
    return lifecycle.fire(blast, at=at + timedelta(minutes=1), by="blaster", fired_at=at)


def published(at=FROM - timedelta(days=3)):
    return lifecycle.publish(lifecycle.declare(passport(), at=at, by="company"), at=at, by="company")


def happened(blast, **changes):
    return judge_firing(blast, circumstances(**changes), rules=RULES)


def test_a_blast_fired_as_announced_conflicts_with_nothing():
    assert codes(happened(fired(published()))) == []


def test_what_happened_is_judged_by_what_was_known_then():
    known, later = warning(degree=2), warning(degree=2, issued_at=FIRED + timedelta(minutes=1))
    assert codes(happened(fired(published()), warnings=[known])) == ["nmu"]
    assert codes(happened(fired(published()), warnings=[later])) == []


def test_what_happened_is_judged_at_its_moment_not_over_the_window():
    evening = warning(valid_from=FIRED + timedelta(minutes=10))
    assert codes(planned(warnings=[evening])) == ["nmu"]
    assert codes(happened(fired(published()), warnings=[evening])) == []


def test_firing_out_of_order_is_told():
    assert codes(happened(fired(lifecycle.declare(passport(), at=NOW, by="company")))) == ["unpublished"]
    assert codes(happened(fired(published(), at=FROM + timedelta(hours=3)))) == ["outside_window"]
    assert codes(happened(fired(published(FROM - timedelta(hours=5))))) == ["published_late"]
    put_off = lifecycle.postpone(published(), at=FROM - timedelta(hours=1), by="company", reason=PostponeReason.NMU)
    assert codes(happened(fired(put_off))) == ["while_postponed"]
    moved = passport(window=Window(planned_from=FROM, planned_to=FROM + timedelta(hours=1)).to_json())
    changed = lifecycle.amend(published(), moved, at=FROM - timedelta(hours=1), by="company")
    assert codes(happened(fired(changed))) == ["window_unannounced"]


def test_what_was_not_fired_cannot_be_judged_so():
    with pytest.raises(ValueError, match="not fired"):
        happened(published())


def test_a_judgement_is_told_with_its_sources():
    told = planned(warnings=[warning(degree=2)]).to_json()
    assert told["conflicts"][0]["gravity"] == "stop"
    assert told["conflicts"][0]["level_ru"] == "не проверено по документу"
    assert "РД 52.04.52-85" in told["conflicts"][0]["source"]
