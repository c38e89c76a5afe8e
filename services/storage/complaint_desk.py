"""Complaints on an inspector's desk: every look at what is personal, and every step, leaves a row in the audit log."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.audit_log import Doer, record
from services.storage.complaint_store import ComplaintFile, complaint_photograph, read_complaint, step_complaint
from uskat.supervision.complaint.policy import ComplaintPolicy
from uskat.supervision.complaint.step import ComplaintStep

KIND = "complaint"


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
    """A step of an inspector. Raises NoSuchComplaint, ComplaintChanged, IllegalComplaintStepError."""
    found = await step_complaint(
        connection, complaint_id, territories=territories, version=version, step=step, policy=policy, now=now
    )
    await record(
        connection, who=who, action=f"complaint.{found.steps[-1].action}", kind=KIND, object_id=complaint_id,
        detail={"version": found.row.version},
    )  # fmt: skip
    return found
