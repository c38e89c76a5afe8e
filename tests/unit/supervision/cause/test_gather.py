"""Alerts gathered under one cause: waves down a river, a network that falls silent, one blast; any order of arrival."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.finding import FindingKind, Severity
from uskat.supervision.cause.finding import cause_finding, cause_key
from uskat.supervision.cause.gather import Candidate, gather
from uskat.supervision.cause.rules import CauseRulesError, packaged_cause_rules, parse_cause_rules

RULES = packaged_cause_rules()
T0 = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
HOURS = {("A", "B"): (5.0, 14.0), ("B", "C"): (2.0, 4.0), ("A", "C"): (7.0, 18.0)}


def travel(upper, lower):
    found = HOURS.get((upper, lower))
    return None if found is None else (timedelta(hours=found[0]), timedelta(hours=found[1]))


def candidate(number, kind, station, minutes, **changes):
    values = {
        "severity": Severity.VIOLATION, "parameter": "nh4" if kind is FindingKind.EXCEEDANCE else None,
        "ended_at": None, "settled_at": None, "published": True, "parent": None,
    } | changes  # fmt: skip
    at = T0 + timedelta(minutes=minutes)
    return Candidate(
        number, kind, station=station, station_name=f"Пост {station}", title="Аммоний выше нормы", started_at=at,
        knowable_at=at + timedelta(minutes=20), **values,
    )  # fmt: skip


def gathered(*candidates):
    return gather(candidates, RULES, travel=travel)


def test_a_wave_that_keeps_to_the_travel_time_of_water_is_one_cause():
    [group] = gathered(
        candidate(1, FindingKind.EXCEEDANCE, "A", 0),
        candidate(2, FindingKind.EXCEEDANCE, "B", 9 * 60),
        candidate(3, FindingKind.EXCEEDANCE, "C", 12 * 60),
    ).groups
    assert (group.rule.id, group.stations) == ("river", ("A", "B", "C"))


@pytest.mark.parametrize(
    ("why", "second"),
    [
        ("too early for water from A", candidate(2, FindingKind.EXCEEDANCE, "B", 60)),
        ("too late", candidate(2, FindingKind.EXCEEDANCE, "B", 16 * 60)),
        ("another substance", candidate(2, FindingKind.EXCEEDANCE, "B", 9 * 60, parameter="ph")),
        ("no water from A comes there", candidate(2, FindingKind.EXCEEDANCE, "X", 9 * 60)),
        ("the same post again", candidate(2, FindingKind.EXCEEDANCE, "A", 9 * 60)),
        ("another kind", candidate(2, FindingKind.SILENCE, "B", 9 * 60)),
    ],
)
def test_what_water_does_not_explain_stays_apart(why, second):
    assert gathered(candidate(1, FindingKind.EXCEEDANCE, "A", 0), second).groups == (), why


def test_three_stations_that_fall_silent_together_are_the_network_and_two_are_not():
    silent = [candidate(n, FindingKind.SILENCE, code, n) for n, code in enumerate("ABC")]
    [group] = gathered(*silent).groups
    assert (group.rule.id, len(group.members)) == ("silence", 3)
    assert gathered(*silent[:2]).groups == ()
    channels_of_one = [candidate(n, FindingKind.SILENCE, "A", n) for n in range(5)]
    assert gathered(*channels_of_one).groups == ()


def test_a_blast_at_two_seismographs_is_one_cause():
    records = [candidate(1, FindingKind.VIBRATION, "S1", 0.0), candidate(2, FindingKind.AIRBLAST, "S2", 0.3)]
    [group] = gathered(*records).groups
    assert group.rule.id == "blast"
    assert gathered(records[0], candidate(2, FindingKind.VIBRATION, "S2", 30)).groups == ()


def test_a_late_post_between_two_causes_merges_their_parents():
    first = [candidate(n, FindingKind.SILENCE, f"A{n}", n, parent=70) for n in range(3)]
    second = [candidate(10 + n, FindingKind.SILENCE, f"B{n}", 25 + n, parent=80) for n in range(3)]
    assert [group.parents for group in gathered(*first, *second).groups] == [(70,), (80,)]
    between = candidate(30, FindingKind.SILENCE, "M", 13)
    [group] = gathered(*first, *second, between).groups
    assert (group.parents, len(group.stations)) == ((70, 80), 7)


def test_a_parent_with_too_few_stations_left_falls():
    left = candidate(1, FindingKind.SILENCE, "A", 0, parent=70)
    assert gathered(left).fallen == (70,)
    assert gathered(left).groups == ()


def test_the_parent_is_as_grave_as_its_gravest_child_and_lasts_while_one_of_them_lasts():
    over = T0 + timedelta(hours=20)
    first = candidate(5, FindingKind.EXCEEDANCE, "A", 0, ended_at=over, settled_at=over)
    second = candidate(4, FindingKind.EXCEEDANCE, "B", 9 * 60, severity=Severity.EXTREME)
    [group] = gathered(first, second).groups
    lasting = cause_finding(group, rules=RULES, key=cause_key(group), station_id=1)
    assert (lasting.severity, lasting.ended_at, lasting.key) == (Severity.EXTREME, None, "cause:river:4")
    assert lasting.knowable_at == second.knowable_at  # one post alone is no common cause
    assert lasting.detail["children"] == [5, 4]
    assert lasting.title == "Одно загрязнение на нескольких постах по течению: 2"
    ended = candidate(4, FindingKind.EXCEEDANCE, "B", 9 * 60, ended_at=over - timedelta(hours=1))
    [group] = gathered(first, ended).groups
    assert cause_finding(group, rules=RULES, key="k", station_id=1).ended_at == over


def test_a_parent_tells_nothing_of_a_child_that_is_not_public():
    open_one = candidate(1, FindingKind.EXCEEDANCE, "A", 0)
    hidden = candidate(2, FindingKind.EXCEEDANCE, "B", 9 * 60, published=False)
    [group] = gathered(open_one, hidden).groups
    parent = cause_finding(group, rules=RULES, key="k", station_id=1)
    assert parent.published is False
    assert parent.reasons[1:] == ("№ 1, Пост A: Аммоний выше нормы", "№ 2")
    assert (parent.detail["children"], parent.detail["stations"]) == ([1, 2], ["A"])


candidates = st.builds(
    candidate,
    number=st.integers(1, 60),
    kind=st.sampled_from([FindingKind.EXCEEDANCE, FindingKind.SILENCE, FindingKind.VIBRATION, FindingKind.FLOOD]),
    station=st.sampled_from("ABCXYZ"),
    minutes=st.integers(0, 2000),
    parent=st.sampled_from([None, None, None, 70, 80]),
)


@given(st.lists(candidates, max_size=14, unique_by=lambda one: one.id), st.randoms())
def test_any_order_of_arrival_gives_the_same_causes_and_each_alert_has_at_most_one(found, random):
    first = gathered(*found)
    shuffled = [*found]
    random.shuffle(shuffled)
    assert set(gathered(*shuffled).groups) == set(first.groups)
    members = [one.id for group in first.groups for one in group.members]
    assert len(members) == len(set(members))
    for group in first.groups:
        assert len(group.stations) >= group.rule.least_stations
        assert {one.kind for one in group.members} <= group.rule.kinds
    standing = {parent for group in first.groups for parent in group.parents}
    assert standing.isdisjoint(first.fallen)
    assert standing | set(first.fallen) == {one.parent for one in found if one.parent is not None}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d["rules"][0].update(least_stations=1), "least_stations: 1"),
        (lambda d: d["rules"][0].update(within_min=0), "within_min: 0"),
        (lambda d: d["rules"].append(d["rules"][0]), "a kind belongs to one rule"),
        (lambda d: d.pop("look_back_min"), "look_back_min is missing"),
        (lambda d: d["rules"][0].update(kinds=["rain"]), "rain"),
    ],
)
def test_rules_that_cannot_be_worked_by_are_refused_by_their_place(change, why):
    document = {
        "id": "r", "valid_from": "2026-01-01", "verified": False, "source": "s", "look_back_min": 60,
        "rules": [{
            "id": "one", "kinds": ["silence"], "same_parameter": False, "linked_by": "time", "within_min": 5,
            "least_stations": 2, "title": "т", "title_en": "t", "why": "п",
        }],
    }  # fmt: skip
    parse_cause_rules(document)
    change(document)
    with pytest.raises(CauseRulesError, match=why):
        parse_cause_rules(document)
