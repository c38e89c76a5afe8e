from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from uskat.finding import Figure, Finding, FindingKind, Scope, Severity
from uskat.supervision.reconcile import AlertEvent, AlertState, StoredAlert, content_of, finding_of, reconcile

T0 = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERYTHING = [Scope("x:1", T0 - 1000 * HOUR)]


def finding(start, end=None, *, key="x:1", peak=1.0):
    return Finding(
        detector="x", kind=FindingKind.EXCEEDANCE, severity=Severity.VIOLATION, key=key, started_at=T0 + start * HOUR,
        knowable_at=T0 + (start + 1) * HOUR, ended_at=None if end is None else T0 + end * HOUR,
        settled_at=None if end is None else T0 + (end + 1) * HOUR, title="т", title_en="t",
        figures={"peak": Figure(peak, "мг/дм³")}, reasons=("потому",), norm={"pack": "p"},
    )  # fmt: skip


class Store:
    """Alerts as a database would keep them."""

    def __init__(self):
        self.alerts = {}

    def apply(self, findings, scopes=EVERYTHING):
        changes = reconcile(self.alerts.values(), findings, scopes=scopes)
        for change in changes:
            if change.finding is None:
                self.alerts[change.alert_id] = replace(self.alerts[change.alert_id], state=change.state)
                continue
            new = change.alert_id or len(self.alerts) + 1
            assert all(
                other.id == new or (other.key, other.started_at) != (change.finding.key, change.finding.started_at)
                for other in self.alerts.values()
            ), "the database would refuse a second alert of this start"
            self.alerts[new] = StoredAlert(
                new, change.finding.key, change.state, change.finding.started_at, change.finding.ended_at,
                change.finding.settled_at, content_of(change.finding),
            )  # fmt: skip
        return [(change.alert_id, change.events) for change in changes]

    def shown(self):
        return sorted(
            (alert.started_at, alert.ended_at, alert.state)
            for alert in self.alerts.values()
            if alert.state is not AlertState.WITHDRAWN
        )


def test_a_new_episode_opens_and_an_old_one_opens_and_returns():
    assert Store().apply([finding(1)]) == [(None, (AlertEvent.OPENED,))]
    assert Store().apply([finding(1, 3)]) == [(None, (AlertEvent.OPENED, AlertEvent.RETURNED))]


def test_an_episode_is_updated_then_returns_then_is_left_alone():
    store = Store()
    store.apply([finding(1)])
    assert store.apply([finding(1, peak=2.0)]) == [(1, (AlertEvent.UPDATED,))]
    assert store.apply([finding(1, 5, peak=2.0)]) == [(1, (AlertEvent.RETURNED,))]
    assert store.apply([finding(1, 5, peak=2.0)]) == []
    assert store.apply([finding(1, peak=2.0)]) == [(1, (AlertEvent.REOPENED,))]


def test_a_moved_beginning_keeps_the_alert():
    store = Store()
    store.apply([finding(5)])
    assert store.apply([finding(2)]) == [(1, (AlertEvent.UPDATED,))]
    assert store.alerts[1].started_at == T0 + 2 * HOUR


def test_merged_episodes_keep_the_earliest_alert_and_withdraw_the_other_with_its_name():
    store = Store()
    store.apply([finding(1, 3), finding(5, 7)])
    changes = reconcile(store.alerts.values(), [finding(1, 7)], scopes=EVERYTHING)
    assert [(change.alert_id, change.state) for change in changes] == [
        (1, AlertState.RETURNED),
        (2, AlertState.WITHDRAWN),
    ]
    assert "№ 1" in changes[1].why


def test_a_split_episode_keeps_its_alert_for_the_first_part():
    store = Store()
    store.apply([finding(1, 9)])
    assert store.apply([finding(1, 3), finding(5, 9)]) == [
        (1, (AlertEvent.UPDATED,)),
        (None, (AlertEvent.OPENED, AlertEvent.RETURNED)),
    ]


def test_what_is_not_found_again_is_withdrawn_inside_the_scope_only():
    store = Store()
    store.apply([finding(1, 2), finding(5, 6), finding(9, 10)])
    store.apply([], scopes=[Scope("x:1", T0 + 5 * HOUR, T0 + 9 * HOUR)])
    assert [alert.state for alert in store.alerts.values()] == [
        AlertState.RETURNED, AlertState.WITHDRAWN, AlertState.RETURNED,
    ]  # fmt: skip
    assert store.apply([finding(5, 6)], scopes=[]) == [(2, (AlertEvent.REOPENED, AlertEvent.RETURNED))]


def test_keys_do_not_meet():
    store = Store()
    store.apply([finding(1), finding(1, key="x:2")])
    assert len(store.alerts) == 2
    assert store.apply([], scopes=EVERYTHING) == [(1, (AlertEvent.WITHDRAWN,))]


def test_a_stored_alert_gives_its_finding_back():
    store = Store()
    store.apply([finding(1, 3)])
    assert finding_of(store.alerts[1], detector="x", series_id=None, device_id=None) == finding(1, 3)


@st.composite
def episode_sets(draw):
    """Episodes as a detector finds them: disjoint, ascending, only the last one may be open."""
    borders = draw(st.lists(st.integers(0, 40), unique=True, max_size=8).map(sorted))
    pairs = list(zip(borders[::2], borders[1::2], strict=False))
    episodes = [finding(start, end, peak=draw(st.sampled_from([1.0, 2.0]))) for start, end in pairs]
    if len(borders) % 2:
        episodes.append(finding(borders[-1]))
    return episodes


@given(st.lists(episode_sets(), max_size=6), episode_sets())
def test_whatever_was_stored_before_the_same_findings_lead_to_the_same_alerts(history, final):
    """And applying them a second time changes nothing, and no alert ever disappears."""
    store, fresh = Store(), Store()
    for episodes in history:
        before = len(store.alerts)
        store.apply(episodes)
        assert len(store.alerts) >= before
    store.apply(final)
    fresh.apply(final)
    assert store.shown() == fresh.shown()
    assert store.apply(final) == []
