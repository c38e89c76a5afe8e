"""Flood control: alerts of one cause get a parent, wait under it, and come back when it closes before them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.alerts import metrics
from services.storage.alerting import WrittenEvent, numbered_alerts, write_changes
from services.storage.cause_store import (
    OwedStep,
    StandingParent,
    cause_candidates,
    claim_causes,
    held_by_cause,
    join_cause,
    leave_causes,
    leave_when_judged,
    mark_suppressed,
    owed_steps,
    parent_reference,
    standing_parents,
    station_number,
)
from services.storage.engine import unit_of_work
from services.storage.handling_store import attend
from services.storage.river_present import RiverPresent, river_present
from uskat.finding import Finding
from uskat.supervision.cause.finding import cause_finding, cause_key
from uskat.supervision.cause.gather import Candidate, Group, TravelWindow, Window, gather
from uskat.supervision.cause.rules import CauseRules, Link, packaged_cause_rules
from uskat.supervision.handling.policy import packaged_policy
from uskat.supervision.handling.step import MACHINE, Action, Step
from uskat.supervision.reconcile import AlertChange, AlertEvent, AlertState, reconcile
from uskat.water.river_flow import station_point
from uskat.water.travel_time import travel_between

AT_ONCE = 500
ALONE = "Осталось слишком мало станций: общей причины нет."

log = structlog.get_logger(__name__)


async def find_causes(engine: Any, *, clock: Callable[[], datetime]) -> int:
    """One pass: parents written in one transaction, then each child's step in its own; returns the steps taken.

    Children are locked one at a time: an evaluation may hold several of them, in another order.
    """
    rules = packaged_cause_rules()
    async with unit_of_work(engine) as connection:
        if await claim_causes(connection):
            for event in await _gather(connection, rules, now=clock()):
                metrics.EVENTS.labels(event.kind, event.event, event.severity).inc()
                log.info("cause.changed", change=event.event, alert=event.alert_id, key=event.key)
    async with unit_of_work(engine) as connection:
        owed = await owed_steps(connection, limit=AT_ONCE)
    taken = 0
    for one in owed:
        try:
            async with unit_of_work(engine) as connection:
                taken += await _take(connection, one, now=clock())
        except ValueError as error:  # somebody was faster, or its history does not replay: the others go on
            log.debug("cause.step_refused", alert=one.alert_id, why=str(error))
    return taken


async def _gather(connection: Any, rules: CauseRules, *, now: datetime) -> list[WrittenEvent]:
    await leave_when_judged(connection, now=now)
    parents = await standing_parents(connection)
    await leave_causes(connection, [one.id for one in parents if one.closed], why="closed", now=now)
    standing = {one.id: one for one in parents if not one.closed}
    candidates = await cause_candidates(connection, rules.kinds, since=now - rules.look_back)
    travel = await _travel(connection, candidates, rules, now=now)
    gathered = gather(candidates, rules, travel=travel)
    keys = {group: _key(group, standing) for group in gathered.groups}
    findings = [await _finding(connection, group, rules, key=key) for group, key in keys.items()]
    stored = [record.alert for record in await numbered_alerts(connection, sorted(standing))]
    changes = reconcile(stored, findings, scopes=())
    # Merged ones end first: their children move to the parent that stays.
    emptied = {parent for group in gathered.groups for parent in group.parents[1:]}
    gone = [*gathered.fallen, *(set(standing) - {one.parent for one in candidates} - set(gathered.fallen))]
    changes += [_withdrawal(number, ALONE) for number in sorted(gone) if number in standing]
    changes += [_withdrawal(number, _merged(number, keys)) for number in sorted(emptied)]
    written = await write_changes(connection, changes, station_id=0, now=now)
    await leave_causes(connection, sorted(gone), why="alone", now=now)
    numbers = {one.key: one.alert_id for one in written} | {one.key: one.id for one in standing.values()}
    for group, key in keys.items():
        children = [one.id for one in group.members]
        await join_cause(connection, numbers[key], children, rule=group.rule.id, rules=rules.id, now=now)
    return written


def _key(group: Group, standing: Mapping[int, StandingParent]) -> str:
    return standing[group.parents[0]].key if group.parents else cause_key(group)


async def _finding(connection: Any, group: Group, rules: CauseRules, *, key: str) -> Finding:
    number = await station_number(connection, group.members[0].station)
    return cause_finding(group, rules=rules, key=key, station_id=number)


def _withdrawal(number: int, why: str) -> AlertChange:
    return AlertChange(number, None, AlertState.WITHDRAWN, (AlertEvent.WITHDRAWN,), why)


def _merged(number: int, keys: Mapping[Group, str]) -> str:
    heir = next(group.parents[0] for group in keys if number in group.parents)
    return f"Поступили новые данные: причина общая с сигналом № {heir}."


async def _travel(connection: Any, candidates: list[Candidate], rules: CauseRules, *, now: datetime) -> TravelWindow:
    """Travel windows with the flow of now, read only when there are alerts on a river to compare."""
    kinds = {kind for rule in rules.rules if rule.linked_by is Link.RIVER for kind in rule.kinds}
    stations = {one.station for one in candidates if one.kind in kinds}
    present = await river_present(connection, now) if len(stations) > 1 else None
    known: dict[tuple[str, str], Window | None] = {}

    def window(upper: str, lower: str) -> Window | None:
        if (upper, lower) not in known:
            known[upper, lower] = _window(present, upper, lower) if present is not None else None
        return known[upper, lower]

    return window


def _window(present: RiverPresent, upper: str, lower: str) -> Window | None:
    start, end = station_point(present.network, upper), station_point(present.network, lower)
    if start is None or end is None:
        return None
    way = travel_between(present.network, start, lower=end, state=present.state, calibrations=present.calibrations)
    return None if way is None else (timedelta(hours=way.earliest_h), timedelta(hours=way.latest_h))


async def _take(connection: Any, owed: OwedStep, *, now: datetime) -> bool:
    reference = parent_reference(owed.parent_id)
    if owed.suppress:
        await attend(
            connection, owed.alert_id, policy=packaged_policy(), now=now,
            step=lambda at: Step(Action.SUPPRESS, at, MACHINE, reference=reference, note="Общая причина"),
        )  # fmt: skip
        await mark_suppressed(connection, owed.alert_id, owed.parent_id, now=now)
        return True
    if not await held_by_cause(connection, owed.alert_id):
        return False
    await attend(
        connection, owed.alert_id, policy=packaged_policy(), now=now,
        step=lambda at: Step(Action.RELEASE, at, MACHINE, note=f"Тревога № {owed.parent_id} закрыта раньше"),
    )  # fmt: skip
    return True
