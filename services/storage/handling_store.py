"""Alerts in people's hands: steps appended under a lock, the machine's own changes taken in, terms that ran out.

Whatever happens to an alert becomes a step of its history, in the order of the lock, and `alert_handling` says where
the steps lead. A change of the machine that the state already shows adds nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.alert_weight import alert_weight
from services.storage.policy_store import policy_at, policy_by_id
from services.storage.reading import json_value, row_values
from uskat.finding import FindingKind, Severity
from uskat.supervision.handling.machine import Handling, IllegalStepError, begin, due_at, due_steps, replay, take
from uskat.supervision.handling.policy import Policy
from uskat.supervision.handling.step import MACHINE, Action, Step, step_of
from uskat.supervision.handling.weight import Weight
from uskat.supervision.reconcile import AlertState

BACK = 10_000
"""Entries of the machine's history that are looked at again: their numbers are not given in the order of COMMIT."""
_LOCK = text(
    """SELECT a.severity, a.kind, st.code AS station FROM alert a JOIN station st ON st.id = a.station_id
    WHERE a.id = :alert FOR UPDATE OF a"""
)
_STEPS = text("SELECT body::text FROM alert_step WHERE alert_id = :alert ORDER BY seq")
_LAST = text("SELECT last_event FROM alert_handling WHERE alert_id = :alert")
_EVENTS = text("SELECT id, event, at, body::text FROM alert_event WHERE alert_id = :alert AND id > :after ORDER BY id")
_ADD = text(
    "INSERT INTO alert_step (alert_id, seq, at, action, by, body) VALUES (:alert, :seq, :at, :action, :by, :body)"
)
_OUTBOX = text("INSERT INTO notice_pending (alert_id, step_seq) VALUES (:alert, :seq)")  # ADR 0013
_STAND = text(
    """INSERT INTO alert_handling AS h (alert_id, seq, last_event, attention, review, severity, policy, since, owner,
        until, due_at, reason, restless)
    VALUES (:alert, :seq, :last_event, :attention, :review, :severity, :policy, :since, :owner, :until, :due_at,
        :reason, :restless)
    ON CONFLICT (alert_id) DO UPDATE SET seq = excluded.seq, last_event = excluded.last_event,
        attention = excluded.attention, review = excluded.review, severity = excluded.severity,
        policy = excluded.policy, since = excluded.since, owner = excluded.owner, until = excluded.until,
        due_at = excluded.due_at, reason = excluded.reason, restless = excluded.restless"""
)
_TO_ATTEND = text(
    f"""SELECT e.alert_id FROM alert_event e LEFT JOIN alert_handling h ON h.alert_id = e.alert_id
    WHERE e.id > (SELECT coalesce(max(last_event), 0) FROM alert_handling) - {BACK}
    AND (h.alert_id IS NULL OR h.last_event < e.id)
    UNION SELECT alert_id FROM alert_handling WHERE due_at <= :now
    ORDER BY 1 LIMIT :limit"""
)
_QUEUE = text(
    """SELECT a.id, a.kind, h.severity, a.state, st.code, st.name, a.title, a.started_at, a.known_at, h.attention,
        h.review, h.since, h.owner, h.until, h.due_at, h.restless,
        (SELECT s.body->>'note' FROM alert_step s WHERE s.alert_id = a.id AND s.body ? 'note'
         ORDER BY s.seq DESC LIMIT 1), h.seq
    FROM alert_handling h JOIN alert a ON a.id = h.alert_id JOIN station st ON st.id = a.station_id
    WHERE h.attention = ANY(CAST(:attentions AS text[])) AND a.id < CAST(:before AS bigint)
    ORDER BY a.id DESC LIMIT :limit"""
)


class NoSuchAlert(Exception):
    """There is no alert of this number."""


class ChangedMeanwhile(Exception):
    """Somebody took another step since the caller looked."""


