"""The life of a declared blast: planned → published → postponed or cancelled → fired → reported; nothing is forgotten.

Every step appends one change with its moment, author, reason and the fields it changed; the whole passport or report
of that step is kept, so that any earlier state can be read again (`passport_as_of`). That a blast was fired is a fact:
it is recorded also when it was not published or was postponed, and marked `irregular`; a cancelled one cannot be fired
under its number, since nobody was told of it – that is an undeclared blast. Statuses: `blasting/norms.md` §6.4.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn, Self

from pydantic import model_validator

from uskat.blast.passport.model import Moment, Note, Passport, Window, Words
from uskat.blast.passport.refusal import TransitionError, step_refused
from uskat.blast.passport.report import Report
from uskat.blast.provenance import Frozen


class BlastStatus(StrEnum):
    """Where a declared blast stands."""

    PLANNED = "planned"
    PUBLISHED = "published"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    FIRED = "fired"
    REPORTED = "reported"


class PostponeReason(StrEnum):
    """Why a blast was put off."""

    NMU = "nmu"
    WIND = "wind"
    FOG = "fog"
    TECHNICAL = "technical"


class Action(StrEnum):
    """What a change was."""

    DECLARE = "declare"
    AMEND = "amend"
    PUBLISH = "publish"
    POSTPONE = "postpone"
    CANCEL = "cancel"
    FIRE = "fire"
    REPORT = "report"


class Irregularity(StrEnum):
    """What was not in order when it was fired."""

    UNPUBLISHED = "unpublished"
    WHILE_POSTPONED = "while_postponed"


NOTHING_RU = "Ничего не изменилось: такой документ уже принят."
FUTURE_RU = "Время взрыва в будущем: проверьте дату и часовой пояс (местное время – UTC+7)."
BEFORE_FIRING = frozenset({BlastStatus.PLANNED, BlastStatus.PUBLISHED, BlastStatus.POSTPONED})
ALLOWED: Mapping[Action, frozenset[BlastStatus]] = {
    Action.AMEND: BEFORE_FIRING,
    Action.PUBLISH: frozenset({BlastStatus.PLANNED, BlastStatus.POSTPONED}),
    Action.POSTPONE: frozenset({BlastStatus.PUBLISHED, BlastStatus.POSTPONED}),
    Action.CANCEL: BEFORE_FIRING,
    Action.FIRE: BEFORE_FIRING,
    Action.REPORT: BEFORE_FIRING | {BlastStatus.FIRED, BlastStatus.REPORTED},
}
"""From which statuses an action may be taken."""


class FieldChange(Frozen):
    """One field: dotted path, value before and after as JSON; None where there was or is none."""

    path: str
    before: Any = None
    after: Any = None


class Change(Frozen):
    """One step. passport, report: the whole document as it is after the step, when the step changed it."""

    at: Moment
    by: Words
    action: Action
    before: BlastStatus | None
    after: BlastStatus
    reason: PostponeReason | None = None
    note: Note | None = None
    fired_at: Moment | None = None
    irregular: Irregularity | None = None
    fields: tuple[FieldChange, ...] = ()
    passport: Passport | None = None
    report: Report | None = None


class Declaration(Frozen):
    """A declared blast with its history; state is what the history says (checked)."""

    passport: Passport
    status: BlastStatus
    fired_at: Moment | None = None
    report: Report | None = None
    history: tuple[Change, ...]

    @model_validator(mode="after")
    def _state_follows_from_the_history(self) -> Self:
        if not self.history or self.history[0].action is not Action.DECLARE:
            raise ValueError("a history begins with a declaration")
        for earlier, later in zip(self.history, self.history[1:], strict=False):
            if later.at < earlier.at or later.before is not earlier.after:
                raise ValueError("a history runs forward, each step from where the last one ended")
        passports = [change.passport for change in self.history if change.passport is not None]
        reports = [change.report for change in self.history if change.report is not None]
        if passports[-1:] != [self.passport] or (reports[-1] if reports else None) != self.report:
            raise ValueError("passport and report are those of the newest change")
        if self.status is not self.history[-1].after:
            raise ValueError("the status is that of the newest change")
        return self

    @property
    def published_at(self) -> datetime | None:
        """When the window that holds now was told to the public; None before."""
        told = None
        for change in self.history:
            if change.action is Action.PUBLISH:
                told = change.at
            elif change.passport is not None and any(item.path.startswith("window") for item in change.fields):
                told = change.at if change.action is Action.POSTPONE else None
        return told

    @property
    def reported_at(self) -> datetime | None:
        """When the first report came; None before."""
        return next((change.at for change in self.history if change.action is Action.REPORT), None)

    def passport_as_of(self, moment: datetime) -> Passport | None:
        """The passport as it was at a moment; None before the declaration."""
        known = [change.passport for change in self.history if change.at <= moment and change.passport is not None]
        return known[-1] if known else None


def declare(passport: Passport, *, at: datetime, by: str) -> Declaration:
    """A new declaration, status planned. at: when it was filed, UTC; by: who filed it."""
    first = Change(at=at, by=by, action=Action.DECLARE, before=None, after=BlastStatus.PLANNED, passport=passport)
    return Declaration(passport=passport, status=BlastStatus.PLANNED, history=(first,))


def amend(blast: Declaration, passport: Passport, *, at: datetime, by: str, note: str | None = None) -> Declaration:
    """A corrected passport before firing; the status stays. Raises TransitionError for another blast or no change."""
    _refuse_another(blast, passport)
    fields = changed_fields(blast.passport.to_json(), passport.to_json())
    if not fields:
        raise TransitionError("nothing is changed", NOTHING_RU)
    return _step(blast, Action.AMEND, blast.status, at=at, by=by, note=note, fields=fields, passport=passport)


def publish(blast: Declaration, *, at: datetime, by: str, window: Window | None = None) -> Declaration:
    """Time and danger zone are public now; window: a new one, after a postponement."""
    return _step(blast, Action.PUBLISH, BlastStatus.PUBLISHED, at=at, by=by, **_moved(blast, window))


def postpone(
    blast: Declaration,
    *,
    at: datetime,
    by: str,
    reason: PostponeReason,
    window: Window | None = None,
    note: str | None = None,
) -> Declaration:
    """Put off, with the reason people are told; window: the new one where it is known already."""
    moved = _moved(blast, window)
    return _step(blast, Action.POSTPONE, BlastStatus.POSTPONED, at=at, by=by, reason=reason, note=note, **moved)


def cancel(blast: Declaration, *, at: datetime, by: str, note: str | None = None) -> Declaration:
    """It will not be; final."""
    return _step(blast, Action.CANCEL, BlastStatus.CANCELLED, at=at, by=by, note=note)


def fire(blast: Declaration, *, at: datetime, by: str, fired_at: datetime) -> Declaration:
    """It was fired at `fired_at` (UTC, not after `at`); irregular when it was not published or is postponed."""
    if fired_at > at:
        raise TransitionError("a blast cannot be recorded before it is fired", FUTURE_RU)
    irregular = {
        BlastStatus.PLANNED: Irregularity.UNPUBLISHED,
        BlastStatus.POSTPONED: Irregularity.WHILE_POSTPONED,
    }.get(blast.status)
    return _step(blast, Action.FIRE, BlastStatus.FIRED, at=at, by=by, fired_at=fired_at, irregular=irregular)


def file_report(blast: Declaration, report: Report, *, at: datetime, by: str) -> Declaration:
    """The report, or a corrected one; it also records the firing when nobody did before."""
    _refuse_another(blast, report)
    if blast.status in BEFORE_FIRING:
        blast = fire(blast, at=at, by=by, fired_at=report.fired_at)
    elif report.fired_at > at:
        raise TransitionError("a blast cannot be reported before it is fired", FUTURE_RU)
    before = blast.report.to_json() if blast.report else {}
    fields = changed_fields(before, report.to_json()) if before else ()
    if blast.report is not None and not fields:
        raise TransitionError("nothing is changed", NOTHING_RU)
    return _step(
        blast, Action.REPORT, BlastStatus.REPORTED, at=at, by=by, fired_at=report.fired_at, fields=fields, report=report
    )


def changed_fields(before: Any, after: Any, *, path: str = "") -> tuple[FieldChange, ...]:
    """Leaves that differ between two JSON values, by dotted path.

    Charges of holes are compared by number and deck, other lists place by place, so that a hole put in at the
    beginning is one change and not a thousand.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        pairs = [(str(key), before.get(key), after.get(key)) for key in keys]
    elif isinstance(before, list) and isinstance(after, list):
        old_items, new_items = _by_name(before, after)
        names = [*old_items, *(name for name in new_items if name not in old_items)]
        pairs = [(name, old_items.get(name), new_items.get(name)) for name in names]
    else:
        return () if before == after else (FieldChange(path=path, before=before, after=after),)
    return tuple(
        change
        for key, old, new in pairs
        if old != new
        for change in changed_fields(old, new, path=f"{path}.{key}" if path else key)
    )


