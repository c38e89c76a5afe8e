"""Cases: papers filed under a lock, the machine's own news taken in, terms that ran out; each in one transaction.

Whatever happens to a case becomes a step of its history, in the order of the lock, and `case_file` says where the
steps lead. Locks are taken case first, then its alerts by number.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.audit_log import record
from services.storage.case_ground import (
    Desk,
    GroundTaken,
    NoSuchGround,
    alerts_now,
    ensure_enterprise,
    ensure_photographs,
    grounds,
    hold_alerts,
    judged,
    tell_alerts,
)
from services.storage.case_history import SEEN, CaseFile, Clerk, NoSuchCase, case_steps, desk_bound
from services.storage.case_policy_store import case_policy_at, replayed
from services.storage.roster_store import shifts_of
from uskat.finding import Severity
from uskat.supervision.case import paper as p
from uskat.supervision.case.machine import IllegalCaseStepError, begin, take
from uskat.supervision.case.policy import CasePolicy
from uskat.supervision.case.roster import Duty, on_duty
from uskat.supervision.case.state import Case
from uskat.supervision.case.step import MACHINE, CaseStep, action_of
from uskat.supervision.case.term import deadlines, due_at, due_escalations

_LOCK = text(f"SELECT f.id FROM case_file f WHERE f.id = :case AND {SEEN} FOR UPDATE")
_LOCK_ANY = text("SELECT agency FROM case_file WHERE id = :case FOR UPDATE")
_NEW = text(
    """INSERT INTO case_file (agency, territory, subject, title, station, opened_at, seq, stage, severity, policy,
        since, baseless)
    VALUES (:agency, :territory, :subject, :title, :station, :at, 0, 'suspected', :severity, :policy, :at, false)
    RETURNING id"""
)
_ADD = text(
    """INSERT INTO case_step (case_id, seq, at, action, by, body)
    VALUES (:case, :seq, :at, :action, :by, CAST(:body AS jsonb))"""
)
_OUTBOX = text("INSERT INTO notice_pending (case_id, step_seq) VALUES (:case, :seq)")
_STAND = text(
    """UPDATE case_file SET seq = :seq, stage = :stage, verdict = :verdict, severity = :severity,
        assignee = :assignee, enterprise = :enterprise, since = :since, clock = :clock, deadline = :deadline,
        due_at = :due_at, baseless = :baseless
    WHERE id = :case"""
)
_HEARD = text(
    """INSERT INTO case_alert (case_id, alert_id, state, severity) VALUES (:case, :alert, :state, :severity)
    ON CONFLICT (case_id, alert_id) DO UPDATE SET state = excluded.state, severity = excluded.severity"""
)
_COMPLAINT = text("INSERT INTO case_complaint (case_id, complaint_id) VALUES (:case, :of) ON CONFLICT DO NOTHING")
_PHOTOGRAPH = text("INSERT INTO case_photograph (case_id, sha256) VALUES (:case, :of) ON CONFLICT DO NOTHING")
_TO_ATTEND = text(
    """SELECT c.case_id FROM case_alert c JOIN alert a ON a.id = c.alert_id
    LEFT JOIN alert_handling h ON h.alert_id = a.id
    WHERE c.state <> a.state OR c.severity <> coalesce(h.severity, a.severity)
    UNION SELECT id FROM case_file WHERE due_at <= :now ORDER BY 1 LIMIT :limit"""
)


class CaseChanged(Exception):
    """Somebody took another step since the caller looked."""


class NewCase(msgspec.Struct, forbid_unknown_fields=True):
    """What a case is opened from; at least one ground. subject, title: by the first alert when left out.

    check: ground, plan and number of a planned check; territory: of a check without alerts or complaints. severity: at
    least this grave, whatever the alerts say.
    """

    alerts: tuple[p.AlertId, ...] = ()
    complaints: tuple[p.AlertId, ...] = ()
    check: p.Words = ""
    territory: p.Code | None = None
    title: p.Name | None = None
    subject: p.CaseSubject | None = None
    severity: Severity = Severity.NOTICE


class _Writing:
    """A case under its lock: steps are taken, then written once."""

    def __init__(self, connection: AsyncConnection, case_id: int, case: Case | None, now: datetime) -> None:
        self.connection, self.id, self.case = connection, case_id, case
        self.rules: CasePolicy | None = None
        self.steps: list[CaseStep] = []
        self.stored = 0
        self.at = now if case is None else max(now, case.last_at)

    @classmethod
    async def of(cls, connection: AsyncConnection, case_id: int, now: datetime) -> "_Writing":
        steps = await case_steps(connection, case_id)
        writing = cls(connection, case_id, await replayed(connection, steps) if steps else None, now)
        writing.steps, writing.stored = steps, len(steps)
        return writing

    def file(self, paper: p.AnyPaper, by: str) -> Case:
        step = CaseStep(self.at, by, paper)
        self.case = begin(step, self.rules) if self.case is None else take(self.case, step)
        self.steps.append(step)
        return self.case

    @property
    def present(self) -> Case:
        if self.case is None:
            raise NoSuchCase(f"case {self.id} has no history")
        return self.case

    async def news(self) -> None:
        """Take in what the machine changed of the alerts, then what that means for the samples, then the terms."""
        known = {one.id: one for one in self.present.alerts}
        changed = [g.fact for g in await alerts_now(self.connection, known) if known[g.fact.id] != g.fact]
        for fact in changed:
            self.file(p.Change(alert=fact), MACHINE)
        if changed:
            await self.judge([one.paper for one in self.present.samples])
        shifts = await shifts_of(self.connection, agency=self.present.agency, at=self.at)
        while owed := due_escalations(self.present, shifts=shifts, now=self.at):
            for paper in owed:
                self.file(paper, MACHINE)

    async def judge(self, samples: Sequence[p.LabSample]) -> None:
        """Say anew whether samples lie inside the plume, where the word is another one than before."""
        if not samples:
            return
        words = {one.paper.number: one.window for one in self.present.samples}
        for word in await judged(self.connection, self.present, samples, now=self.at):
            if words[word.number] != word:
                self.file(word, MACHINE)

    async def write(self) -> CaseFile:
        for seq, step in enumerate(self.steps[self.stored :], start=self.stored + 1):
            body = msgspec.json.encode(step).decode()
            asked = isinstance(step.paper, p.Explain)
            row = {"case": self.id, "seq": seq, "at": step.at, "action": action_of(step.paper), "by": step.by}
            await self.connection.execute(_ADD, row | {"body": body})
            if isinstance(step.paper, p.Escalate):  # whoever has the duty is told (ADR 0013)
                await self.connection.execute(_OUTBOX, {"case": self.id, "seq": seq})
            if step.by != MACHINE:
                clerk = Clerk(step.by, getattr(step.paper, "enterprise", None) if asked else self.present.agency)
                did = f"case.{action_of(step.paper)}"
                await record(self.connection, who=clerk, action=did, kind="case", object_id=self.id)
            for sha256 in getattr(step.paper, "photographs", ()):
                await self.connection.execute(_PHOTOGRAPH, {"case": self.id, "of": sha256})
        if len(self.steps) > self.stored:
            await self.connection.execute(_STAND, _standing(self.present) | {"case": self.id, "seq": len(self.steps)})
            for fact in self.present.alerts:
                row = {"case": self.id, "alert": fact.id, "state": fact.state.value, "severity": fact.severity.value}
                await self.connection.execute(_HEARD, row)
            for complaint in self.present.complaints:
                await self.connection.execute(_COMPLAINT, {"case": self.id, "of": complaint})
        return CaseFile(self.id, self.present, tuple(self.steps))


async def open_case(connection: AsyncConnection, desk: Desk, new: NewCase, *, by: str, now: datetime) -> CaseFile:
    """Open a case and give it to whoever is on duty. Raises NoSuchGround, GroundTaken, IllegalCaseStepError."""
    found, territory = await grounds(connection, desk, alerts=new.alerts, complaints=new.complaints)
    territory = territory or new.territory
    if territory is not None and not desk.covers(territory):
        raise NoSuchGround("Ваше ведомство не отвечает за эту территорию")
    rules = await case_policy_at(connection, now)
    title = new.title or next((one.title for one in found), "") or _one_line(new.check) or "Жалоба жителя"
    opening = p.Open(
        subject=new.subject or next((one.subject for one in found), p.CaseSubject.WATER), title=title,
        severity=new.severity, policy=rules.id, agency=desk.agency, territory=territory,
        station=next((one.station for one in found), None), alerts=tuple(one.fact for one in found),
        complaints=new.complaints, check=new.check.strip(),
    )  # fmt: skip
    begin(CaseStep(now, by, opening), rules)
    row = {
        "agency": desk.agency, "territory": territory, "subject": opening.subject.value, "title": title,
        "station": opening.station, "at": now, "severity": opening.severity.value, "policy": opening.policy,
    }  # fmt: skip
    writing = _Writing(connection, int(await connection.scalar(_NEW, row)), None, now)
    writing.rules = rules
    writing.file(opening, by)
    shifts = await shifts_of(connection, agency=desk.agency, at=now)
    person = on_duty(shifts, territory=territory, duty=Duty.INSPECTOR, at=now)
    if person is not None:
        writing.file(p.Assign(to=person), MACHINE)
    await hold_alerts(connection, new.alerts, case_id=writing.id, by=by, now=now)
    return await writing.write()


async def file_paper(
    connection: AsyncConnection, desk: Desk, case_id: int, paper: p.PersonPaper, *, by: str, now: datetime, version: int
) -> CaseFile:
    """Take a person's step. Raises NoSuchCase, CaseChanged, NoSuchGround, IllegalCaseStepError."""
    writing = await _locked(connection, desk, case_id, now=now)
    await writing.news()
    if version != len(writing.steps):
        raise CaseChanged(
            f"Дело № {case_id} изменилось: версия {len(writing.steps)}, а не {version}. Прочитайте заново"
        )
    await ensure_photographs(connection, getattr(paper, "photographs", ()), case_id=case_id, by=by)
    if isinstance(paper, p.Demand):
        await ensure_enterprise(connection, paper.enterprise)
    if isinstance(
        paper, p.Decide
    ):  # findings may have moved without another state; a verdict stands on them as they are
        await writing.judge([one.paper for one in writing.present.samples])
    before = writing.present
    after = writing.file(paper, by)
    if isinstance(paper, p.Reopen):
        await hold_alerts(connection, [one.id for one in after.alerts], case_id=case_id, by=by, now=writing.at)
    if isinstance(paper, p.LabSample):
        await writing.judge([paper])
    decision = after.decision if isinstance(paper, p.Decide) else before.decision
    if decision is not None and isinstance(paper, p.Decide | p.Close):
        closing = isinstance(paper, p.Close)
        await tell_alerts(connection, after, decision, case_id=case_id, by=by, now=writing.at, closing=closing)
    return await writing.write()


