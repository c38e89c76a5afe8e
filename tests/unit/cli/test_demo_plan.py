from __future__ import annotations

import pytest

from services.cli.demo.plan import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    QUIET_S,
    READY_TIMEOUT_S,
    Move,
    Phase,
    Plan,
    Role,
    Sight,
)

DEAD, STARTING, READY = Sight(False, False), Sight(True, False), Sight(True, True)
ROLES = [
    Role("simulate", ("ingest", "api")),
    Role("ingest", ("database",)),
    Role("api", ("database",)),
    Role("database"),
]


def all_seen(sight: Sight, **others: Sight) -> dict[str, Sight]:
    return dict.fromkeys(("database", "ingest", "api", "simulate"), sight) | others


def running() -> Plan:
    plan = Plan(ROLES)
    for _ in range(4):
        plan.step(0.0, all_seen(READY))
    assert plan.all_running
    return plan


def test_a_unit_is_started_only_when_all_it_needs_are_ready() -> None:
    plan = Plan(ROLES)
    assert plan.step(0.0, all_seen(DEAD)) == [(Move.START, "database")]
    assert plan.step(0.1, all_seen(DEAD, database=STARTING)) == []
    assert plan.step(0.2, all_seen(DEAD, database=READY)) == [(Move.START, "ingest"), (Move.START, "api")]
    assert plan.step(0.3, all_seen(DEAD, database=READY, ingest=READY, api=STARTING)) == []
    assert plan.step(0.4, all_seen(READY, simulate=DEAD)) == [(Move.START, "simulate")]


def test_what_others_need_is_stopped_after_them() -> None:
    order = Plan(ROLES).stop_order
    assert order.index("simulate") < order.index("ingest") < order.index("database")
    assert order.index("simulate") < order.index("api") < order.index("database")


def test_a_death_is_followed_by_a_restart_after_a_pause() -> None:
    plan = running()
    assert plan.step(1.0, all_seen(READY, ingest=DEAD)) == []
    assert plan.units["ingest"].phase is Phase.PAUSE
    assert plan.step(1.0 + FIRST_PAUSE_S / 2, all_seen(READY, ingest=DEAD)) == []
    assert plan.step(1.0 + FIRST_PAUSE_S, all_seen(READY, ingest=DEAD)) == [(Move.START, "ingest")]
    assert plan.restarts == 1


def test_the_pause_doubles_up_to_a_limit_and_is_forgotten_after_a_quiet_time() -> None:
    plan, now, pauses = running(), 100.0, []
    for _ in range(8):
        plan.step(now, all_seen(READY, api=DEAD))
        pauses.append(plan.units["api"].next_start_at - now)
        now = plan.units["api"].next_start_at
        assert plan.step(now, all_seen(READY, api=DEAD)) == [(Move.START, "api")]
        plan.step(now, all_seen(READY))
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    plan.step(now + QUIET_S, all_seen(READY))
    plan.step(now + QUIET_S + 1, all_seen(READY, api=DEAD))
    assert plan.units["api"].next_start_at == now + QUIET_S + 1 + FIRST_PAUSE_S


def test_a_unit_waits_for_its_dead_database_before_it_is_started_again() -> None:
    plan = running()
    plan.step(1.0, all_seen(READY, database=DEAD, ingest=DEAD))
    assert plan.step(2.0, all_seen(READY, database=DEAD, ingest=DEAD)) == [(Move.START, "database")]
    assert plan.step(2.1, all_seen(READY, database=STARTING, ingest=DEAD)) == []
    assert plan.step(2.2, all_seen(READY, ingest=DEAD)) == [(Move.START, "ingest")]


def test_a_unit_that_is_never_ready_is_killed_and_tried_again() -> None:
    plan = Plan([Role("api")])
    plan.step(0.0, {"api": DEAD})
    assert plan.step(READY_TIMEOUT_S - 1, {"api": STARTING}) == []
    assert plan.step(READY_TIMEOUT_S + 1, {"api": STARTING}) == [(Move.KILL, "api")]
    assert plan.step(READY_TIMEOUT_S + 2, {"api": DEAD}) == [(Move.START, "api")]


def test_a_running_unit_that_is_unwell_for_a_while_is_left_alone() -> None:
    plan = running()
    assert plan.step(1000.0, all_seen(READY, ingest=STARTING)) == []
    assert plan.units["ingest"].phase is Phase.RUNNING


def test_an_adopted_unit_is_not_started_twice() -> None:
    plan = Plan([Role("database"), Role("api", ("database",))])
    plan.adopt("database", 0.0)
    assert plan.step(0.1, {"database": READY, "api": DEAD}) == [(Move.START, "api")]
    assert plan.restarts == 0


def test_needs_that_cannot_be_met_are_refused() -> None:
    with pytest.raises(ValueError, match="circle: a, b"):
        Plan([Role("a", ("b",)), Role("b", ("a",))])
    with pytest.raises(ValueError, match="unknown needs"):
        Plan([Role("a", ("nobody",))])
