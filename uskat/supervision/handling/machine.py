"""The life of an alert in people's hands: machine state × attention × verdict (IEC 62682 / ISA-18.2, DESIGN §7).

The machine says whether the cause is still there; attention says whether somebody has it in hand; the verdict says what
people found. Everything is a fold over the steps, so the history always replays to the present state.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from uskat.finding import SEVERITY_ORDER, Severity, number_ru
from uskat.supervision.handling.policy import Policy
from uskat.supervision.handling.step import MACHINE, Action, RejectionReason, Step
from uskat.supervision.reconcile import AlertState

ValueT = TypeVar("ValueT")


class Attention(StrEnum):
    """Who has it: nobody (it waits in the queue), somebody, put off, covered by another cause, nobody needs to."""

    WAITING = "waiting"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    CLOSED = "closed"


class Review(StrEnum):
    """What people found."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    RESOLVED = "resolved"


class IllegalStepError(ValueError):
    """A step that the present state does not allow, or that lacks what it must say: the text (Russian) says which."""


@dataclass(frozen=True, slots=True)
class Handling:
    """Where an alert stands. since: in this attention. until: when an acknowledgement lapses or a shelf ends.

    turns: moments at which the cause came back. restless: it comes and goes; coming back then does not return it to
    the queue. told: roles that escalations have told since it began to wait.
    """

    machine: AlertState
    attention: Attention
    review: Review
    severity: Severity
    policy: str
    since: datetime
    last_at: datetime
    owner: str | None = None
    until: datetime | None = None
    reference: str | None = None
    reason: RejectionReason | None = None
    turns: tuple[datetime, ...] = ()
    restless: bool = False
    told: tuple[str, ...] = ()


def begin(step: Step) -> Handling:
    """The state after the first step. Raises IllegalStepError."""
    _need(step.action is Action.RAISE, "История начинается с появления сигнала")
    severity = _given(step.severity, "У появления названа важность")
    policy = _given(step.policy, "У появления названы действующие правила")
    return Handling(AlertState.ACTIVE, Attention.WAITING, Review.OPEN, severity, policy, step.at, last_at=step.at)


def take(handling: Handling, step: Step, *, policy: Policy) -> Handling:
    """The state after one more step. Raises IllegalStepError; what is refused changes nothing."""
    _need(step.at >= handling.last_at, "Шаг не может быть раньше предыдущего")
    _need(step.action in _RULES, f"«{step.action}» начинает историю и бывает один раз")
    return replace(_RULES[step.action](handling, step, policy), last_at=step.at)


def replay(steps: Iterable[Step], policy: Policy) -> Handling:
    """The state that a whole history leads to. Raises IllegalStepError."""
    history = iter(steps)
    first = next(history, None)
    if first is None:
        raise IllegalStepError("У истории есть первый шаг")
    handling = begin(first)
    for step in history:
        handling = take(handling, step, policy=policy)
    return handling


def due_steps(handling: Handling, policy: Policy, *, now: datetime) -> list[Step]:
    """Steps whose term ran out by `now`: lapsed acknowledgement, ended shelf, escalations that are owed."""
    if handling.attention is Attention.ACKNOWLEDGED and handling.until is not None and now >= handling.until:
        return [Step(Action.LAPSE, now, MACHINE)]
    if handling.attention is Attention.SHELVED and handling.until is not None and now >= handling.until:
        return [Step(Action.UNSHELVE, now, MACHINE)]
    if handling.attention is not Attention.WAITING:
        return []
    clocks = policy.clocks[handling.severity]
    owed = int((now - handling.since) / clocks.acknowledge)
    return [Step(Action.ESCALATE, now, MACHINE, to=role) for role in clocks.escalate_to[len(handling.told) : owed]]


def due_at(handling: Handling, policy: Policy) -> datetime | None:
    """When `due_steps` will have something to say; None: never, as things stand."""
    if handling.attention in {Attention.ACKNOWLEDGED, Attention.SHELVED}:
        return handling.until
    clocks = policy.clocks[handling.severity]
    if handling.attention is Attention.WAITING and len(handling.told) < len(clocks.escalate_to):
        return handling.since + (len(handling.told) + 1) * clocks.acknowledge
    return None