async def join_case(
    connection: AsyncConnection, desk: Desk, case_id: int, *, alerts: tuple[int, ...], complaints: tuple[int, ...],
    by: str, now: datetime, version: int,
) -> CaseFile:  # fmt: skip
    """Add alerts or complaints of the same matter. Raises as `file_paper`, and GroundTaken."""
    writing = await _locked(connection, desk, case_id, now=now)
    await writing.news()
    if version != len(writing.steps):
        raise CaseChanged(
            f"Дело № {case_id} изменилось: версия {len(writing.steps)}, а не {version}. Прочитайте заново"
        )
    found, _ = await grounds(connection, desk, alerts=alerts, complaints=complaints, case_id=case_id)
    writing.file(p.Join(alerts=tuple(one.fact for one in found), complaints=complaints), by)
    await hold_alerts(connection, alerts, case_id=case_id, by=by, now=writing.at)
    return await writing.write()


async def answer_case(
    connection: AsyncConnection, case_id: int, paper: p.Explain, *, by: str, now: datetime
) -> CaseFile:
    """Take an enterprise's explanation. Raises NoSuchCase for a case that never asked it, NoSuchGround, Illegal….

    Nothing else is taken in here: an enterprise does not see what the agency sees of the alerts.
    """
    if await connection.scalar(_LOCK_ANY, {"case": case_id}) is None:
        raise NoSuchCase(f"Нет дела № {case_id}, в котором вас о чём-то спрашивают")
    writing = await _Writing.of(connection, case_id, now)
    if all(one.paper.enterprise != paper.enterprise for one in writing.present.demands):
        raise NoSuchCase(f"Нет дела № {case_id}, в котором вас о чём-то спрашивают")
    await ensure_photographs(connection, paper.photographs, case_id=case_id, by=by)
    writing.file(paper, by)
    return await writing.write()


