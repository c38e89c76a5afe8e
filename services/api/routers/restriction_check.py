"""What the instruments showed while a decision bound: breaches, and every blast of the period with its conflicts."""

from datetime import datetime
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.query import Identifier
from services.api.reply import json_reply
from services.api.restriction_answer import state_word
from services.api.schema import answers
from services.api.state_word import LOCAL
from services.storage.blast_circumstances import declared_circumstances
from services.storage.fired_blasts import FiredRow, fired_blasts
from services.storage.restriction_facts import (
    PlannedBlast,
    blasts_between,
    discharges_between,
    planned_between,
    restricted_pits,
)
from services.storage.restriction_store import StoredDecision, read_restriction
from uskat.blast.restriction.conflict import judge_firing
from uskat.blast.restriction.rules import restriction_rules
from uskat.finding import Finding
from uskat.supervision.restriction.breach import breach_findings
from uskat.supervision.restriction.decision import DecisionAction, Restricted
from uskat.supervision.restriction.rules import decision_rules

MOST_BLASTS = 200
SECURED: dict[str, Any] = {"security": [{"token": []}]}
router = APIRouter(prefix=API, tags=["decisions that restrict"])

EXAMPLE = {
    "restriction": 3, "state": "in_force", "checked_at": "2026-06-02T15:00:00Z",
    "breaches": [{
        "reference": "kedrovaya-pad-demo/kp-1", "at": "2026-06-02T14:00:00Z", "severity": "violation",
        "title": "Взрыв kedrovaya-pad-demo/kp-1 во время запрета № 14/НМУ",
        "title_en": "Blast kedrovaya-pad-demo/kp-1 during restriction 14/НМУ",
        "reasons": ["Разрез «Кедровая Падь», записан приборами."],
    }],
    "blasts": [{"enterprise": "kedrovaya-pad-demo", "blast_id": "kp-1", "fired_at": "2026-06-02T14:00:00Z",
                "conflicts": ["nmu"], "unchecked": []}],
    "planned": [{"reference": "kedrovaya-pad-demo/kp-2", "enterprise": "kedrovaya-pad-demo", "pit": "kedrovaya-pad",
                 "planned_from": "2026-06-03T06:00:00Z", "planned_to": "2026-06-03T08:00:00Z", "status": "published"}],
}  # fmt: skip


class ToldBreach(msgspec.Struct):
    """Something against the decision, as the alert of kind `restriction_breach` tells it."""

    reference: str
    at: datetime
    severity: str
    title: str
    title_en: str
    reasons: list[str]


class CheckedBlast(msgspec.Struct):
    """A blast of the period with everything else it conflicts with, by the record of restrictions."""

    enterprise: str
    blast_id: str
    fired_at: datetime
    conflicts: list[str]
    unchecked: list[str]


class RestrictionCheck(msgspec.Struct):
    """The check of one decision, computed from what is stored now. planned: windows that fall into its period."""

    restriction: int
    state: str
    checked_at: datetime
    breaches: list[ToldBreach]
    blasts: list[CheckedBlast]
    planned: list[PlannedBlast]


@router.get(
    "/restrictions/{restriction_id}/check",
    summary="What the instruments showed while a decision bound",
    responses=answers(RestrictionCheck, "Breaches and blasts", example=EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def get_check(context: Shared, asking: Asking, restriction_id: Identifier) -> Response:
    """The agency sees all, an enterprise its own. The same findings are alerts: nobody has to ask for them."""
    found = await context.database.ask(read_restriction, restriction_id)
    now, rules = context.now(), decision_rules()
    periods = [version.decision for version in found.versions]
    span = {"since": min(one.starts_at for one in periods), "until": max(one.ends_at for one in periods)}
    pits = await context.database.ask(restricted_pits)
    blasts = await context.database.ask(blasts_between, **span)
    discharges = await context.database.ask(discharges_between, **span)
    own = asking.enterprise
    if own is not None:
        blasts = [one for one in blasts if one.enterprise == own]
        discharges = [one for one in discharges if one.enterprise == own]
    findings = breach_findings(found.id, found.versions, blasts=blasts, discharges=discharges, pits=pits, rules=rules)
    checked: list[CheckedBlast] = []
    planned: list[PlannedBlast] = []
    if found.last.decision.restricts is Restricted.BLASTING:
        rows = await context.database.ask(fired_blasts, enterprise=own, limit=MOST_BLASTS, **span)
        places = {pit.code: pit.territory for pit in pits}
        checked = [await _checked(context, row, now=now) for row in rows if _restricts(found, row, pits=places)]
        if found.last.action is not DecisionAction.WITHDRAW:
            waiting = await context.database.ask(
                planned_between, since=found.last.decision.starts_at, until=found.last.decision.ends_at
            )
            planned = [
                one for one in waiting if own in {None, one.enterprise} and _restricts(found, one, pits=places)
            ]  # fmt: skip
    answer = RestrictionCheck(found.id, state_word(found, now), now, [_told(one) for one in findings], checked, planned)
    return json_reply(answer, headers={"Cache-Control": "no-store"})


def _restricts(found: StoredDecision, one: FiredRow | PlannedBlast, *, pits: dict[str, str | None]) -> bool:
    decision = found.last.decision
    there = one.pit in decision.pits if decision.pits else pits.get(one.pit) == decision.territory
    return there and decision.addresses(one.enterprise)


async def _checked(context: Shared, row: FiredRow, *, now: datetime) -> CheckedBlast:
    rules = restriction_rules()
    blast, circumstances = await context.database.ask(
        declared_circumstances, row.enterprise, row.blast_id, now=now, zone=LOCAL, rules=rules
    )
    judged = judge_firing(blast, circumstances, rules=rules)
    codes = sorted({conflict.code for conflict in judged.conflicts})
    return CheckedBlast(row.enterprise, row.blast_id, row.fired_at, codes, list(judged.unchecked))


def _told(one: Finding) -> ToldBreach:
    return ToldBreach(
        str(one.detail["reference"]), one.started_at, one.severity.value, one.title, one.title_en, list(one.reasons)
    )