def _hours(term: timedelta) -> str:
    return number_ru(term / timedelta(hours=1))


def _need(condition: object, what: str) -> None:
    if not condition:
        raise IllegalStepError(what)


def _given(value: ValueT | None, what: str) -> ValueT:
    if value is None:
        raise IllegalStepError(what)
    return value


def _waiting(handling: Handling, step: Step) -> Handling:
    return replace(
        handling, attention=Attention.WAITING, since=step.at, until=None, owner=None, reference=None, told=()
    )


def _closed(handling: Handling, step: Step) -> Handling:
    return replace(handling, attention=Attention.CLOSED, since=step.at, until=None, reference=None, told=())


def _return(handling: Handling, _step: Step, _policy: Policy) -> Handling:
    _need(handling.machine is AlertState.ACTIVE, "Вернуться к норме может только действующий сигнал")
    return replace(handling, machine=AlertState.RETURNED)


def _reopen(handling: Handling, step: Step, policy: Policy) -> Handling:
    _need(handling.machine is not AlertState.ACTIVE, "Сигнал и так действует")
    turns = (*[turn for turn in handling.turns if turn > step.at - policy.chatter_window], step.at)
    restless = len(turns) >= policy.chatter_count
    after = replace(handling, machine=AlertState.ACTIVE, turns=turns, restless=restless)
    # What was over and is there again is not over; what people rejected stays rejected, whatever the value does.
    if handling.review is Review.RESOLVED:
        after = replace(after, review=Review.CONFIRMED)
    revived = handling.attention is Attention.CLOSED and handling.review is not Review.REJECTED
    again = handling.attention is Attention.ACKNOWLEDGED and not restless
    return _waiting(after, step) if revived or again else after


def _regrade(handling: Handling, step: Step, policy: Policy) -> Handling:
    severity = _given(step.severity, "Названа должна быть новая важность")
    _need(handling.machine is not AlertState.WITHDRAWN, "У отозванного сигнала нет важности")
    graver = SEVERITY_ORDER.index(severity) > SEVERITY_ORDER.index(handling.severity)
    # Who is told next is a matter of the new severity's roles: those of another were told of something else.
    ladder, told = policy.clocks[severity].escalate_to, handling.told
    kept = next((n for n, (was, is_now) in enumerate(zip(told, ladder, strict=False)) if was != is_now), len(told))
    after = replace(handling, severity=severity, told=told[:kept])
    # Acknowledged or put off was something lesser.
    held = handling.attention in {Attention.ACKNOWLEDGED, Attention.SHELVED}
    return _waiting(after, step) if graver and held else after