async def attend_case(connection: AsyncConnection, case_id: int, *, now: datetime) -> CaseFile:
    """Take in what the machine changed and which terms ran out. Raises NoSuchCase."""
    if await connection.scalar(_LOCK_ANY, {"case": case_id}) is None:
        raise NoSuchCase(f"there is no case {case_id}")
    writing = await _Writing.of(connection, case_id, now)
    await writing.news()
    return await writing.write()


async def cases_to_attend(connection: AsyncConnection, *, now: datetime, limit: int) -> list[int]:
    """Cases an alert of which changed, or a term of which ran out."""
    return list((await connection.execute(_TO_ATTEND, {"now": now, "limit": limit})).scalars())


async def _locked(connection: AsyncConnection, desk: Desk, case_id: int, *, now: datetime) -> _Writing:
    if await connection.scalar(_LOCK, desk_bound(desk) | {"case": case_id}) is None:
        raise NoSuchCase(f"Дела № {case_id} нет, или оно не вашего ведомства")
    return await _Writing.of(connection, case_id, now)


def _one_line(words: str) -> str:
    """A title made of other words: no line breaks or control characters, at most as long as a title may be."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())[:300].strip()


def _standing(case: Case) -> dict[str, Any]:
    running = deadlines(case)
    return {
        "stage": case.stage.value, "verdict": case.verdict.value if case.verdict else None,
        "severity": case.severity.value, "assignee": case.assignee, "enterprise": case.enterprise,
        "since": case.since, "clock": running[0].clock.value if running else None,
        "deadline": running[0].at if running else None, "due_at": due_at(case), "baseless": case.baseless,
    }  # fmt: skip


__all__ = [
    "CaseChanged", "CaseFile", "Desk", "GroundTaken", "IllegalCaseStepError", "NewCase", "NoSuchCase", "NoSuchGround",
    "answer_case", "attend_case", "cases_to_attend", "file_paper", "join_case", "open_case",
]  # fmt: skip
