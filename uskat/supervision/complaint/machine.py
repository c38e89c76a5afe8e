"""The life of a complaint: received → taken → answered → closed, or rejected with a reason; a fold over its steps."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from uskat.supervision.complaint.step import CITIZEN, MACHINE, ComplaintAction, ComplaintStep

REFERENCE = re.compile(r"(alert|case):[1-9][0-9]{0,9}|blast:[^\s:]{1,80}|complaint:[1-9][0-9]{0,9}")
PEOPLE_ONLY = frozenset(ComplaintAction) - {ComplaintAction.RECEIVE, ComplaintAction.FORGET}


class Stage(StrEnum):
    """Where a complaint stands, as its citizen follows it."""

    RECEIVED = "received"
    TAKEN = "taken"
    ANSWERED = "answered"
    CLOSED = "closed"
    REJECTED = "rejected"


ENDED = frozenset({Stage.CLOSED, Stage.REJECTED})
OPEN = frozenset(Stage) - ENDED


class IllegalComplaintStepError(ValueError):
    """A step that the stage does not allow, or that lacks what it must say; the message (Russian) says which."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Where a complaint stands. owner: who took it. links: what people tied to it. closed_at: since when it is over."""

    stage: Stage
    since: datetime
    last_at: datetime
    owner: str | None = None
    links: tuple[str, ...] = ()
    closed_at: datetime | None = None
    forgotten: bool = False


def begin_complaint(step: ComplaintStep) -> Complaint:
    """The state after the first step. Raises IllegalComplaintStepError."""
    _need(step.action is ComplaintAction.RECEIVE, "История начинается с получения обращения")
    _need(step.by == CITIZEN, "Обращается житель")
    return Complaint(Stage.RECEIVED, step.at, step.at)


def take_complaint_step(complaint: Complaint, step: ComplaintStep) -> Complaint:
    """The state after one more step. Raises IllegalComplaintStepError; what is refused changes nothing."""
    _need(step.at >= complaint.last_at, "Шаг не может быть раньше предыдущего")
    _need(step.action in _RULES, "Обращение уже получено")
    _need(step.action not in PEOPLE_ONLY or step.by not in {CITIZEN, MACHINE}, "Это делает сотрудник инспекции")
    return replace(_RULES[step.action](complaint, step), last_at=step.at)


def replay_complaint(steps: Iterable[ComplaintStep]) -> Complaint:
    """The state that a whole history leads to. Raises IllegalComplaintStepError."""
    history = iter(steps)
    first = next(history, None)
    if first is None:
        raise IllegalComplaintStepError("У истории есть первый шаг")
    complaint = begin_complaint(first)
    for step in history:
        complaint = take_complaint_step(complaint, step)
    return complaint


def _need(holds: bool, what: str) -> None:  # noqa: FBT001 - a condition, not a switch
    if not holds:
        raise IllegalComplaintStepError(what)


def _take(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in {Stage.RECEIVED, Stage.TAKEN}, "На обращение уже ответили, или оно завершено")
    since = step.at if complaint.stage is Stage.RECEIVED else complaint.since
    return replace(complaint, stage=Stage.TAKEN, since=since, owner=step.by)


def _link(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in {Stage.TAKEN, Stage.ANSWERED}, "Сначала возьмите обращение в работу")
    reference = step.reference or ""
    _need(
        REFERENCE.fullmatch(reference) is not None,
        "Ссылка пишется так: alert:5, case:7, blast:предприятие/номер или complaint:3",
    )
    _need(reference not in complaint.links, "Эта ссылка уже есть")
    return replace(complaint, links=(*complaint.links, reference))


def _answer(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in {Stage.TAKEN, Stage.ANSWERED}, "Сначала возьмите обращение в работу")
    _need(bool(step.note), "Напишите ответ")
    return replace(complaint, stage=Stage.ANSWERED, since=step.at)


def _close(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage is Stage.ANSWERED, "Сначала ответьте жителю")
    return replace(complaint, stage=Stage.CLOSED, since=step.at, closed_at=step.at)


def _reject(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in {Stage.RECEIVED, Stage.TAKEN}, "На обращение уже ответили, или оно завершено")
    _need(step.reason is not None, "Назовите причину из списка")
    return replace(complaint, stage=Stage.REJECTED, since=step.at, closed_at=step.at)


def _reopen(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in ENDED or complaint.stage is Stage.ANSWERED, "Обращение и так в работе")
    _need(bool(step.note), "Напишите, почему рассматривается заново")
    return replace(complaint, stage=Stage.TAKEN, since=step.at, owner=step.by, closed_at=None)


def _forget(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(step.by in {CITIZEN, MACHINE}, "Личные данные удаляет житель или срок")
    _need(not complaint.forgotten, "Личных данных уже нет")
    return replace(complaint, forgotten=True)


_RULES: Mapping[ComplaintAction, Callable[[Complaint, ComplaintStep], Complaint]] = {
    ComplaintAction.TAKE: _take,
    ComplaintAction.LINK: _link,
    ComplaintAction.ANSWER: _answer,
    ComplaintAction.CLOSE: _close,
    ComplaintAction.REJECT: _reject,
    ComplaintAction.REOPEN: _reopen,
    ComplaintAction.FORGET: _forget,
}
