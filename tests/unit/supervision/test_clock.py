from datetime import UTC, datetime, timedelta

from uskat.supervision.clock import QUIET, ClockCause, ClockFault, judge_clock

T0 = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fault(cause, hour, *, until=None, count=1, size=None):
    return ClockFault(cause, T0 + hour * HOUR, T0 + (until or hour) * HOUR, count, size)


def judge(faults, hour):
    return judge_clock(faults, T0 + hour * HOUR, device_id=4, device="D-4")


def test_evidence_close_together_is_one_episode():
    faults = [
        fault(ClockCause.FUTURE, 0, until=0.9, count=50),
        fault(ClockCause.FUTURE, 1),
        fault(ClockCause.BACK, 5, size=7200),
    ]
    verdict = judge(faults, 6)
    (found,) = verdict.findings
    assert (found.started_at, found.ended_at) == (T0, None)
    assert verdict.next_look == T0 + 5 * HOUR + QUIET
    assert found.figures["future_count"].value == 51
    assert found.figures["back_largest"].value == 7200
    assert "до 7200 с" in found.reasons[1]
    assert "reparse" in found.reasons[-1]


def test_quiet_hours_end_an_episode_at_its_last_evidence():
    verdict = judge([fault(ClockCause.OFFSET, 2, size=45.0)], 8)
    (found,) = verdict.findings
    assert (found.ended_at, found.settled_at) == (T0 + 2 * HOUR, T0 + 2 * HOUR + QUIET)
    assert verdict.next_look is None


def test_evidence_far_apart_is_two_episodes():
    verdict = judge([fault(ClockCause.PAST, 0), fault(ClockCause.PAST, 7)], 8)
    assert [found.ended_at for found in verdict.findings] == [T0, None]
    assert verdict.findings[0].key == verdict.findings[1].key == "clock:4"


def test_a_right_clock_gives_nothing():
    verdict = judge([], 1)
    assert (verdict.findings, verdict.next_look) == ((), None)