class QueueEntry(Struct):
    """An alert as whoever works through the queue sees it. since: in this attention; note: the last one left."""

    id: int
    kind: str
    severity: str
    state: str
    station: str
    station_name: str
    title: str
    started_at: datetime
    known_at: datetime
    attention: str
    review: str
    since: datetime
    owner: str | None
    until: datetime | None
    due_at: datetime | None
    restless: bool
    note: str | None
    version: int


@dataclass(frozen=True, slots=True)
class History:
    """Where an alert stands, by which steps, under which policy; version: how many the steps are."""

    handling: Handling
    steps: tuple[Step, ...]
    policy: Policy

    @property
    def version(self) -> int:
        """Number of the last step."""
        return len(self.steps)


async def attend(
    connection: AsyncConnection, alert_id: int, *, policy: Policy, now: datetime,
    step: Callable[[datetime], Step] | None = None, version: int | None = None, weigh: bool = False,
) -> History:  # fmt: skip
    """Take in what the machine changed, what ran out, and a person's step; inside the caller's transaction.

    policy: for an alert that begins, unless an agency entered a later one; an alert with a history keeps its own.
    step: made for the moment it is taken at. weigh: look again at what it weighs, also without news of the machine.
    Raises NoSuchAlert, ChangedMeanwhile (the version is another one),
    IllegalStepError; then nothing of the call is to be kept.
    """
    alert = (await connection.execute(_LOCK, {"alert": alert_id})).first()
    if alert is None:
        raise NoSuchAlert(f"there is no alert {alert_id}")
    steps = [step_of(msgspec.json.decode(body)) for (body,) in await connection.execute(_STEPS, {"alert": alert_id})]
    stored = len(steps)
    last_event = int(await connection.scalar(_LAST, {"alert": alert_id}) or 0)
    events = (await connection.execute(_EVENTS, {"alert": alert_id, "after": last_event})).all()
    policy = await _policy_of(connection, steps, events, default=policy)
    handling = replay(steps, policy) if steps else None
    for event in events:
        weight = await _weight(connection, alert, alert_id, event=event, policy=policy)
        handling = _taken(steps, handling, _machine_step(event, handling, weight, policy), policy)
    if handling is None:
        raise NoSuchAlert(f"alert {alert_id} has no history")
    now = max(now, handling.last_at)
    if weigh and handling.machine is not AlertState.WITHDRAWN:
        weight = await _weight(connection, alert, alert_id, event=None, policy=policy, at=now)
        handling = _taken(steps, handling, _reweighed(handling, weight, now), policy) or handling
    for owed in due_steps(handling, policy, now=now):
        handling = _taken(steps, handling, owed, policy) or handling
    if step is not None:
        if version is not None and version != len(steps):
            raise ChangedMeanwhile(f"alert {alert_id} has version {len(steps)}, not {version}")
        handling = _taken(steps, handling, step(now), policy) or handling
    last_event = max([last_event, *(event.id for event in events)])
    history = History(handling, tuple(steps), policy)
    await _write(connection, alert_id, history, stored=stored, last_event=last_event)
    return history


async def alerts_to_attend(connection: AsyncConnection, *, now: datetime, limit: int) -> list[int]:
    """Alerts that the machine changed, or a term of which ran out."""
    return list((await connection.execute(_TO_ATTEND, {"now": now, "limit": limit})).scalars())


async def read_history(connection: AsyncConnection, alert_id: int) -> History:
    """Where an alert stands, without taking anything in. Raises NoSuchAlert."""
    steps = [step_of(msgspec.json.decode(body)) for (body,) in await connection.execute(_STEPS, {"alert": alert_id})]
    if not steps:
        raise NoSuchAlert(f"there is no alert {alert_id} that anybody could have attended to")
    policy = await policy_by_id(connection, steps[0].policy or "")
    return History(replay(steps, policy), tuple(steps), policy)


async def queue(connection: AsyncConnection, *, attentions: Sequence[str], before: int, limit: int) -> list[QueueEntry]:
    """Alerts in these attentions, newest first, with id below `before`."""
    bound = {"attentions": list(attentions), "before": before, "limit": limit}
    return [QueueEntry(*row_values(row)) for row in await connection.execute(_QUEUE, bound)]


