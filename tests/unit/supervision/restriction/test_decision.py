"""Decisions that restrict: versions, whom they bind, who has read them, what is against them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from uskat.finding import FindingKind, Severity
from uskat.supervision.restriction.breach import (
    FiredBlast,
    FoundDischarge,
    PitPlace,
    breach_findings,
    breach_key,
    decision_of_key,
)
from uskat.supervision.restriction.decision import (
    Basis,
    Decision,
    DecisionAction,
    DecisionError,
    DecisionVersion,
    ReachArea,
    Reading,
    Restricted,
    add_version,
    check_decision,
    decision_of,
    in_force,
    reading_of,
)
from uskat.supervision.restriction.rules import decision_rules

RULES = decision_rules()
T0 = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BLASTING = Decision(
    "14/НМУ", Restricted.BLASTING, Basis.NMU, "north", T0 + HOUR, T0 + 25 * HOUR, "НМУ 2-й степени",
    "Взрывные работы не производить.", "96-ФЗ, ст. 19", pits=("kp",), addressees=("kedrovaya",),
)  # fmt: skip
WATER = replace(
    BLASTING, number="15", restricts=Restricted.DISCHARGE, basis=Basis.FLOOD, pits=(), addressees=(),
    reaches=(ReachArea("talda", 20.0, 5.0),),
)  # fmt: skip
ISSUED = DecisionVersion(DecisionAction.ISSUE, T0, "ivanova", BLASTING)
PIT = PitPlace("kp", "Кедровая падь", "north", (87.0, 54.0))
OTHER_PIT = PitPlace("sl", "Сухой лог", "north", (87.4, 54.0))
BLAST = FiredBlast("kedrovaya/b-1", "kedrovaya", "kp", (87.0, 54.0), T0 + 2 * HOUR, recorded=True, station_id=7)
DISCHARGE = FoundDischarge(
    5, "Аммоний выше", "Ammonium above", 3, "kedrovaya", "north", "talda", 9.0, T0 + 2 * HOUR, None
)


def amended(at: datetime, **change: object) -> DecisionVersion:
    return DecisionVersion(DecisionAction.AMEND, at, "ivanova", replace(BLASTING, **change), "ветер сменился")  # type: ignore[arg-type]


def found(versions, *, blasts=(), discharges=()):
    return breach_findings(3, versions, blasts=blasts, discharges=discharges, pits=[PIT, OTHER_PIT], rules=RULES)


def test_a_decision_survives_being_written_down():
    for decision in (BLASTING, WATER):
        check_decision(decision, rules=RULES)
        assert decision_of(decision.to_json()) == decision
    with pytest.raises(DecisionError):
        decision_of(BLASTING.to_json() | {"basis": "mood"})


@pytest.mark.parametrize(
    "change",
    [
        {"ends_at": T0}, {"ends_at": T0 + timedelta(days=400)}, {"law": " "}, {"text": ""}, {"number": ""},
        {"reaches": (ReachArea("talda", 1, 2),)}, {"starts_at": datetime(2026, 6, 1, 4)},  # noqa: DTZ001
        {"text": "я" * 9000}, {"starts_at": datetime.max.replace(tzinfo=UTC) - HOUR, "ends_at": datetime.max.replace(tzinfo=UTC)},
        {"starts_at": datetime.min.replace(tzinfo=UTC)},
    ],
)  # fmt: skip
def test_a_decision_that_says_too_little_or_runs_backwards_is_refused(change):
    with pytest.raises(DecisionError):
        check_decision(replace(BLASTING, **change), rules=RULES)


@pytest.mark.parametrize(
    "version",
    [
        DecisionVersion(DecisionAction.ISSUE, T0 + HOUR, "ivanova", BLASTING),
        DecisionVersion(DecisionAction.AMEND, T0 + HOUR, "ivanova", BLASTING),
        amended(T0 - HOUR),
        amended(T0 + HOUR, territory="south"),
        amended(T0 + HOUR, number="16"),
        DecisionVersion(DecisionAction.WITHDRAW, T0 + HOUR, "ivanova", replace(BLASTING, title="другое"), "ошибка"),
    ],
)
def test_a_version_that_may_not_follow_is_refused(version):
    with pytest.raises(DecisionError):
        add_version([ISSUED], version)


def test_nothing_follows_a_withdrawal_and_nothing_comes_before_the_issue():
    gone = add_version([ISSUED], DecisionVersion(DecisionAction.WITHDRAW, T0 + HOUR, "ivanova", BLASTING, "ошибка"))
    with pytest.raises(DecisionError):
        add_version(gone, amended(T0 + 2 * HOUR))
    with pytest.raises(DecisionError):
        add_version([], amended(T0))


@given(st.integers(-10, 40), st.integers(0, 30), st.integers(2, 30))
def test_a_decision_binds_from_its_issue_inside_its_period_and_as_it_then_was(at_h, amended_h, ends_h):
    moment, change = T0 + at_h * HOUR, T0 + amended_h * HOUR
    versions = add_version([ISSUED], amended(change, ends_at=T0 + ends_h * HOUR))
    decision = in_force(versions, moment)
    end = T0 + ends_h * HOUR if moment >= change else BLASTING.ends_at
    assert (decision is not None) == (BLASTING.starts_at <= moment < end)


def test_an_addressee_reads_in_time_late_or_not_at_all():
    due = T0 + RULES.acknowledge
    assert reading_of(ISSUED, None, now=due - HOUR, rules=RULES) is Reading.WAITING
    assert reading_of(ISSUED, None, now=due, rules=RULES) is Reading.OVERDUE
    assert reading_of(ISSUED, due, now=due + HOUR, rules=RULES) is Reading.ACKNOWLEDGED
    assert reading_of(ISSUED, due + HOUR, now=due + HOUR, rules=RULES) is Reading.LATE


def test_a_blast_at_a_restricted_pit_in_the_period_is_a_breach_and_no_other_is():
    (breach,) = found([ISSUED], blasts=[BLAST])
    assert (breach.kind, breach.severity) == (FindingKind.RESTRICTION_BREACH, Severity.VIOLATION)
    assert (breach.station_id, breach.ended_at, breach.published) == (7, BLAST.at, True)
    assert "14/НМУ" in breach.title
    innocent = [
        replace(BLAST, at=T0), replace(BLAST, at=BLASTING.ends_at), replace(BLAST, pit="sl"),
        replace(BLAST, enterprise="sukhoy"), replace(BLAST, pit="unknown"),
    ]  # fmt: skip
    assert found([ISSUED], blasts=innocent) == []
    whole = replace(ISSUED, decision=replace(BLASTING, pits=(), addressees=()))
    assert len(found([whole], blasts=[replace(BLAST, pit="sl", enterprise="sukhoy")])) == 1


def test_nobody_is_judged_by_what_was_decided_later():
    late = replace(ISSUED, at=BLAST.at + HOUR)
    assert found([late], blasts=[BLAST]) == []
    gone = add_version([ISSUED], DecisionVersion(DecisionAction.WITHDRAW, BLAST.at - HOUR, "i", BLASTING, "ошибка"))
    assert found(gone, blasts=[BLAST]) == []
    lifted = add_version([ISSUED], DecisionVersion(DecisionAction.WITHDRAW, BLAST.at + HOUR, "i", BLASTING, "ветер"))
    assert len(found(lifted, blasts=[BLAST])) == 1


def test_an_undeclared_blast_near_a_restricted_pit_is_a_suspicion_for_the_agency_only():
    nobody = replace(BLAST, reference="event:S01", enterprise=None, pit=None)
    (breach,) = found([ISSUED], blasts=[nobody])
    assert (breach.severity, breach.published) == (Severity.NOTICE, False)
    assert found([ISSUED], blasts=[replace(nobody, place=(87.4, 54.0))]) == []  # at a pit that is not restricted


def test_a_discharge_found_in_the_reach_is_a_breach_from_the_moment_the_decision_binds():
    issued = replace(ISSUED, decision=WATER)
    (breach,) = found([issued], discharges=[replace(DISCHARGE, started_at=T0 - 5 * HOUR)])
    assert (breach.started_at, breach.ended_at, breach.severity) == (WATER.starts_at, None, Severity.VIOLATION)
    assert found([issued], discharges=[
        replace(DISCHARGE, km=21.0), replace(DISCHARGE, river="uskat"), replace(DISCHARGE, territory="south"),
        replace(DISCHARGE, started_at=WATER.ends_at), replace(DISCHARGE, started_at=T0 - 5 * HOUR, ended_at=T0),
    ]) == []  # fmt: skip


def test_an_attributed_discharge_counts_from_a_probability_and_is_a_suspicion():
    issued = replace(ISSUED, decision=WATER)
    likely, doubtful = replace(DISCHARGE, probability=0.8), replace(DISCHARGE, probability=0.2)
    (breach,) = found([issued], discharges=[likely, doubtful])
    assert (breach.severity, breach.published, breach.figures["probability"].value) == (Severity.NOTICE, False, 80.0)


def test_a_key_names_its_decision():
    assert decision_of_key(breach_key(3, "kedrovaya/b:1")) == 3
    assert decision_of_key("vibration:5") is None


@pytest.mark.parametrize("km", [-1.0, float("inf"), float("nan"), 1e300])
def test_kilometres_are_finite_and_from_the_mouth(km):
    with pytest.raises(DecisionError):
        check_decision(replace(WATER, reaches=(ReachArea("talda", 1.0, km),)), rules=RULES)


class Course(RuleBasedStateMachine):
    """Any versions in any order: what is refused changes nothing, what was decided is never rewritten."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.versions: tuple[DecisionVersion, ...] = ()

    @rule(
        action=st.sampled_from(DecisionAction), hours=st.integers(-2, 30), shift_h=st.integers(-5, 40),
        reason=st.sampled_from(["", "ветер сменился"]), number=st.sampled_from(["14/НМУ", "14/НМУ", "15"]),
    )  # fmt: skip
    def try_a_version(self, *, action, hours, shift_h, reason, number):
        before, at = self.versions, self.now + hours * HOUR
        last = before[-1].decision if before else BLASTING
        same = action is DecisionAction.WITHDRAW and number == last.number
        wanted = last if same else replace(last, number=number, ends_at=last.starts_at + (shift_h + 6) * HOUR)
        try:
            self.versions = add_version(before, DecisionVersion(action, at, "ivanova", wanted, reason))
        except DecisionError:
            assert self.versions is before
        else:
            self.now = at
            assert self.versions[:-1] == before

    @invariant()
    def it_is_issued_once_and_ends_with_its_withdrawal(self):
        actions = [one.action for one in self.versions]
        assert actions[:1] in ([], [DecisionAction.ISSUE])
        assert DecisionAction.ISSUE not in actions[1:]
        assert DecisionAction.WITHDRAW not in actions[:-1]
        assert all(one.reason for one in self.versions[1:])
        assert [one.at for one in self.versions] == sorted(one.at for one in self.versions)
        assert len({(one.decision.number, one.decision.territory) for one in self.versions}) <= 1

    @invariant()
    def it_replays_from_what_is_stored(self):
        read: tuple[DecisionVersion, ...] = ()
        for one in self.versions:
            read = add_version(read, replace(one, decision=decision_of(one.decision.to_json())))
        assert read == self.versions

    @invariant()
    def what_bound_somebody_then_is_bound_by_nothing_later(self):
        for place, one in enumerate(self.versions):
            following = self.versions[place + 1].at if place + 1 < len(self.versions) else None
            if following is None or one.at < following:
                assert in_force(self.versions, one.at) == in_force(self.versions[: place + 1], one.at)


Course.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
test_any_course_of_versions = Course.TestCase
