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
    """A step that the stage does not allow, or that lacks what it must say; the message says which."""


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
    _need(step.action is ComplaintAction.RECEIVE, "a history begins with `receive`")
    _need(step.by == CITIZEN, "a citizen complains")
    return Complaint(Stage.RECEIVED, step.at, step.at)


def take_complaint_step(complaint: Complaint, step: ComplaintStep) -> Complaint:
    """The state after one more step. Raises IllegalComplaintStepError; what is refused changes nothing."""
    _need(step.at >= complaint.last_at, "a step is not earlier than the one before")
    _need(step.action in _RULES, "`receive` begins a history and comes once")
    _need(step.action not in PEOPLE_ONLY or step.by not in {CITIZEN, MACHINE}, "a person of the agency does this")
    return replace(_RULES[step.action](complaint, step), last_at=step.at)


def replay_complaint(steps: Iterable[ComplaintStep]) -> Complaint:
    """The state that a whole history leads to. Raises IllegalComplaintStepError."""
    history = iter(steps)
    first = next(history, None)
    if first is None:
        raise IllegalComplaintStepError("a history has a first step")
    complaint = begin_complaint(first)
    for step in history:
        complaint = take_complaint_step(complaint, step)
    return complaint


def _need(holds: bool, what: str) -> None:  # noqa: FBT001 - a condition, not a switch
    if not holds:
        raise IllegalComplaintStepError(what)


def _take(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in {Stage.RECEIVED, Stage.TAKEN}, "it is answered or over")
    since = step.at if complaint.stage is Stage.RECEIVED else complaint.since
    return replace(complaint, stage=Stage.TAKEN, since=since, owner=step.by)


def _link(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in {Stage.TAKEN, Stage.ANSWERED}, "whoever took it links it")
    reference = step.reference or ""
    _need(REFERENCE.fullmatch(reference) is not None, "a link names `alert:`, `case:`, `blast:` or `complaint:`")
    _need(reference not in complaint.links, "it is linked already")
    return replace(complaint, links=(*complaint.links, reference))


def _answer(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in {Stage.TAKEN, Stage.ANSWERED}, "whoever took it answers")
    _need(bool(step.note), "an answer has words")
    return replace(complaint, stage=Stage.ANSWERED, since=step.at)


def _close(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage is Stage.ANSWERED, "only what was answered is closed")
    return replace(complaint, stage=Stage.CLOSED, since=step.at, closed_at=step.at)


def _reject(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in {Stage.RECEIVED, Stage.TAKEN}, "it is answered or over")
    _need(step.reason is not None, "a rejection names a reason of the list")
    return replace(complaint, stage=Stage.REJECTED, since=step.at, closed_at=step.at)


def _reopen(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(complaint.stage in ENDED or complaint.stage is Stage.ANSWERED, "it is open")
    _need(bool(step.note), "reopening says why")
    return replace(complaint, stage=Stage.TAKEN, since=step.at, owner=step.by, closed_at=None)


def _forget(complaint: Complaint, step: ComplaintStep) -> Complaint:
    _need(step.by in {CITIZEN, MACHINE}, "the citizen or the term forgets")
    _need(not complaint.forgotten, "nothing personal is left")
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