def _withdraw(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(handling.machine is not AlertState.WITHDRAWN, "Сигнал уже отозван")
    _need(bool(step.note), "Отзыв виден всем: напишите, почему")
    return _closed(replace(handling, machine=AlertState.WITHDRAWN), step)


def _acknowledge(handling: Handling, step: Step, policy: Policy) -> Handling:
    _need(step.by != MACHINE, "Сигнал принимает человек")
    _need(handling.attention is not Attention.CLOSED, "Сигнал закрыт: принимать нечего")
    until = step.at + policy.clocks[handling.severity].acknowledgement_lasts
    return replace(
        handling, attention=Attention.ACKNOWLEDGED, since=step.at, until=until, owner=step.by, reference=None, told=()
    )


def _lapse(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(handling.attention is Attention.ACKNOWLEDGED, "Сигнал никто не принимал")
    _need(handling.until is not None and step.at >= handling.until, "Срок принятия ещё не вышел")
    return _waiting(handling, step)


def _shelve(handling: Handling, step: Step, policy: Policy) -> Handling:
    _need(step.by != MACHINE and bool(step.note), "Откладывает человек и пишет, почему")
    _need(handling.attention in {Attention.WAITING, Attention.ACKNOWLEDGED}, "Сигнал не в очереди: откладывать нечего")
    until = _given(step.until, "Назовите, до какого времени отложить")
    _need(
        step.at < until <= step.at + policy.shelve_longest,
        f"Отложить можно до момента в будущем, не дольше чем на {_hours(policy.shelve_longest)} ч",
    )
    return replace(
        handling, attention=Attention.SHELVED, since=step.at, until=until, owner=step.by, reference=None, told=()
    )


def _unshelve(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(handling.attention is Attention.SHELVED, "Сигнал не отложен")
    early = handling.until is not None and step.at < handling.until
    _need(not early or step.by != MACHINE, "Срок, до которого отложено, ещё не вышел")
    return _waiting(handling, step)


def _suppress(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(bool(step.reference), "Назовите обслуживание, дело или сигнал, которые его закрывают")
    _need(handling.attention not in {Attention.SUPPRESSED, Attention.CLOSED}, "Сигнал закрыт или уже подавлен")
    return replace(
        handling, attention=Attention.SUPPRESSED, since=step.at, until=None, reference=step.reference, told=()
    )


def _release(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(handling.attention is Attention.SUPPRESSED, "Сигнал не подавлен")
    return _waiting(handling, step)


def _escalate(handling: Handling, step: Step, policy: Policy) -> Handling:
    _need(handling.attention is Attention.WAITING, "Старшему сообщают только о том, что ждёт")
    clocks = policy.clocks[handling.severity]
    _need(step.to in clocks.escalate_to[len(handling.told) :][:1], "Роли оповещаются в порядке правил")
    _need(step.at >= handling.since + (len(handling.told) + 1) * clocks.acknowledge, "Срок ещё не вышел")
    return replace(handling, told=(*handling.told, _given(step.to, "Названа должна быть роль")))


def _confirm(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(step.by != MACHINE, "Подтверждает человек")
    _need(
        handling.review is Review.OPEN and handling.machine is not AlertState.WITHDRAWN,
        "Решение уже принято: сначала пересмотрите его",
    )
    return replace(handling, review=Review.CONFIRMED)


def _reject(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(step.by != MACHINE and step.reason is not None, "Отклоняет человек, с причиной из списка")
    _need(step.reason is not RejectionReason.DUPLICATE or bool(step.reference), "У дубля назовите другой сигнал")
    _need(handling.review in {Review.OPEN, Review.CONFIRMED}, "Решение уже принято: сначала пересмотрите его")
    return _closed(replace(handling, review=Review.REJECTED, reason=step.reason), step)


def _resolve(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(step.by != MACHINE, "Завершает человек")
    _need(handling.review is Review.CONFIRMED, "Завершить можно только подтверждённое")
    _need(handling.machine is not AlertState.ACTIVE, "Причина ещё действует: завершить нельзя")
    return _closed(replace(handling, review=Review.RESOLVED), step)


def _reconsider(handling: Handling, step: Step, _policy: Policy) -> Handling:
    _need(step.by != MACHINE and bool(step.note), "Пересматривает человек и пишет, почему")
    _need(handling.review in {Review.REJECTED, Review.RESOLVED}, "Решения ещё нет: пересматривать нечего")
    after = replace(handling, review=Review.OPEN, reason=None)
    return after if handling.machine is AlertState.WITHDRAWN else _waiting(after, step)


_RULES: Mapping[Action, Callable[[Handling, Step, Policy], Handling]] = {
    Action.RETURN: _return,
    Action.REOPEN: _reopen,
    Action.REGRADE: _regrade,
    Action.WITHDRAW: _withdraw,
    Action.ACKNOWLEDGE: _acknowledge,
    Action.LAPSE: _lapse,
    Action.SHELVE: _shelve,
    Action.UNSHELVE: _unshelve,
    Action.SUPPRESS: _suppress,
    Action.RELEASE: _release,
    Action.ESCALATE: _escalate,
    Action.CONFIRM: _confirm,
    Action.REJECT: _reject,
    Action.RESOLVE: _resolve,
    Action.RECONSIDER: _reconsider,
}
