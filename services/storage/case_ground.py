"""What a case stands on: alerts as they are now, complaints, photographs, and what its verdict does to the alerts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.handling_store import History, NoSuchAlert, attend
from services.storage.network_reading import read_network
from services.storage.reading import json_value
from uskat.finding import Severity
from uskat.supervision.case.paper import AlertFact, CaseSubject, Decide, Judge, LabSample
from uskat.supervision.case.state import Case
from uskat.supervision.case.verdict import AlertMove, alert_moves, closing_moves
from uskat.supervision.case.window import SeenAlert, judge_sample
from uskat.supervision.handling.machine import Attention, Handling
from uskat.supervision.handling.policy import packaged_policy
from uskat.supervision.handling.step import Action, Step
from uskat.supervision.reconcile import AlertState

WATER_KINDS = frozenset({"river", "outlet"})
OF_CASE = "case:"
"""How an alert that a case holds names it."""
_ALERTS = text(
    """SELECT a.id, a.state, coalesce(h.severity, a.severity) AS severity, a.title, st.code AS station,
        st.kind AS station_kind, st.territory, a.started_at, a.ended_at, a.detail::text AS detail
    FROM alert a JOIN station st ON st.id = a.station_id LEFT JOIN alert_handling h ON h.alert_id = a.id
    WHERE a.id = ANY(CAST(:ids AS bigint[])) ORDER BY a.id"""
)
_LOCK = text("SELECT id FROM alert WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE")
_COMPLAINTS = text("SELECT id, territory FROM complaint WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id")
_PHOTOGRAPHS = text(
    """SELECT count(*) FROM photograph p WHERE p.sha256 = ANY(CAST(:wanted AS text[]))
    AND (p.entered_by = :by
         OR EXISTS (SELECT 1 FROM case_photograph c WHERE c.sha256 = p.sha256 AND c.case_id = :case))"""
)
_ENTERPRISE = text("SELECT id FROM organisation WHERE code = :code AND kind = 'enterprise'")
_HELD = text(
    """SELECT f.id, c.alert_id FROM case_alert c JOIN case_file f ON f.id = c.case_id
    WHERE c.alert_id = ANY(CAST(:ids AS bigint[])) AND f.agency = :agency AND f.stage <> 'closed' AND f.id <> :case
    ORDER BY f.id LIMIT 1"""
)


class NoSuchGround(Exception):
    """An alert, complaint or photograph that is not there, or not the agency's to use; the message says which."""


class GroundTaken(Exception):
    """An alert that another open case of the agency speaks of; the message says which case."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose desk it is: an agency, and the territories it supervises. Nothing else is ever seen from it."""

    agency: str
    territories: frozenset[str]

    def covers(self, territory: str | None) -> bool:
        """True for what lies in one of its territories; what lies in none is nobody's."""
        return territory in self.territories


@dataclass(frozen=True, slots=True)
class Ground:
    """An alert as it is now."""

    fact: AlertFact
    title: str
    station: str
    subject: CaseSubject
    territory: str | None


async def alerts_now(connection: AsyncConnection, ids: Iterable[int]) -> list[Ground]:
    """Those of the alerts that are there, by id."""
    return [
        Ground(
            AlertFact(row.id, AlertState(row.state), Severity(row.severity)), row.title, row.station,
            CaseSubject.WATER if row.station_kind in WATER_KINDS else CaseSubject.BLAST, row.territory,
        )
        for row in await connection.execute(_ALERTS, {"ids": list(ids)})
    ]  # fmt: skip


async def grounds(
    connection: AsyncConnection, desk: Desk, *, alerts: Sequence[int], complaints: Sequence[int], case_id: int = 0
) -> tuple[list[Ground], str | None]:
    """Alerts that the desk may open a case on, and the territory of the whole. Raises NoSuchGround, GroundTaken.

    The alerts stay locked until the transaction ends: whoever asks for the same at once then sees that they are taken.
    """
    await connection.execute(_LOCK, {"ids": list(alerts)})
    found = await alerts_now(connection, alerts)
    missing = set(alerts) - {one.fact.id for one in found if desk.covers(one.territory)}
    if missing:
        raise NoSuchGround(f"На ваших территориях нет сигнала {min(missing)}")
    rows = (await connection.execute(_COMPLAINTS, {"ids": list(complaints)})).all()
    lost = set(complaints) - {row.id for row in rows if desk.covers(row.territory)}
    if lost:
        raise NoSuchGround(f"На ваших территориях нет обращения {min(lost)}")
    bound = {"ids": list(alerts), "agency": desk.agency, "case": case_id}
    held = (await connection.execute(_HELD, bound)).first()
    if held is not None:
        raise GroundTaken(f"Сигнал {held.alert_id} уже в деле № {held.id}")
    places = [one.territory for one in found] + [row.territory for row in rows]
    return found, next((place for place in places if place is not None), None)


