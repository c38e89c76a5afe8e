"""Which verdicts a case can bear, and what each means for the alerts it was opened from.

A violation of water is proved by a laboratory's sample taken while the plume was at the place (evidence grade E4,
shared norms sheet water/norms.md §4.4, a proposal of the project), or by something else that the verdict names.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from uskat.supervision.case.paper import CaseSubject, CaseVerdict, Decide
from uskat.supervision.case.refusal import need
from uskat.supervision.case.state import OPEN_STAGES, Case, Stage
from uskat.supervision.handling.machine import Handling, Review
from uskat.supervision.handling.step import Action, RejectionReason
from uskat.supervision.reconcile import AlertState

REASONS: Mapping[CaseVerdict, tuple[RejectionReason, ...]] = {
    CaseVerdict.CONFIRMED: (),
    CaseVerdict.NOT_CONFIRMED: (
        RejectionReason.RULE, RejectionReason.MAINTENANCE, RejectionReason.WEATHER, RejectionReason.INSTRUMENT,
        RejectionReason.CALIBRATION,
    ),
    CaseVerdict.INSTRUMENT_FAULT: (
        RejectionReason.INSTRUMENT, RejectionReason.CALIBRATION, RejectionReason.MAINTENANCE,
    ),
    CaseVerdict.NATURAL: (RejectionReason.WEATHER,),
}  # fmt: skip
"""Why the alerts were none, by verdict; where there is a choice but for «не подтвердилось», the first is meant."""


@dataclass(frozen=True, slots=True)
class AlertMove:
    """A step that a verdict takes on an alert."""

    action: Action
    reason: RejectionReason | None = None


def decided(case: Case, paper: Decide) -> Decide:
    """The verdict with its reason filled in. Raises IllegalCaseStepError for one that the case cannot bear."""
    need(case.stage in OPEN_STAGES, "Решение уже принято: сначала возобновите дело")
    if paper.verdict is CaseVerdict.CONFIRMED:
        need(case.stage is Stage.INSPECTED, "Нарушение подтверждают после осмотра или проверки записей")
        need(paper.basis.strip(), "Назовите правовое основание")
        need(paper.reason is None, "У подтверждённого нарушения нет причины отклонения")
        proved = case.subject is not CaseSubject.WATER or any(sample.proves for sample in case.samples)
        need(
            proved or paper.other_proof.strip(),
            "Нет пробы с результатами, взятой во время прохождения загрязнения: назовите, чем ещё доказано нарушение",
        )
        return paper
    choice = REASONS[paper.verdict]
    if paper.verdict is CaseVerdict.NOT_CONFIRMED:
        need(paper.reason is not None, "Назовите, почему не подтвердилось")
    reason = paper.reason or choice[0]
    need(reason in choice, "Такая причина не подходит к этому решению")
    return replace(paper, reason=reason)


def alert_moves(decision: Decide, handling: Handling) -> tuple[AlertMove, ...]:
    """What a verdict does to an alert as people have it now; nothing where it says the same, or data withdrew it."""
    if decision.verdict is CaseVerdict.CONFIRMED:
        if handling.machine is AlertState.WITHDRAWN or handling.review in {Review.CONFIRMED, Review.RESOLVED}:
            return ()
        if handling.review is Review.REJECTED:
            # Reconsidered it would wait in the queue of alerts, where the case has it in hand.
            return AlertMove(Action.RECONSIDER), AlertMove(Action.CONFIRM), AlertMove(Action.SUPPRESS)
        return (AlertMove(Action.CONFIRM),)
    if handling.review is Review.REJECTED and handling.reason is decision.reason:
        return ()
    again = (AlertMove(Action.RECONSIDER),) if handling.review in {Review.REJECTED, Review.RESOLVED} else ()
    return (*again, AlertMove(Action.REJECT, decision.reason))


def closing_moves(decision: Decide, handling: Handling) -> tuple[AlertMove, ...]:
    """What the closing of a case does to an alert: confirmed and over is resolved; what still lasts is left open."""
    over = handling.machine is not AlertState.ACTIVE and handling.review is Review.CONFIRMED
    return (AlertMove(Action.RESOLVE),) if over and decision.verdict is CaseVerdict.CONFIRMED else ()
