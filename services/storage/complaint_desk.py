"""Complaints on an inspector's desk: every look at what is personal, and every step, leaves a row in the audit log."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.audit_log import Doer, record
from services.storage.complaint_store import ComplaintFile, complaint_photograph, read_complaint, step_complaint
from uskat.supervision.complaint.machine import IllegalComplaintStepError
from uskat.supervision.complaint.policy import ComplaintPolicy
from uskat.supervision.complaint.step import ComplaintAction, ComplaintStep

KIND = "complaint"
_THERE = {
    "alert": text("SELECT 1 FROM alert WHERE id = CAST(:of AS bigint)"),
    "case": text("SELECT 1 FROM case_file WHERE id = CAST(:of AS bigint)"),
    "complaint": text("SELECT 1 FROM complaint WHERE id = CAST(:of AS bigint)"),
    "blast": text(
        "SELECT 1 FROM blast b JOIN organisation o ON o.id = b.organisation_id WHERE o.code || '/' || b.code = :of"
    ),
}


async def open_complaint(
    connection: AsyncConnection, complaint_id: int, *, who: Doer, territories: Iterable[str]
) -> ComplaintFile:
    """A complaint with what is personal. Raises NoSuchComplaint."""
    found = await read_complaint(connection, complaint_id, territories=territories)
    await record(
        connection, who=who, action="complaint.read", kind=KIND, object_id=complaint_id,
        detail={"personal": found.personal is not None},
    )  # fmt: skip
    return found


async def open_photograph(
    connection: AsyncConnection, complaint_id: int, *, who: Doer, territories: Iterable[str]
) -> tuple[bytes, str]:
    """A complaint's photograph and its media type. Raises NoSuchComplaint."""
    found = await complaint_photograph(connection, complaint_id, territories=territories)
    await record(connection, who=who, action="complaint.read_photograph", kind=KIND, object_id=complaint_id)
    return found


async def take_step(
    connection: AsyncConnection, complaint_id: int, *, who: Doer, territories: Iterable[str], version: int,
    step: Callable[[datetime], ComplaintStep], policy: ComplaintPolicy, now: datetime,
) -> ComplaintFile:  # fmt: skip
    """A step of an inspector. Raises NoSuchComplaint, ComplaintChanged, IllegalComplaintStepError.

    What it links to must be there for the inspector: a slip of the pen would be counted and shown for ever.
    """
    found = await step_complaint(
        connection, complaint_id, territories=territories, version=version, step=step, policy=policy, now=now
    )
    if found.steps[-1].action is ComplaintAction.LINK:
        await _ensure_there(connection, found.steps[-1].reference or "")
    await record(
        connection, who=who, action=f"complaint.{found.steps[-1].action}", kind=KIND, object_id=complaint_id,
        detail={"version": found.row.version},
    )  # fmt: skip
    return found


async def _ensure_there(connection: AsyncConnection, reference: str) -> None:
    kind, _, of = reference.partition(":")
    if await connection.scalar(_THERE[kind], {"of": of if kind == "blast" else int(of)}) is None:
        raise IllegalComplaintStepError(f"Здесь нет такого: {reference}. Проверьте номер")