async def ensure_photographs(connection: AsyncConnection, wanted: Sequence[str], *, case_id: int, by: str) -> None:
    """Raise NoSuchGround unless all were brought by this person, or are in the case already."""
    if not wanted:
        return
    found = await connection.scalar(_PHOTOGRAPHS, {"wanted": list(wanted), "by": by, "case": case_id})
    if found != len(set(wanted)):
        raise NoSuchGround("Такого снимка вы не присылали: сначала пришлите его")


async def ensure_enterprise(connection: AsyncConnection, code: str) -> None:
    """Raise NoSuchGround unless there is such an enterprise to ask."""
    if await connection.scalar(_ENTERPRISE, {"code": code}) is None:
        raise NoSuchGround(f"Нет предприятия «{code[:60]}»")


async def judged(
    connection: AsyncConnection, case: Case, samples: Iterable[LabSample], *, now: datetime
) -> list[Judge]:
    """The machine's word on samples, by the findings of the case's alerts as they are now."""
    rows = await connection.execute(_ALERTS, {"ids": [one.id for one in case.alerts]})
    seen = [
        SeenAlert(
            row.id, AlertState(row.state), row.station, row.started_at, row.ended_at, json_value(row.detail) or {}
        )
        for row in rows
    ]
    network = await read_network(connection, now=now)
    return [judge_sample(sample, seen, network=network) for sample in samples]


async def hold_alerts(connection: AsyncConnection, ids: Iterable[int], *, case_id: int, by: str, now: datetime) -> None:
    """Take alerts out of the queue of alerts: from now on the case is what waits.

    Also what a visit or a common cause covers: else it would come back to the queue when that is over.
    """

    def moves(handling: Handling) -> tuple[AlertMove, ...]:
        if handling.attention is Attention.CLOSED or (handling.reference or "").startswith(OF_CASE):
            return ()
        covered = handling.attention is Attention.SUPPRESSED
        return (*((AlertMove(Action.RELEASE),) if covered else ()), AlertMove(Action.SUPPRESS))

    await _move(connection, ids, moves, by=by, now=now, note=f"Дело № {case_id}", reference=f"{OF_CASE}{case_id}")


async def tell_alerts(
    connection: AsyncConnection, case: Case, decision: Decide, *, case_id: int, by: str, now: datetime, closing: bool
) -> None:
    """Give a case's verdict, or its closing, to its alerts: as steps of the person who decided."""

    def moves(handling: Handling) -> tuple[AlertMove, ...]:
        if not closing:
            return alert_moves(decision, handling)
        resolved = closing_moves(decision, handling)
        held = handling.attention is Attention.SUPPRESSED and handling.reference == f"{OF_CASE}{case_id}"
        return resolved or ((AlertMove(Action.RELEASE),) if held else ())

    note = f"Дело № {case_id}: {decision.ground}"
    held_by = f"{OF_CASE}{case_id}"
    await _move(connection, [one.id for one in case.alerts], moves, by=by, now=now, note=note, reference=held_by)


async def _move(
    connection: AsyncConnection, ids: Iterable[int], moves: Callable[[Handling], tuple[AlertMove, ...]], *,
    by: str, now: datetime, note: str, reference: str,
) -> None:  # fmt: skip
    for alert_id in sorted(ids):
        try:
            history = await attend(connection, alert_id, policy=packaged_policy(), now=now)
        except NoSuchAlert:  # of an alert without entries nobody could know
            continue
        for move in moves(history.handling):
            history = await _step(connection, alert_id, move, by=by, now=now, note=note, reference=reference)


async def _step(
    connection: AsyncConnection, alert_id: int, move: AlertMove, *, by: str, now: datetime, note: str, reference: str,
) -> History:  # fmt: skip
    def step(at: datetime) -> Step:
        holds = move.action is Action.SUPPRESS
        return Step(move.action, at, by, note=note, reason=move.reason, reference=reference if holds else None)

    return await attend(connection, alert_id, policy=packaged_policy(), now=now, step=step)
