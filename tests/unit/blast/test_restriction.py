"""Restrictions: НМУ, wind, inversion, hours, daylight, distances, announcements (norms.md §6.1–6.3)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tests.unit.blast.passports import FROM, passport
from tests.unit.blast.restriction_world import NOW, PLANE, RULES, SOURCE, place, warning, weather
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
from uskat.blast.restriction.rules import Hours, LocalRule
from uskat.blast.restriction.weather import (
    is_daylight,
)

ZONE = ZoneInfo("Asia/Novokuznetsk")
FAIR = (weather(), weather(1.5))


def circumstances(**changes):
    data = {"zone": ZONE, "zones": frozenset({"Новокузнецк"}), "weather": FAIR}
    return Circumstances(**data | changes)


def planned(**changes):
    return judge_plan(passport(), circumstances(**changes), rules=RULES, now=NOW)


def codes(judgement):
    return [conflict.code for conflict in judgement.conflicts]


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


@pytest.mark.parametrize(("east", "gravity"), [(-3000, Gravity.STOP), (-6000, None)])
def test_a_plan_meets_the_warnings_of_near_settlements_6_1(east, gravity):
    village = place("посёлок", east, 0).model_copy(update={"zone": "Междуреченск"})
    assert planned(warnings=[warning(zone="Междуреченск", degree=2)], places=[village]).gravest is gravity


def test_the_gravest_warning_is_told():
    found = planned(warnings=[warning(), warning(degree=3)])
    assert codes(found) == ["nmu"]
    assert "3-й степени" in found.conflicts[0].text


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


def test_an_inversion_is_a_conflict():
    assert codes(planned(weather=[weather(inversion=True)])) == ["inversion"]


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


def test_what_happened_is_judged_by_the_passport_of_its_moment():
    told = fired(published())
    bigger = passport(danger_zone={"people_m": 3000.0, "equipment_m": 400.0})
    late = lifecycle.Change(at=FIRED + timedelta(hours=1), by="company", action="amend", before="fired", after="fired",
                            passport=bigger)  # fmt: skip
    changed = lifecycle.Declaration(passport=bigger, status="fired", fired_at=FIRED, history=(*told.history, late))
    assert codes(happened(changed, places=[place("А", -2000, 0)])) == []


def test_what_was_not_fired_cannot_be_judged_so():
    with pytest.raises(ValueError, match="not fired"):
        happened(published())


def test_a_judgement_is_told_with_its_sources():
    told = planned(warnings=[warning(degree=2)]).to_json()
    assert told["conflicts"][0]["gravity"] == "stop"
    assert told["conflicts"][0]["level_ru"] == "не проверено по документу"
    assert "РД 52.04.52-85" in told["conflicts"][0]["source"]