def _by_name(before: list[Any], after: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both lists as {name: item}: number and deck where every item has them and they are unique, else the place."""
    named = [[_charge_name(item) for item in items] for items in (before, after)]
    if all(None not in names and len(set(names)) == len(names) for names in named):
        return _named(named[0], before), _named(named[1], after)
    return _named(range(len(before)), before), _named(range(len(after)), after)


def _named(names: Iterable[Any], items: Iterable[Any]) -> dict[str, Any]:
    return {str(name): item for name, item in zip(names, items, strict=True)}


def _charge_name(item: Any) -> str | None:
    return f"{item['number']}/{item['deck']}" if isinstance(item, dict) and {"number", "deck"} <= set(item) else None


def _moved(blast: Declaration, window: Window | None) -> dict[str, Any]:
    if window is None or window == blast.passport.window:
        return {}
    passport = blast.passport.model_copy(update={"window": window})
    return {"passport": passport, "fields": changed_fields(blast.passport.to_json(), passport.to_json())}


def _step(blast: Declaration, action: Action, after: BlastStatus, *, at: datetime, by: str, **more: Any) -> Declaration:
    last = blast.history[-1]
    if blast.status not in ALLOWED[action]:
        _refuse(blast, action)
    if at < last.at:
        raise TransitionError(
            f"the newest change is of {last.at.isoformat()}, later than {at.isoformat()}",
            "Последняя запись о взрыве позже этого времени: проверьте часы.",
        )
    change = Change(at=at, by=by, action=action, before=blast.status, after=after, **more)
    return Declaration(
        passport=change.passport or blast.passport,
        status=after,
        fired_at=change.fired_at or blast.fired_at,
        report=change.report or blast.report,
        history=(*blast.history, change),
    )


def _refuse(blast: Declaration, action: Action) -> NoReturn:
    raise step_refused(action.value, blast.status.value)


def _refuse_another(blast: Declaration, document: Passport | Report) -> None:
    same = (blast.passport.blast_id, blast.passport.enterprise)
    if (document.blast_id, document.enterprise) != same:
        told = f"{document.enterprise}/{document.blast_id}"
        raise TransitionError(
            f"this is {told}, not {same[1]}/{same[0]}", f"Документ о взрыве {told}, а не {same[1]}/{same[0]}."
        )
