"""Parent alerts of one cause: which alerts may be gathered, which belong to a parent, which are owed a step."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

from services.storage.reading import row_values
from uskat.finding import FindingKind, Severity
from uskat.supervision.cause.finding import DETECTOR
from uskat.supervision.cause.gather import Candidate

_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('uskat:causes'))")
# What left a cause is not gathered again: people would release it every few seconds.
_CANDIDATES = text(
    """SELECT a.id, a.kind, a.severity, p.code, st.code, st.name, a.title, a.started_at, a.knowable_at, a.ended_at,
        a.settled_at, a.published AND st.published, c.parent_id
    FROM alert a JOIN station st ON st.id = a.station_id JOIN alert_handling h ON h.alert_id = a.id
    LEFT JOIN series s ON s.id = a.series_id LEFT JOIN parameter p ON p.id = s.parameter_id
    LEFT JOIN alert_cause c ON c.alert_id = a.id
    WHERE a.kind = ANY(CAST(:kinds AS text[])) AND a.state <> 'withdrawn' AND h.review IN ('open', 'confirmed')
    AND ((c.alert_id IS NULL AND h.attention <> 'closed' AND a.started_at >= :since)
        OR (c.alert_id IS NOT NULL AND c.left_at IS NULL))
    ORDER BY a.id"""
)
_STANDING = text(
    """SELECT a.id, a.key, coalesce(h.attention, 'waiting') FROM alert a LEFT JOIN alert_handling h ON h.alert_id = a.id
    WHERE a.detector = :detector AND a.id IN (SELECT parent_id FROM alert_cause WHERE left_at IS NULL)"""
)
_STATION = text("SELECT id FROM station WHERE code = :code")
_JOIN = text(
    """INSERT INTO alert_cause AS c (alert_id, parent_id, rule, rules, joined_at)
    SELECT i.id, :parent, :rule, :rules, :now FROM unnest(:ids) AS i(id)
    ON CONFLICT (alert_id) DO UPDATE SET parent_id = excluded.parent_id, suppressed_at = NULL
    WHERE c.parent_id <> excluded.parent_id AND c.left_at IS NULL"""
).bindparams(_IDS)
_LEAVE_PARENT = text(
    "UPDATE alert_cause SET left_at = :now, left_why = :why WHERE parent_id = ANY(:ids) AND left_at IS NULL"
).bindparams(_IDS)
_LEAVE_JUDGED = text(
    """UPDATE alert_cause c SET left_at = :now, left_why = 'judged' FROM alert a
    LEFT JOIN alert_handling h ON h.alert_id = a.id
    WHERE a.id = c.alert_id AND c.left_at IS NULL
    AND (a.state = 'withdrawn' OR h.review IN ('rejected', 'resolved'))"""
)
_MARK = text("UPDATE alert_cause SET suppressed_at = :now WHERE alert_id = :alert AND parent_id = :parent")
# A parent that closes leaves its children to themselves: those whose cause lasts come back, and all of them when the
# common cause was withdrawn, because then nobody has judged them.
_OWED = text(
    """SELECT c.alert_id, c.parent_id, 'suppress' FROM alert_cause c JOIN alert_handling h ON h.alert_id = c.alert_id
    JOIN alert_handling up ON up.alert_id = c.parent_id
    WHERE c.left_at IS NULL AND c.suppressed_at IS NULL AND h.attention = 'waiting' AND up.attention <> 'closed'
    UNION ALL
    SELECT c.alert_id, c.parent_id, 'release' FROM alert_cause c JOIN alert_handling h ON h.alert_id = c.alert_id
    JOIN alert a ON a.id = c.alert_id JOIN alert up ON up.id = c.parent_id
    WHERE c.left_at IS NOT NULL AND h.attention = 'suppressed' AND (a.state = 'active' OR up.state = 'withdrawn')
    ORDER BY 1 LIMIT :limit"""
)
# A merged child still names the parent that it was suppressed under first.
_HELD = text(
    """SELECT EXISTS (SELECT 1 FROM alert WHERE detector = :detector AND 'alert:' || id = (
        SELECT body->>'reference' FROM alert_step WHERE alert_id = :alert AND action = 'suppress'
        ORDER BY seq DESC LIMIT 1))"""
)


@dataclass(frozen=True, slots=True)
class StandingParent:
    """A parent with children. closed: people or a withdrawal are done with it."""

    id: int
    key: str
    closed: bool


@dataclass(frozen=True, slots=True)
class OwedStep:
    """A child that must be suppressed under its parent, or released from it."""

    alert_id: int
    parent_id: int
    suppress: bool


def parent_reference(parent_id: int) -> str:
    """How a suppressed child names its parent."""
    return f"alert:{parent_id}"


async def claim_causes(connection: AsyncConnection) -> bool:
    """True when this transaction alone gathers causes; another that does so already will see the same alerts."""
    return bool(await connection.scalar(_LOCK))


async def cause_candidates(
    connection: AsyncConnection, kinds: Collection[FindingKind], *, since: datetime
) -> list[Candidate]:
    """Alerts of these kinds that people have not done with: begun at or after `since`, or under a standing parent."""
    rows = await connection.execute(_CANDIDATES, {"kinds": sorted(kinds), "since": since})
    return [
        Candidate(row[0], FindingKind(row[1]), Severity(row[2]), *row[3:])
        for row in map(row_values, rows)
    ]  # fmt: skip


async def standing_parents(connection: AsyncConnection) -> list[StandingParent]:
    """Parents that have children."""
    rows = await connection.execute(_STANDING, {"detector": DETECTOR})
    return [StandingParent(number, key, attention == "closed") for number, key, attention in rows]


async def station_number(connection: AsyncConnection, code: str) -> int:
    """Id of a station that is there."""
    return int(await connection.scalar(_STATION, {"code": code}))


async def join_cause(
    connection: AsyncConnection, parent_id: int, children: Sequence[int], *, rule: str, rules: str, now: datetime
) -> None:
    """Put alerts under a parent; those of another standing parent move."""
    bound = {"parent": parent_id, "ids": list(children), "rule": rule, "rules": rules, "now": now}
    await connection.execute(_JOIN, bound)


async def leave_causes(connection: AsyncConnection, parents: Sequence[int], *, why: str, now: datetime) -> None:
    """Children of these parents are on their own again."""
    await connection.execute(_LEAVE_PARENT, {"ids": list(parents), "why": why, "now": now})


async def leave_when_judged(connection: AsyncConnection, *, now: datetime) -> None:
    """Children that people rejected or resolved, or that were withdrawn, count no longer."""
    await connection.execute(_LEAVE_JUDGED, {"now": now})


async def owed_steps(connection: AsyncConnection, *, limit: int) -> list[OwedStep]:
    """Children that wait although their parent stands, or are held under a parent that is gone."""
    rows = await connection.execute(_OWED, {"limit": limit})
    return [OwedStep(child, parent, word == "suppress") for child, parent, word in rows]


async def held_by_cause(connection: AsyncConnection, alert_id: int) -> bool:
    """True when the newest suppression of an alert names a parent: a visit's is not ours to end."""
    return bool(await connection.scalar(_HELD, {"alert": alert_id, "detector": DETECTOR}))


async def mark_suppressed(connection: AsyncConnection, alert_id: int, parent_id: int, *, now: datetime) -> None:
    """An alert is suppressed under a parent once; if a person takes it out, it stays out."""
    await connection.execute(_MARK, {"alert": alert_id, "parent": parent_id, "now": now})
