"""A case with its history, for its agency and for the enterprise that it asks; nothing is taken in here."""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.audit_log import record
from services.storage.case_ground import Desk
from services.storage.case_policy_store import replayed
from uskat.supervision.case.state import Case
from uskat.supervision.case.step import CaseStep, case_step_of

SEEN = "f.agency = :agency AND (f.territory IS NULL OR f.territory = ANY(CAST(:territories AS text[])))"
"""What a desk may see of case_file f; every question about cases of an agency holds it."""
_FIND = text(f"SELECT f.id FROM case_file f WHERE f.id = :case AND {SEEN}")
_STEPS = text("SELECT body::text FROM case_step WHERE case_id = :case ORDER BY seq")
_ASKED = text(
    """SELECT DISTINCT s.case_id FROM case_step s WHERE s.action = 'demand'
    AND s.body->'paper'->>'enterprise' = :enterprise AND s.case_id < :before ORDER BY 1 DESC LIMIT :limit"""
)


class NoSuchCase(Exception):
    """There is no case of this number that the asker may see."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with its history; version: how many steps it has."""

    id: int
    case: Case
    steps: tuple[CaseStep, ...]

    @property
    def version(self) -> int:
        """Number of the last step."""
        return len(self.steps)


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who did something to a case, as the audit log has it: name, and code of the organisation."""

    name: str
    organisation: str | None


def desk_bound(desk: Desk) -> dict[str, Any]:
    """Values of the names in SEEN."""
    return {"agency": desk.agency, "territories": sorted(desk.territories)}


async def case_steps(connection: AsyncConnection, case_id: int) -> list[CaseStep]:
    """The history of a case, the oldest step first; whoever asks has made sure that the asker may see it."""
    rows = await connection.execute(_STEPS, {"case": case_id})
    return [case_step_of(msgspec.json.decode(body)) for (body,) in rows]


async def read_case(connection: AsyncConnection, desk: Desk, case_id: int, *, by: str) -> CaseFile:
    """A case of an agency; that it was read is on record, for it may hold what is confidential. Raises NoSuchCase."""
    if await connection.scalar(_FIND, desk_bound(desk) | {"case": case_id}) is None:
        raise NoSuchCase(f"Дела № {case_id} нет, или оно не вашего ведомства")
    steps = await case_steps(connection, case_id)
    await record(connection, who=Clerk(by, desk.agency), action="case.read", kind="case", object_id=case_id)
    return CaseFile(case_id, await replayed(connection, steps), tuple(steps))


async def asked_case(connection: AsyncConnection, case_id: int, *, enterprise: str) -> CaseFile:
    """A case that asked an enterprise to explain. Raises NoSuchCase for any other."""
    steps = await case_steps(connection, case_id)
    case = await replayed(connection, steps) if steps else None
    if case is None or all(one.paper.enterprise != enterprise for one in case.demands):
        raise NoSuchCase(f"Нет дела № {case_id}, в котором вас о чём-то спрашивают")
    return CaseFile(case_id, case, tuple(steps))


async def asked_cases(connection: AsyncConnection, *, enterprise: str, before: int, limit: int) -> list[CaseFile]:
    """Cases that ever asked an enterprise to explain, newest first, with number below `before`."""
    bound = {"enterprise": enterprise, "before": before, "limit": limit}
    numbers = list((await connection.execute(_ASKED, bound)).scalars())
    return [await asked_case(connection, number, enterprise=enterprise) for number in numbers]
