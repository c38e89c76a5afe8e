"""Cases as they are read: the queue of an agency, photographs, how right detectors are."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.case_ground import Desk
from services.storage.case_history import SEEN, desk_bound
from services.storage.fume_store import Picture
from services.storage.reading import row_values
from uskat.supervision.case.precision import Precision, Reviewed, precisions
from uskat.supervision.handling.machine import Review
from uskat.supervision.handling.step import RejectionReason
from uskat.supervision.reconcile import AlertState

_LIST = text(
    f"""SELECT f.id, f.title, f.subject, f.stage, f.verdict, f.severity, f.territory, f.station, f.enterprise,
        f.assignee, f.opened_at, f.since, f.clock, f.deadline, f.baseless, f.seq,
        ARRAY(SELECT c.alert_id FROM case_alert c WHERE c.case_id = f.id ORDER BY 1),
        ARRAY(SELECT c.complaint_id FROM case_complaint c WHERE c.case_id = f.id ORDER BY 1)
    FROM case_file f WHERE {SEEN} AND f.id < :before
    AND (CAST(:stages AS text[]) IS NULL OR f.stage = ANY(CAST(:stages AS text[])))
    AND (CAST(:territory AS text) IS NULL OR f.territory = :territory)
    AND (CAST(:assignee AS text) IS NULL OR f.assignee = :assignee)
    AND (CAST(:alert AS bigint) IS NULL
         OR EXISTS (SELECT 1 FROM case_alert c WHERE c.case_id = f.id AND c.alert_id = :alert))
    AND (CAST(:overdue_at AS timestamptz) IS NULL OR f.deadline <= CAST(:overdue_at AS timestamptz))
    ORDER BY f.id DESC LIMIT :limit"""
)
_PICTURE = text(
    f"""SELECT p.media_type, p.content FROM photograph p JOIN case_photograph c ON c.sha256 = p.sha256
    JOIN case_file f ON f.id = c.case_id WHERE c.case_id = :case AND p.sha256 = :sha256 AND {SEEN}"""
)
# An alert under a parent of one cause has the verdict of the parent.
_REVIEWED = text(
    """SELECT a.detector, a.kind, a.state,
        CASE WHEN h.review <> 'open' THEN h.review ELSE coalesce(up.review, h.review, 'open') END AS review,
        CASE WHEN h.review <> 'open' THEN h.reason ELSE up.reason END AS reason, count(*) AS n
    FROM alert a LEFT JOIN alert_handling h ON h.alert_id = a.id
    LEFT JOIN alert_cause c ON c.alert_id = a.id AND c.left_at IS NULL
    LEFT JOIN alert_handling up ON up.alert_id = c.parent_id
    WHERE a.known_at >= :since AND a.known_at < :until GROUP BY 1, 2, 3, 4, 5"""
)


class CaseEntry(Struct):
    """A case as whoever works through the queue sees it. since: in this stage; deadline: of the term that ends next."""

    id: int
    title: str
    subject: str
    stage: str
    verdict: str | None
    severity: str
    territory: str | None
    station: str | None
    enterprise: str | None
    assignee: str | None
    opened_at: datetime
    since: datetime
    clock: str | None
    deadline: datetime | None
    baseless: bool
    version: int
    alerts: list[int]
    complaints: list[int]


async def list_cases(
    connection: AsyncConnection, desk: Desk, *, stages: Sequence[str] | None, territory: str | None,
    assignee: str | None, alert: int | None, overdue_at: datetime | None, before: int, limit: int,
) -> list[CaseEntry]:  # fmt: skip
    """Cases of an agency, newest first, with id below `before`; overdue_at: those a term of which ended by then."""
    bound = desk_bound(desk) | {
        "stages": list(stages) if stages else None, "territory": territory, "assignee": assignee, "alert": alert,
        "overdue_at": overdue_at, "before": before, "limit": limit,
    }  # fmt: skip
    return [CaseEntry(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def case_photograph(connection: AsyncConnection, desk: Desk, *, case_id: int, sha256: str) -> Picture | None:
    """A photograph of a case that the desk may see; None for none."""
    bound = desk_bound(desk) | {"case": case_id, "sha256": sha256}
    row = (await connection.execute(_PICTURE, bound)).first()
    return None if row is None else Picture(row.media_type, bytes(row.content))


async def detector_precision(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[Precision]:
    """How right each detector was, by the verdicts on its alerts that became known in [since, until)."""
    rows = await connection.execute(_REVIEWED, {"since": since, "until": until})
    return precisions(
        Reviewed(
            row.detector, row.kind, AlertState(row.state), Review(row.review),
            RejectionReason(row.reason) if row.reason else None, row.n,
        )
        for row in rows
    )  # fmt: skip
