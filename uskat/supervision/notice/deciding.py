"""Whom a happening is told: the rule that speaks of it, for whom it is new, or whoever was told before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from uskat.finding import SEVERITY_ORDER, FindingKind, Severity
from uskat.supervision.notice.norms import Aftermath, Pace, ReactionNorms, Told

ESCALATION = "escalation"


class Happening(StrEnum):
    """What happened to an alert. released: a suppression ended while its cause lasts."""

    OPENED = "opened"
    UPDATED = "updated"
    REOPENED = "reopened"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    ESCALATED = "escalated"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Past:
    """Whom an alert was told before, and as what."""

    recipient: str
    channel: str
    occasion: str
    severity: Severity
    urgent: bool


@dataclass(frozen=True, slots=True)
class Story:
    """What is to be told. at: UTC, when it happened to the alert. restless: it comes and goes. to: of an escalation.

    covered: suppressed by a parent alert or a visit, which speaks for it. gathers: it is such a parent, and may grow.
    """

    happening: Happening
    kind: FindingKind
    severity: Severity
    at: datetime
    restless: bool = False
    to: str | None = None
    covered: bool = False
    gathers: bool = False


@dataclass(frozen=True, slots=True)
class Anew:
    """Told by a rule: its occasion and its audiences. others_only: save whoever was told before."""

    occasion: str
    tell: tuple[Told, ...]
    others_only: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Told to whoever was told before."""

    occasion: str
    aftermath: Aftermath


def decide(story: Story, past: Sequence[Past], *, norms: ReactionNorms) -> Anew | Again | None:
    """Whom to tell; None: nobody.

    An alert that begins is told by its rule; one that grows is told again only when it is graver than whatever was
    told. An alert that comes and goes is told once and at its end. Ends and withdrawals follow those who were told.
    What is covered is not told, save that it is withdrawn; it is told when it is released, as if it had just begun.
    A parent that grows by a place is told to those whom the place concerns and nobody has told yet.
    """
    if story.happening is Happening.ESCALATED:
        told = norms.escalation.model_copy(update={"audience": story.to or norms.escalation.audience})
        return Anew(ESCALATION, (told,))
    if story.covered and story.happening is not Happening.WITHDRAWN:
        return None
    if story.happening in {Happening.RETURNED, Happening.WITHDRAWN}:
        if not past or (story.restless and story.happening is Happening.RETURNED):
            return None
        withdrawn = story.happening is Happening.WITHDRAWN
        return Again("withdrawn", norms.withdrawn) if withdrawn else Again("over", norms.over)
    rule = norms.rule_for(story.kind, story.severity)
    if rule is None:
        return None
    graver = all(_weight(one.severity) < _weight(story.severity) for one in past)
    restless = story.happening is Happening.REOPENED and story.restless
    again = restless or story.happening in {Happening.UPDATED, Happening.RELEASED}
    if graver or not again:
        return Anew(rule.occasion, rule.tell)
    return Anew(rule.occasion, rule.tell, others_only=True) if story.gathers and past else None


def pace_after(past: Past) -> Pace:
    """Who was told at once hears of the end at once; the others not at night."""
    return Pace.AT_ONCE if past.urgent else Pace.DAYTIME


def _weight(severity: Severity) -> int:
    return SEVERITY_ORDER.index(severity)