def _taken(steps: list[Step], handling: Handling | None, step: Step | None, policy: Policy) -> Handling | None:
    if step is None:
        return handling
    after = begin(step) if handling is None else take(handling, step, policy=policy)
    steps.append(step)
    return after


async def _policy_of(
    connection: AsyncConnection, steps: Sequence[Step], events: Sequence[Any], *, default: Policy
) -> Policy:
    if steps:
        return await policy_by_id(connection, steps[0].policy or "")
    if not events:
        return default
    return await policy_at(connection, events[0].at, default=default)


async def _weight(
    connection: AsyncConnection, alert: Any, alert_id: int, *, event: Any, policy: Policy, at: datetime | None = None
) -> Weight:
    """How much the alert weighs by one of its entries; event None: by what the detector says now, at `at`."""
    body = json_value(event.body) if event is not None else {}
    severity, kind = Severity(body.get("severity", alert.severity)), FindingKind(alert.kind)
    if event is not None and event.event == "withdrawn":
        return Weight(severity)
    return await alert_weight(
        connection, alert_id, kind=kind, severity=severity, station=alert.station, at=at or event.at, policy=policy
    )


def _reweighed(handling: Handling, weight: Weight, now: datetime) -> Step | None:
    """The step by which a weight that changed without the machine becomes known; None: it is the same."""
    if weight.severity is handling.severity:
        return None
    known = f" Степень доказательности {weight.grade}." if weight.grade else ""
    why = weight.why or f"Важность пересмотрена по тому, что известно теперь.{known}"
    return Step(Action.REGRADE, now, MACHINE, severity=weight.severity, grade=weight.grade, note=why)


def _machine_step(event: Any, handling: Handling | None, weight: Weight, policy: Policy) -> Step | None:
    """The step that an entry of the machine's history is; None when the state shows it already."""
    body = json_value(event.body)
    severity, grade, why = weight.severity, weight.grade, weight.why
    if handling is None:
        return Step(Action.RAISE, event.at, MACHINE, severity=severity, grade=grade, policy=policy.id, note=why)
    at = max(event.at, handling.last_at)
    if event.event == "withdrawn":
        gone = handling.machine is AlertState.WITHDRAWN
        return None if gone else Step(Action.WITHDRAW, at, MACHINE, note=body.get("why") or "данные изменились")
    if event.event in {"reopened", "opened"} and handling.machine is not AlertState.ACTIVE:
        return Step(Action.REOPEN, at, MACHINE)
    if event.event == "returned" and handling.machine is AlertState.ACTIVE:
        return Step(Action.RETURN, at, MACHINE)
    if severity is not handling.severity and handling.machine is not AlertState.WITHDRAWN:
        return Step(Action.REGRADE, at, MACHINE, severity=severity, grade=grade, note=why)
    return None


async def _write(connection: AsyncConnection, alert_id: int, history: History, *, stored: int, last_event: int) -> None:
    for seq, step in enumerate(history.steps[stored:], start=stored + 1):
        body = msgspec.json.encode(step.to_json()).decode()
        bound = {"alert": alert_id, "seq": seq, "at": step.at, "action": step.action.value, "by": step.by, "body": body}
        await connection.execute(_ADD, bound)
        if step.action in {Action.ESCALATE, Action.RELEASE}:
            await connection.execute(_OUTBOX, {"alert": alert_id, "seq": seq})
    now = history.handling
    await connection.execute(
        _STAND,
        {
            "alert": alert_id, "seq": history.version, "last_event": last_event, "attention": now.attention.value,
            "review": now.review.value, "severity": now.severity.value, "policy": now.policy, "since": now.since,
            "owner": now.owner, "until": now.until, "due_at": due_at(now, history.policy),
            "reason": now.reason.value if now.reason else None, "restless": now.restless,
        },
    )  # fmt: skip


__all__ = [
    "ChangedMeanwhile", "History", "IllegalStepError", "NoSuchAlert", "QueueEntry", "alerts_to_attend", "attend",
    "queue", "read_history",
]  # fmt: skip
