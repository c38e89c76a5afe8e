"""Norms of reaction: what they must say, which version is in force, whom a happening is told."""

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from uskat.finding import FindingKind, Severity
from uskat.supervision.notice.deciding import Again, Anew, Happening, Past, Story, decide
from uskat.supervision.notice.norms import NormsError, Pace, norms_at, packaged_norms, parse_norms

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def document():
    return json.loads(files("uskat.data").joinpath("supervision", "reaction_norms.json").read_text(encoding="utf-8"))


def story(happening, kind=FindingKind.EXCEEDANCE, severity=Severity.VIOLATION, **more):
    return Story(happening, kind, severity, NOW, **more)


def past(severity=Severity.VIOLATION, *, urgent=True):
    return Past("contact:1", "email", "violation", severity, urgent)


def audiences(decision):
    return [one.audience for one in decision.tell]


def test_every_rule_of_the_project_has_a_source_and_says_that_it_is_not_verified():
    assert {rule.verified for rule in packaged_norms().rules} == {False}
    assert all("water/norms.md" in rule.source for rule in packaged_norms().rules)


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        (FindingKind.EXCEEDANCE, Severity.EXTREME),
        (FindingKind.FLOOD, Severity.EXTREME),
        *[(FindingKind.UNDECLARED, severity) for severity in Severity],
    ],
)
def test_what_is_grave_is_told_at_once_to_the_duty_and_to_residents(kind, severity):
    decision = decide(story(Happening.OPENED, kind, severity), [], norms=packaged_norms())
    assert {"duty", "citizens"} <= set(audiences(decision))
    assert {one.pace for one in decision.tell} == {Pace.AT_ONCE}


@pytest.mark.parametrize("occasion", ["extreme_pollution", "undeclared_blast", "flood_dangerous"])
def test_an_agency_cannot_hold_back_what_is_grave(occasion):
    changed = document()
    [rule] = [rule for rule in changed["rules"] if rule["occasion"] == occasion]
    rule["tell"][-1]["pace"] = "digest"
    with pytest.raises(NormsError, match="told at once"):
        parse_norms(changed)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d["rules"].append(d["rules"][0]), "spoken of by extreme_pollution already"),
        (lambda d: d["rules"][0]["tell"][0].update(channels=["pigeon"]), "rules.0.tell.0.channels.0"),
        (lambda d: d["rules"][0]["tell"][0].update(within_min=0), "rules.0.tell.0.within_min"),
        (lambda d: d.update(valid_from="2026-01-01T00:00:00"), "valid_from"),
        (lambda d: d.pop("quiet"), "quiet"),
        (lambda d: d.update(later=1), "later"),
        (lambda d: d["quiet"].update(ends="22:00"), "not the whole day"),
    ],
)
def test_norms_that_nobody_could_act_by_are_refused_with_the_place(change, why):
    changed = document()
    change(changed)
    with pytest.raises(NormsError, match=why):
        parse_norms(changed)


def test_the_version_in_force_is_the_one_that_began_last():
    later = parse_norms(document() | {"id": "later", "valid_from": "2026-05-01T00:00:00Z"})
    future = parse_norms(document() | {"id": "future", "valid_from": "2026-07-01T00:00:00Z"})
    versions = [future, later]
    assert norms_at(iter(versions), NOW).id == "later"
    assert norms_at(iter(versions), NOW + timedelta(days=60)).id == "future"
    assert norms_at(iter(versions), NOW - timedelta(days=60)).id == "reaction-norms-1"


def test_growing_is_told_once_for_each_graver_level():
    norms = packaged_norms()
    grown = story(Happening.UPDATED, severity=Severity.HIGH)
    assert decide(grown, [past()], norms=norms).occasion == "high_pollution"
    assert decide(grown, [past(Severity.HIGH)], norms=norms) is None
    assert decide(story(Happening.UPDATED), [past(Severity.HIGH)], norms=norms) is None


def test_ends_and_withdrawals_follow_those_who_were_told():
    norms = packaged_norms()
    assert decide(story(Happening.WITHDRAWN), [], norms=norms) is None
    assert isinstance(decide(story(Happening.WITHDRAWN), [past()], norms=norms), Again)
    assert decide(story(Happening.RETURNED), [past()], norms=norms).occasion == "over"


def test_an_alert_that_comes_and_goes_is_not_told_each_time():
    norms = packaged_norms()
    assert isinstance(decide(story(Happening.REOPENED), [past()], norms=norms), Anew)
    assert decide(story(Happening.REOPENED, restless=True), [past()], norms=norms) is None
    assert decide(story(Happening.RETURNED, restless=True), [past()], norms=norms) is None
    graver = story(Happening.REOPENED, severity=Severity.EXTREME, restless=True)
    assert isinstance(decide(graver, [past()], norms=norms), Anew)
    assert isinstance(decide(story(Happening.WITHDRAWN, restless=True), [past()], norms=norms), Again)


def test_an_escalation_tells_the_role_that_the_policy_names():
    decision = decide(story(Happening.ESCALATED, to="head"), [], norms=packaged_norms())
    assert (decision.occasion, audiences(decision)) == ("escalation", ["head"])


def test_what_no_rule_speaks_of_is_told_to_nobody():
    assert decide(story(Happening.OPENED, FindingKind.HANDLING, Severity.NOTICE), [], norms=packaged_norms()) is None
