"""Terms of cases: the packaged versions, and those that an agency entered. None is ever changed.

A later version takes over for later cases; a case keeps the one that it was opened under.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.policy_store import LOCAL, PROJECT, PolicyKnown
from uskat.supervision.case import paper as p
from uskat.supervision.case.machine import replay
from uskat.supervision.case.policy import (
    CasePolicy,
    CasePolicyError,
    case_policy_on,
    packaged_case_policies,
    parse_case_policy,
)
from uskat.supervision.case.state import Case
from uskat.supervision.case.step import CaseStep

_ALL = text("SELECT document::text, entered_by, entered_at FROM case_policy ORDER BY entered_at, id")
_ONE = text("SELECT document::text FROM case_policy WHERE id = :id")
_ENTER = text(
    """INSERT INTO case_policy (id, valid_from, document, entered_by, entered_at)
    VALUES (:id, :valid_from, CAST(:document AS jsonb), :by, :now) ON CONFLICT (id) DO NOTHING RETURNING id"""
)


class CasePolicyRow(Struct):
    """A version of the terms. entered_by: `project` for a packaged one. in_force: new cases are opened under it."""

    id: str
    valid_from: date
    verified: bool
    source: str
    entered_by: str
    entered_at: datetime | None
    in_force: bool
    terms: dict[str, dict[str, Any]]


async def case_policy_at(connection: AsyncConnection, moment: datetime) -> CasePolicy:
    """The terms of a case that is opened at a moment: an agency's own go before the project's."""
    own = [parse_case_policy(msgspec.json.decode(row[0])) for row in await connection.execute(_ALL)]
    return case_policy_on(moment.astimezone(LOCAL).date(), own)


async def replayed(connection: AsyncConnection, steps: Sequence[CaseStep]) -> Case:
    """Where a history leads, by the terms that its first step names. Raises CasePolicyError, IllegalCaseStepError."""
    opening = steps[0].paper if steps else None
    if not isinstance(opening, p.Open) or opening.policy in {one.id for one in packaged_case_policies()}:
        return replay(steps)
    document = await connection.scalar(_ONE, {"id": opening.policy})
    if document is None:
        raise CasePolicyError(f"there is no case policy {opening.policy!r}")
    return replay(steps, parse_case_policy(msgspec.json.decode(document)))


async def list_case_policies(connection: AsyncConnection, *, now: datetime) -> list[CasePolicyRow]:
    """The project's versions and the agency's, in the order in which they were entered."""
    current = (await case_policy_at(connection, now)).id
    found = [_told(one, PROJECT, None, one.id == current) for one in packaged_case_policies()]
    for document, by, at in await connection.execute(_ALL):
        policy = parse_case_policy(msgspec.json.decode(document))
        found.append(_told(policy, by, at, policy.id == current))
    return found


async def enter_case_policy(
    connection: AsyncConnection, document: dict[str, Any], *, by: str, now: datetime
) -> CasePolicyRow:
    """Keep a version for the cases of its first day and later ones. Raises CasePolicyError, PolicyKnown."""
    policy = parse_case_policy(document)
    if policy.id in {one.id for one in packaged_case_policies()}:
        raise PolicyKnown(f"{policy.id} is a policy of the project")
    bound = {
        "id": policy.id, "valid_from": policy.valid_from, "document": msgspec.json.encode(document).decode(),
        "by": by, "now": now,
    }  # fmt: skip
    if await connection.scalar(_ENTER, bound) is None:
        raise PolicyKnown(f"{policy.id} is entered already")
    return _told(policy, by, now, (await case_policy_at(connection, now)).id == policy.id)


def _told(policy: CasePolicy, by: str, at: datetime | None, in_force: bool) -> CasePolicyRow:  # noqa: FBT001
    terms: dict[str, dict[str, Any]] = {}
    for severity, one in policy.by_severity.items():
        terms[severity.value] = {f"{clock.value}_min": term.total_seconds() / 60 for clock, term in one.terms.items()}
        terms[severity.value]["escalate_to"] = list(one.escalate_to)
        terms[severity.value]["escalate_every_min"] = None if one.rung is None else one.rung.total_seconds() / 60
    return CasePolicyRow(policy.id, policy.valid_from, policy.verified, policy.source, by, at, in_force, terms)
